// The blob folder: nothing unverified gets a hash name, nothing leaves the folder, nothing is half there.
#include "coordinator/blobs/folder_blobs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <set>

#include "coordinator/blobs/blob_threads.h"
#include "proto/base/random_id.h"
#include "proto/base/sha256.h"
#include "proto/wire/attempt_file.h"

namespace loopmind::blobs {
namespace {

namespace fs = std::filesystem;

std::span<const std::byte> bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

class FolderBlobsTest : public ::testing::Test {
  protected:
    void SetUp() override {
        root_ = fs::temp_directory_path() / ("loopmind-blobs-" + base::random_hex(8));
        auto opened = open_folder_blobs(root_);
        ASSERT_TRUE(opened.ok()) << opened.error().text();
        blobs_ = std::move(*opened);
    }
    void TearDown() override { fs::remove_all(root_); }

    fs::path file(const AttemptOutput& output) {
        return wire::attempt_file_path(root_, output.task_id, output.epoch, output.role);
    }
    std::size_t incoming() {
        return static_cast<std::size_t>(
            std::distance(fs::directory_iterator(root_ / "incoming"), fs::directory_iterator()));
    }
    std::string content(const std::string& sha256) {
        auto reader = blobs_->open(sha256);
        if (!reader.ok()) return "(" + reader.error().text() + ")";
        std::string text((*reader)->size(), '\0');
        const auto got = (*reader)->read_at(0, {reinterpret_cast<std::byte*>(text.data()), text.size()});
        return got.ok() && *got == text.size() ? text : "(short)";
    }

    fs::path root_;
    std::unique_ptr<BlobStore> blobs_;
    const AttemptOutput output_{"job.1", 42, "audio"};
    const std::string text_ = "RIFF some audio";
    const std::string hash_ = base::sha256_hex(text_);
};

TEST_F(FolderBlobsTest, AnAttemptIsWrittenGrowsAndIsAdopted) {
    EXPECT_EQ(*blobs_->write_attempt(output_, 0, bytes_of("RIFF ")), 5u);
    auto live = blobs_->open_attempt(output_);
    ASSERT_TRUE(live.ok());
    EXPECT_EQ((*live)->size(), 5u);
    EXPECT_EQ(*blobs_->write_attempt(output_, 5, bytes_of("some audio")), text_.size());
    EXPECT_EQ((*live)->size(), text_.size());
    EXPECT_FALSE(blobs_->size(hash_).has_value());
    EXPECT_EQ(*blobs_->adopt(output_, hash_, text_.size()), AdoptVerdict::kAdopted);
    EXPECT_EQ(blobs_->size(hash_), text_.size());
    EXPECT_EQ(content(hash_), text_);
    EXPECT_FALSE(fs::exists(file(output_)));
    EXPECT_EQ(blobs_->sweep([](std::uint64_t) { return false; }), 1u) << "the note of what was adopted";
    EXPECT_EQ(incoming(), 0u);
    std::string tail(4, '\0');
    EXPECT_EQ(*(*live)->read_at(11, {reinterpret_cast<std::byte*>(tail.data()), 4}), 4u)
        << "a live reader goes on";
    EXPECT_EQ(tail, "udio");
    struct stat info {};
    ASSERT_EQ(::stat(wire::blob_path(root_, hash_).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0400u);
}

TEST_F(FolderBlobsTest, RepeatsAreSkippedAndGapsRefused) {
    ASSERT_TRUE(blobs_->write_attempt(output_, 0, bytes_of("RIFF ")).ok());
    EXPECT_EQ(*blobs_->write_attempt(output_, 0, bytes_of("RIFF ")), 5u);
    EXPECT_EQ(*blobs_->write_attempt(output_, 3, bytes_of("F some")), 9u);
    const auto gap = blobs_->write_attempt(output_, 20, bytes_of("x"));
    ASSERT_FALSE(gap.ok());
    EXPECT_EQ(gap.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(*blobs_->write_attempt(output_, 9, bytes_of(" audio")), text_.size());
    EXPECT_EQ(*blobs_->adopt(output_, hash_, text_.size()), AdoptVerdict::kAdopted);
}

TEST_F(FolderBlobsTest, BytesThatDoNotMatchAreThrownAway) {
    ASSERT_TRUE(blobs_->write_attempt(output_, 0, bytes_of("RIFF other")).ok());
    EXPECT_EQ(*blobs_->adopt(output_, hash_, text_.size()), AdoptVerdict::kMismatch);
    EXPECT_FALSE(blobs_->size(hash_).has_value());
    EXPECT_EQ(incoming(), 0u);
    EXPECT_EQ(*blobs_->adopt(output_, hash_, text_.size()), AdoptVerdict::kMissing);
}

TEST_F(FolderBlobsTest, ARightHashWithAWrongSizeIsRefused) {
    ASSERT_TRUE(blobs_->write_attempt(output_, 0, bytes_of(text_)).ok());
    EXPECT_EQ(*blobs_->adopt(output_, hash_, text_.size() + 1), AdoptVerdict::kMismatch);
}

TEST_F(FolderBlobsTest, ABlobThatIsThereAlreadyIsAdoptedAgain) {
    ASSERT_TRUE(blobs_->write_attempt(output_, 0, bytes_of(text_)).ok());
    ASSERT_EQ(*blobs_->adopt(output_, hash_, text_.size()), AdoptVerdict::kAdopted);
    EXPECT_EQ(*blobs_->adopt(output_, hash_, text_.size()), AdoptVerdict::kAdopted) << "a repeated report";
    const AttemptOutput other{"job.2", 43, "audio"};
    ASSERT_TRUE(blobs_->write_attempt(other, 0, bytes_of(text_)).ok());
    EXPECT_EQ(*blobs_->adopt(other, hash_, text_.size()), AdoptVerdict::kAdopted);
    EXPECT_FALSE(fs::exists(file(other)));
    auto reopened = open_folder_blobs(root_); // the coordinator was killed before its commit
    EXPECT_EQ(*(*reopened)->adopt(other, hash_, text_.size()), AdoptVerdict::kAdopted);
}

// A worker that knows the hash of another tenant's blob must not get it as the output of its own task.
TEST_F(FolderBlobsTest, ABlobIsNobodysOutputByItsNameAlone) {
    ASSERT_TRUE(blobs_->write_attempt(output_, 0, bytes_of(text_)).ok());
    ASSERT_EQ(*blobs_->adopt(output_, hash_, text_.size()), AdoptVerdict::kAdopted);
    for (const AttemptOutput& thief :
         {AttemptOutput{"job.2", 43, "audio"}, AttemptOutput{"job.1", 43, "audio"},
          AttemptOutput{"job.1", 42, "midi"}})
        EXPECT_EQ(*blobs_->adopt(thief, hash_, text_.size()), AdoptVerdict::kMissing);
    // Nor does anything that it can send as bytes pass for the note of an adoption.
    const AttemptOutput forged{"job.2", 43, "audio.adopted"};
    ASSERT_TRUE(blobs_->write_attempt(forged, 0, bytes_of(hash_)).ok());
    EXPECT_EQ(*blobs_->adopt({"job.2", 43, "audio"}, hash_, text_.size()), AdoptVerdict::kMissing);
}

TEST_F(FolderBlobsTest, ALinkPutInPlaceOfAnAttemptIsNotFollowed) {
    const fs::path secret = root_ / "secret";
    std::ofstream(secret) << text_;
    fs::create_symlink(secret, file(output_));
    EXPECT_EQ(*blobs_->adopt(output_, hash_, text_.size()), AdoptVerdict::kMissing);
    EXPECT_FALSE(blobs_->open_attempt(output_).ok());
    EXPECT_FALSE(blobs_->write_attempt(output_, 0, bytes_of("x")).ok());
    std::string still;
    std::getline(std::ifstream(secret), still);
    EXPECT_EQ(still, text_);
}

TEST_F(FolderBlobsTest, APipePutInPlaceOfAnAttemptDoesNotMakeUsWait) {
    ASSERT_EQ(::mkfifo(file(output_).c_str(), 0600), 0);
    EXPECT_EQ(*blobs_->adopt(output_, hash_, text_.size()), AdoptVerdict::kMissing);
}

TEST_F(FolderBlobsTest, NamesFromOutsideStayInTheFolder) {
    const AttemptOutput wicked{"../../etc", 1, "../passwd"};
    ASSERT_TRUE(blobs_->write_attempt(wicked, 0, bytes_of("x")).ok());
    EXPECT_EQ(incoming(), 1u);
    for (const std::string name : {"", "..", "../../etc/passwd", "ABCDEF"}) {
        EXPECT_FALSE(blobs_->size(name).has_value());
        EXPECT_FALSE(blobs_->open(name).ok());
        EXPECT_EQ(*blobs_->adopt(output_, name, 1), AdoptVerdict::kMismatch);
        EXPECT_FALSE(blobs_->begin_upload(name, 1).ok());
    }
}

TEST_F(FolderBlobsTest, AnUploadIsWholeOrAbsent) {
    {
        auto upload = blobs_->begin_upload(hash_, text_.size());
        ASSERT_TRUE(upload.ok());
        ASSERT_TRUE((*upload)->write(0, bytes_of("RIFF ")).ok());
        EXPECT_EQ((*upload)->write(9, bytes_of("x")).error().code, ErrorCode::kInvalidArgument);
    }
    EXPECT_EQ(incoming(), 0u) << "an upload that broke off leaves nothing";
    auto upload = blobs_->begin_upload(hash_, text_.size());
    ASSERT_TRUE((*upload)->write(0, bytes_of(text_)).ok());
    EXPECT_FALSE((*upload)->write(text_.size(), bytes_of("more")).ok());
    ASSERT_TRUE((*upload)->finish().ok());
    upload = Error{};
    EXPECT_EQ(content(hash_), text_);
    auto wrong = blobs_->begin_upload(hash_, text_.size());
    ASSERT_TRUE((*wrong)->write(0, bytes_of("RIFF same size!")).ok());
    EXPECT_EQ((*wrong)->finish().error().code, ErrorCode::kDataCorrupt);
}

TEST_F(FolderBlobsTest, SweepRemovesOnlyWhatIsNotLive) {
    const std::string job(32, 'a');
    ASSERT_TRUE(blobs_->write_attempt({job + ".0", 10, "plan"}, 0, bytes_of("x")).ok());
    ASSERT_TRUE(blobs_->write_attempt({job + ".1", 11, "audio"}, 0, bytes_of("x")).ok());
    std::ofstream(root_ / "incoming" / "put-1234.part") << "x";
    std::ofstream(root_ / "incoming" / "stray") << "x";
    std::set<std::uint64_t> asked;
    EXPECT_EQ(blobs_->sweep([&asked](std::uint64_t epoch) {
        asked.insert(epoch);
        return epoch == 11;
    }),
              3u);
    EXPECT_EQ(asked, (std::set<std::uint64_t>{0, 10, 11}));
    EXPECT_TRUE(fs::exists(file({job + ".1", 11, "audio"})));
}

TEST_F(FolderBlobsTest, ManyAttemptsAtOnceNeedFewDescriptors) {
    for (int round = 0; round < 2; ++round)
        for (std::uint64_t i = 1; i <= 400; ++i)
            ASSERT_TRUE(blobs_
                            ->write_attempt({"job." + std::to_string(i), i, "audio"},
                                            static_cast<std::uint64_t>(round), bytes_of("x"))
                            .ok());
    const auto open = std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
    EXPECT_LT(open, 200);
}

TEST_F(FolderBlobsTest, AFullDiskIsAShortage) {
    const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
    rlimit old_limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old_limit), 0);
    rlimit limit = old_limit;
    limit.rlim_cur = 1024;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
    const auto refused = blobs_->write_attempt(output_, 0, bytes_of(std::string(4096, 'x')));
    ::setrlimit(RLIMIT_FSIZE, &old_limit);
    std::signal(SIGXFSZ, old_handler);
    ASSERT_FALSE(refused.ok());
    const auto end = (*blobs_->open_attempt(output_))->size();
    EXPECT_EQ(*blobs_->write_attempt(output_, end, bytes_of("x")), end + 1) << "goes on where it was";
}

TEST_F(FolderBlobsTest, AFolderThatCannotBeMadeIsTold) {
    std::ofstream(root_ / "file") << "x";
    const auto opened = open_folder_blobs(root_ / "file" / "blobs");
    ASSERT_FALSE(opened.ok());
    EXPECT_THAT(opened.error().field, ::testing::HasSubstr("file"));
}

TEST(BlobThreads, EverythingAskedIsDoneBeforeTheEnd) {
    std::atomic<int> done{0};
    {
        BlobThreads threads(2);
        for (int i = 0; i < 100; ++i)
            threads.run([&done] { ++done; });
    }
    EXPECT_EQ(done, 100);
}

} // namespace
} // namespace loopmind::blobs
