// Output streams: announced or sent in order, within the window, and again after a reconnect.
#include "proto/base/durable_file.h"
#include "proto/base/random_id.h"
#include "worker/service/uploads.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace loopmind::worker {
namespace {

namespace fs = std::filesystem;

class UploadsTest : public testing::Test {
  protected:
    fs::path folder = fs::path(testing::TempDir()) / ("uploads-" + base::random_hex(8));
    const Attempt attempt{"t", 7};
    const std::string content = [] {
        std::string text(10'000'000, 0);
        for (std::size_t i = 0; i < text.size(); ++i)
            text[i] = static_cast<char>(i * 31 >> 3);
        return text;
    }();
    Uploads uploads;
    std::string received;
    std::vector<std::uint64_t> announced;

    void SetUp() override {
        fs::create_directories(folder);
        ASSERT_TRUE(base::write_durably(folder / "audio", content));
        connect();
    }
    void TearDown() override { fs::remove_all(folder); }
    void connect() {
        uploads.connected([this](const v1::WorkerMessage& message, std::span<const std::byte> bytes) {
            if (message.has_output_grew()) announced.push_back(message.output_grew().bytes());
            if (message.has_output_chunk()) {
                EXPECT_EQ(message.output_chunk().offset(), received.size());
                received.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
            }
            return Status();
        });
    }
    OutputGrowth growth(std::uint64_t bytes, bool direct) const {
        return {"audio", folder / "audio", direct, bytes, content.size()};
    }
};

TEST_F(UploadsTest, SendAtMostAWindowAhead) {
    uploads.grew(attempt, growth(content.size(), false));
    uploads.pump();
    EXPECT_EQ(received.size(), wire::kCreditWindow);
    EXPECT_FALSE(uploads.all_sent(attempt));
    uploads.taken(attempt, "audio", 1'000'000);
    uploads.pump();
    EXPECT_EQ(received.size(), wire::kCreditWindow + 1'000'000);
    while (!uploads.all_sent(attempt)) {
        uploads.taken(attempt, "audio", received.size());
        uploads.pump();
    }
    EXPECT_TRUE(received == content);
}

TEST_F(UploadsTest, SendWhatIsThereWhileItGrows) {
    uploads.grew(attempt, growth(5000, false));
    uploads.pump();
    EXPECT_EQ(received.size(), 5000u);
    uploads.grew(attempt, growth(9000, false));
    uploads.pump();
    EXPECT_EQ(received.size(), 9000u);
}

TEST_F(UploadsTest, StartAgainOnANewConnectionAndSkipWhatIsThere) {
    uploads.grew(attempt, growth(2'000'000, false));
    uploads.pump();
    uploads.disconnected();
    uploads.grew(attempt, growth(content.size(), false));
    uploads.pump();
    EXPECT_EQ(received.size(), 2'000'000u) << "nothing leaves while disconnected";
    received.clear();
    connect();
    uploads.pump();
    EXPECT_EQ(received.size(), wire::kCreditWindow);
    uploads.taken(attempt, "audio", 9'000'000); // the coordinator has it from before
    received.resize(9'000'000);
    uploads.pump();
    EXPECT_TRUE(uploads.all_sent(attempt));
    EXPECT_EQ(received.size(), content.size());
}

TEST_F(UploadsTest, DirectOutputsAreOnlyAnnounced) {
    uploads.grew(attempt, growth(8192, true));
    uploads.grew(attempt, growth(content.size(), true));
    uploads.pump();
    EXPECT_TRUE(received.empty());
    EXPECT_EQ(announced, (std::vector<std::uint64_t>{8192, content.size()}));
    EXPECT_TRUE(uploads.all_sent(attempt));
    uploads.disconnected();
    connect();
    EXPECT_EQ(announced.size(), 3u) << "told again to a new connection";
    uploads.forget(attempt);
    connect();
    EXPECT_EQ(announced.size(), 3u);
}

} // namespace
} // namespace loopmind::worker
