// SHA-256 against published vectors, and random ids.
#include "proto/base/durable_file.h"
#include "proto/base/random_id.h"
#include "proto/base/sha256.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>

namespace loopmind::base {
namespace {

// FIPS 180-4 example values.
constexpr auto kEmpty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr auto kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Sha256, MatchesPublishedVectors) {
    EXPECT_EQ(sha256_hex(""), kEmpty);
    EXPECT_EQ(sha256_hex("abc"), kAbc);
}

TEST(Sha256, PiecesHashLikeTheWholeAndDigestStartsAfresh) {
    Sha256 hash;
    hash.update(std::string_view("a"));
    hash.update(std::as_bytes(std::span("bc", 2)));
    EXPECT_EQ(hash.hex_digest(), kAbc);
    EXPECT_EQ(hash.hex_digest(), kEmpty);
}

TEST(Sha256, FileDigestHasSizeAndMissingFileIsNamed) {
    const auto path = std::filesystem::path(testing::TempDir()) / ("sha-" + random_hex(8));
    ASSERT_TRUE(write_durably(path, "abc"));
    const auto digest = sha256_file(path);
    ASSERT_TRUE(digest);
    EXPECT_EQ(digest->sha256, kAbc);
    EXPECT_EQ(digest->size, 3u);
    std::filesystem::remove(path);
    const auto missing = sha256_file(path);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
    EXPECT_EQ(missing.error().field, path.string());
}

TEST(Sha256, NamesFromOutsideAreChecked) {
    EXPECT_TRUE(is_sha256_hex(kAbc));
    EXPECT_FALSE(is_sha256_hex(std::string(64, 'G')));
    EXPECT_FALSE(is_sha256_hex("../../etc/passwd"));
    EXPECT_FALSE(is_sha256_hex(std::string(kAbc) + "0"));
    EXPECT_FALSE(is_sha256_hex("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"));
}

TEST(RandomId, HasTheAskedLengthAndDoesNotRepeat) {
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
        const auto id = random_hex(16);
        EXPECT_EQ(id.size(), 32u);
        EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos);
        seen.insert(id);
    }
    EXPECT_EQ(seen.size(), 1000u);
}

} // namespace
} // namespace loopmind::base
