// A blob folder against what should be in it: what is lost, damaged, not needed or foreign, and what repair
// does.
#include "coordinator/blobs/folder_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "proto/base/random_id.h"
#include "proto/base/sha256.h"
#include "proto/wire/attempt_file.h"

namespace loopmind::blobs {
namespace {

namespace fs = std::filesystem;
using Kind = CheckFinding::Kind;

class FolderCheckTest : public ::testing::Test {
  protected:
    void SetUp() override { fs::create_directories(root_ / "incoming"); }
    void TearDown() override { fs::remove_all(root_); }

    /// A blob of these bytes, old enough to be an orphan.
    std::string put(const std::string& bytes, bool wanted = true) {
        const std::string sha256 = base::sha256_hex(bytes);
        const fs::path path = wire::blob_path(root_, sha256);
        fs::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << bytes;
        fs::last_write_time(path, fs::file_time_type::clock::now() - kOrphanAge - std::chrono::hours(1));
        if (wanted) wanted_[sha256] = bytes.size();
        return sha256;
    }
    CheckReport check(CheckOptions options = {}) {
        found_.clear();
        auto opened = FolderCheck::open(root_, options, [this](const CheckFinding& finding) {
            found_.emplace_back(finding.kind, finding.name);
        });
        EXPECT_TRUE(opened.ok());
        for (const auto& [sha256, size] : wanted_)
            EXPECT_TRUE((*opened)->add(sha256, size, "an output of a job"));
        const auto report = (*opened)->finish();
        EXPECT_TRUE(report.ok());
        return *report;
    }

    const fs::path root_ = fs::temp_directory_path() / ("loopmind-check-" + base::random_hex(8));
    std::map<std::string, std::uint64_t> wanted_;
    std::vector<std::pair<Kind, std::string>> found_;
};

TEST_F(FolderCheckTest, AGoodFolderHasNoFindings) {
    for (int i = 0; i < 600; ++i) // more than one in most of the 256 folders
        put("blob " + std::to_string(i));
    std::ofstream(root_ / "incoming" / "t-1-audio.part") << "half";
    std::ofstream(root_ / "probe-0011") << "secret";
    const CheckReport report = check();
    EXPECT_THAT(found_, ::testing::IsEmpty());
    EXPECT_EQ(report.blobs, 600u);
    EXPECT_EQ(report.lost + report.damaged + report.orphans + report.strays + report.young, 0u);
}

TEST_F(FolderCheckTest, NamesWhatIsLostDamagedAndNotNeeded) {
    put("good");
    const std::string lost = base::sha256_hex("lost"), other = put("other"), cut = put("cut"),
                      orphan = put("orphan", false), young = put("young", false);
    wanted_[lost] = 4;
    std::ofstream(wire::blob_path(root_, other), std::ios::binary) << "OTHER";
    std::ofstream(wire::blob_path(root_, cut), std::ios::binary) << "cu";
    fs::last_write_time(wire::blob_path(root_, young), fs::file_time_type::clock::now());
    fs::create_directories(root_ / "aa");
    fs::create_symlink("/etc/passwd", root_ / "aa" / std::string(64, 'a'));
    std::ofstream(root_ / "notes.txt") << "mine";

    const CheckReport report = check();
    EXPECT_THAT(found_, ::testing::UnorderedElementsAre(
                            std::pair(Kind::kLost, lost), std::pair(Kind::kDamaged, other),
                            std::pair(Kind::kDamaged, cut), std::pair(Kind::kOrphan, orphan),
                            std::pair(Kind::kStray, "aa/" + std::string(64, 'a')),
                            std::pair(Kind::kStray, "notes.txt")));
    EXPECT_EQ(report.young, 1u);
    EXPECT_EQ(report.orphan_bytes, 6u);
    EXPECT_TRUE(fs::exists(wire::blob_path(root_, orphan))) << "looking changes nothing";

    EXPECT_EQ(check({.read_all = false}).damaged, 1u) << "only the one whose size differs";
}

TEST_F(FolderCheckTest, RepairRemovesOrphansAndSetsDamagedBlobsAside) {
    const std::string good = put("good"), bad = put("bad"), orphan = put("orphan", false),
                      young = put("young", false);
    std::ofstream(wire::blob_path(root_, bad), std::ios::binary) << "BAD";
    fs::last_write_time(wire::blob_path(root_, young), fs::file_time_type::clock::now());
    check({.read_all = true, .repair = true});
    EXPECT_TRUE(fs::exists(wire::blob_path(root_, good)));
    EXPECT_TRUE(fs::exists(wire::blob_path(root_, young)));
    EXPECT_FALSE(fs::exists(wire::blob_path(root_, orphan)));
    EXPECT_FALSE(fs::exists(wire::blob_path(root_, bad)));
    EXPECT_TRUE(fs::exists(root_ / "damaged" / bad));
    wanted_.erase(bad);
    check();
    EXPECT_THAT(found_, ::testing::IsEmpty()) << "a second look finds order";
}

TEST_F(FolderCheckTest, AFolderThatIsNotThereIsAnError) {
    const auto opened = FolderCheck::open(root_ / "nowhere", {}, [](const CheckFinding&) {});
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code, ErrorCode::kNotFound);
}

} // namespace
} // namespace loopmind::blobs
