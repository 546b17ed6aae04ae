// Remembered digests follow the file.
#include "proto/base/durable_file.h"
#include "proto/base/random_id.h"
#include "proto/base/sha256.h"
#include "worker/tasks/file_digest.h"

#include <gtest/gtest.h>

namespace loopmind::tasks {
namespace {

TEST(FileDigest, IsRememberedAndNoticesAChange) {
    const auto folder = std::filesystem::path(testing::TempDir()) / ("digest-" + base::random_hex(8));
    std::filesystem::create_directories(folder);
    const auto file = folder / "font.sf2", memory = folder / "memory.json";
    ASSERT_TRUE(base::write_durably(file, "one"));
    EXPECT_EQ(*remembered_sha256(file, memory), base::sha256_hex("one"));
    // Proof that the second answer comes from memory: a memory that says otherwise is believed for the same
    // file.
    auto text = *base::read_file(memory, 10000);
    const auto at = text.find(base::sha256_hex("one"));
    ASSERT_NE(at, std::string::npos);
    text.replace(at, 64, base::sha256_hex("other"));
    ASSERT_TRUE(base::write_durably(memory, text));
    EXPECT_EQ(*remembered_sha256(file, memory), base::sha256_hex("other"));
    ASSERT_TRUE(base::write_durably(file, "two!"));
    EXPECT_EQ(*remembered_sha256(file, memory), base::sha256_hex("two!"));
    ASSERT_TRUE(base::write_durably(memory, "garbage"));
    EXPECT_EQ(*remembered_sha256(file, memory), base::sha256_hex("two!"));
    EXPECT_EQ(remembered_sha256(folder / "no", memory).error().code, ErrorCode::kNotFound);
    std::filesystem::remove_all(folder);
}

} // namespace
} // namespace loopmind::tasks
