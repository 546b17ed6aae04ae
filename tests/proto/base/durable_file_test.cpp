// Durable files: whole or absent, right mode, clear errors; a writer killed at any moment leaves no half
// file.
#include "proto/base/durable_file.h"
#include "proto/base/random_id.h"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace loopmind::base {
namespace {

namespace fs = std::filesystem;

class DurableFile : public testing::Test {
  protected:
    fs::path folder = fs::path(testing::TempDir()) / ("durable-" + random_hex(8));
    void SetUp() override { fs::create_directories(folder); }
    void TearDown() override { fs::remove_all(folder); }
};

TEST_F(DurableFile, ReplacesContentAndLeavesNothingElse) {
    ASSERT_TRUE(write_durably(folder / "a", "first"));
    ASSERT_TRUE(write_durably(folder / "a", "second"));
    EXPECT_EQ(*read_file(folder / "a", 100), "second");
    EXPECT_EQ(std::distance(fs::directory_iterator(folder), {}), 1);
}

TEST_F(DurableFile, SetsTheModeWhateverTheUmask) {
    const auto old = ::umask(0);
    ASSERT_TRUE(write_durably(folder / "secret", "x", 0600));
    ::umask(077);
    ASSERT_TRUE(write_durably(folder / "public", "x", 0644));
    ::umask(old);
    struct stat info {};
    ASSERT_EQ(::stat((folder / "secret").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u);
    ASSERT_EQ(::stat((folder / "public").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0644u);
}

TEST_F(DurableFile, MissingFolderIsAnErrorThatNamesTheFile) {
    const auto status = write_durably(folder / "no" / "a", "x");
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::kNotFound);
    EXPECT_EQ(status.error().field, (folder / "no" / "a").string());
}

TEST_F(DurableFile, RenameMovesAndReportsAMissingSource) {
    ASSERT_TRUE(write_durably(folder / "part", "bytes"));
    fs::create_directories(folder / "done");
    ASSERT_TRUE(make_durable_as(folder / "part", folder / "done" / "blob"));
    EXPECT_FALSE(fs::exists(folder / "part"));
    EXPECT_EQ(*read_file(folder / "done" / "blob", 100), "bytes");
    EXPECT_EQ(make_durable_as(folder / "part", folder / "x").error().code, ErrorCode::kNotFound);
}

TEST_F(DurableFile, ReadRefusesMoreThanAllowed) {
    ASSERT_TRUE(write_durably(folder / "a", "12345"));
    EXPECT_TRUE(read_file(folder / "a", 5));
    EXPECT_EQ(read_file(folder / "a", 4).error().code, ErrorCode::kDataCorrupt);
}

TEST_F(DurableFile, KilledWriterLeavesAWholeFile) {
    const auto path = folder / "state";
    const auto content = [](char c) { return std::string(300000, c); };
    ASSERT_TRUE(write_durably(path, content('a')));
    for (int round = 0; round < 15; ++round) {
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            for (char c = 'a';; c = c == 'z' ? 'a' : static_cast<char>(c + 1)) {
                if (!write_durably(path, content(c))) ::_exit(1);
            }
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(3 + round));
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        const auto found = read_file(path, 1 << 20);
        ASSERT_TRUE(found) << found.error().text();
        ASSERT_EQ(*found, content((*found)[0])) << "a half-written file in round " << round;
    }
}

} // namespace
} // namespace loopmind::base
