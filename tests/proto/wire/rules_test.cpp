// The small rules both ends share: versions, credit, names in the blob folder, probes, errors.
#include "proto/base/durable_file.h"
#include "proto/base/random_id.h"
#include "proto/wire/attempt_file.h"
#include "proto/wire/convert.h"
#include "proto/wire/limits.h"
#include "proto/wire/storage_probe.h"
#include "proto/wire/stream.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <string>
#include <vector>

namespace loopmind::wire {
namespace {

namespace fs = std::filesystem;

TEST(Version, HighestCommonOneOrNone) {
    EXPECT_EQ(common_protocol(1, 1), 1u);
    EXPECT_EQ(common_protocol(1, 9), 1u);
    EXPECT_EQ(common_protocol(2, 9), 0u);
    EXPECT_EQ(common_protocol(0, 0), 0u);
}

TEST(Credit, WindowNeverExceedsTheLimitWhateverIsGranted) {
    CreditWindow window(1000);
    EXPECT_EQ(window.next_chunk(5000), 1000u);
    window.sent(600);
    EXPECT_EQ(window.available(), 400u);
    window.grant(std::numeric_limits<std::uint64_t>::max());
    window.grant(std::numeric_limits<std::uint64_t>::max());
    EXPECT_EQ(window.available(), kCreditWindow);
    EXPECT_EQ(window.next_chunk(std::numeric_limits<std::uint64_t>::max()), kChunkBytes);
    window.sent(kCreditWindow + 1);
    EXPECT_EQ(window.available(), 0u);
}

TEST(Credit, AStreamOfAnyLengthNeverStalls) {
    CreditWindow sender(kCreditWindow);
    std::uint64_t left = 50'000'001;
    while (left > 0) {
        const auto chunk = sender.next_chunk(left);
        ASSERT_GT(chunk, 0u) << "stalled with " << left << " bytes left";
        sender.sent(chunk);
        left -= chunk;
        sender.grant(chunk);
    }
}

TEST(Credit, TakenWindowKeepsAtMostAWindowAhead) {
    constexpr std::uint64_t kSize = 3 * kCreditWindow;
    TakenWindow window;
    EXPECT_EQ(window.available(), kCreditWindow);
    window.add_sent(kCreditWindow);
    EXPECT_EQ(window.next_chunk(1), 0u);
    window.taken(100, kSize);
    window.taken(50, kSize);
    EXPECT_EQ(window.available(), 100u);
}

TEST(Credit, TakenWindowGoesOnBehindWhatTheReceiverHasAlready) {
    constexpr std::uint64_t kSize = 3 * kCreditWindow;
    TakenWindow window;
    window.add_sent(10);
    window.taken(2 * kCreditWindow, kSize);
    EXPECT_EQ(window.sent(), 2 * kCreditWindow);
    EXPECT_EQ(window.available(), kCreditWindow);
    window.taken(std::numeric_limits<std::uint64_t>::max(), kSize);
    EXPECT_EQ(window.sent(), kSize);
}

TEST(AttemptFile, NamesAreReadableSafeAndDistinct) {
    EXPECT_EQ(attempt_file_name("0af.3", (2ull << 32) | 7, "audio"), "0af.3-8589934599-audio.part");
    EXPECT_EQ(attempt_file_name("t", 1, "audio:drums"), "t-1-audio%3Adrums.part");
    EXPECT_EQ(attempt_file_name("../x", 1, "a/b"), "%2E.%2Fx-1-a%2Fb.part");
    EXPECT_NE(attempt_file_name("t", 1, "a%3Ab"), attempt_file_name("t", 1, "a:b"));
    const auto lengthy = attempt_file_name(std::string(5000, 'x'), 1, "audio");
    EXPECT_LE(lengthy.size(), 200u);
    EXPECT_NE(lengthy, attempt_file_name(std::string(5000, 'x'), 2, "audio"));
}

TEST(AttemptFile, NeverLeavesItsFolder) {
    for (const std::string& bad :
         std::vector<std::string>{"..", ".", "", "/", "a/../../b", std::string("\0x", 2), "\n"}) {
        const auto path = attempt_file_path("/blobs", bad, 1, bad);
        EXPECT_EQ(path.lexically_normal().parent_path(), fs::path("/blobs/incoming")) << bad;
    }
}

TEST(BlobPath, UsesTheFirstTwoDigitsAsFolder) {
    const std::string hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    EXPECT_EQ(blob_path("/b", hash), fs::path("/b/ba") / hash);
}

class Probe : public testing::Test {
  protected:
    fs::path root = fs::path(testing::TempDir()) / ("probe-" + base::random_hex(8));
    void SetUp() override { fs::create_directories(root); }
    void TearDown() override { fs::remove_all(root); }
};

TEST_F(Probe, ProvesReachAndWritability) {
    const auto location = publish_probe(root);
    ASSERT_TRUE(location) << location.error().text();
    auto reached = reach_storage(*location);
    ASSERT_TRUE(reached);
    EXPECT_EQ(reached->root, fs::canonical(root));
    EXPECT_FALSE(reached->writable) << "there is no incoming folder yet";
    fs::create_directories(root / "incoming");
    EXPECT_TRUE(reach_storage(*location)->writable);
}

TEST_F(Probe, AnotherSecretAnOldProbeOrAStrangeNameDoNotCount) {
    const auto old = publish_probe(root);
    const auto location = publish_probe(root);
    ASSERT_TRUE(old && location);
    EXPECT_FALSE(reach_storage(*old));
    auto wrong = *location;
    wrong.set_probe_secret(std::string(64, '0'));
    EXPECT_FALSE(reach_storage(wrong));
    wrong = *location;
    wrong.set_probe_name("../" + location->probe_name());
    EXPECT_FALSE(reach_storage(wrong));
    wrong = *location;
    wrong.set_root("relative");
    EXPECT_FALSE(reach_storage(wrong));
    EXPECT_FALSE(reach_storage(v1::StorageLocation()));
}

TEST_F(Probe, MissingFolderIsAClearError) {
    const auto location = publish_probe(root / "no");
    ASSERT_FALSE(location);
    EXPECT_EQ(location.error().code, ErrorCode::kNotFound);
}

TEST(Convert, EveryCodeSurvivesTheWire) {
    for (int code = 1; code <= 11; ++code) {
        const Error error{static_cast<ErrorCode>(code), "tempo", "is too fast", "use 40 to 240"};
        const auto back = from_proto(to_proto(error));
        EXPECT_EQ(back.code, error.code);
        EXPECT_EQ(back.text(), error.text());
    }
    v1::Error strange;
    strange.set_code(static_cast<v1::ErrorCode>(99));
    EXPECT_EQ(from_proto(strange).code, ErrorCode::kInternal);
}

} // namespace
} // namespace loopmind::wire
