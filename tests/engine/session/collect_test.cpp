// Collecting media: verified, inside the folder, nothing forgotten.
#include "engine/session/project.h"
#include "proto/base/durable_file.h"
#include "proto/base/random_id.h"
#include "proto/base/sha256.h"

#include <gtest/gtest.h>

namespace loopmind::session {
namespace {

namespace fs = std::filesystem;

class CollectTest : public testing::Test {
  protected:
    void SetUp() override {
        base_ = fs::temp_directory_path() / ("loopmind-collect-" + base::random_hex(6));
        song_ = base_ / "song";
        library_ = base_ / "library";
        fs::create_directories(song_);
        fs::create_directories(library_ / "kits");
    }
    void TearDown() override { fs::remove_all(base_); }

    std::string put(const fs::path& file, const std::string& bytes) {
        fs::create_directories(file.parent_path());
        EXPECT_TRUE(base::write_durably(file, bytes).ok());
        return base::sha256_hex(bytes);
    }
    static Project project(const std::string& media) {
        auto made = Project::from_json(R"({"media": [)" + media + R"(],
            "timeline": [{"file": "/old/kick.wav", "start": 0, "length": 4}], "tracks": []})");
        EXPECT_TRUE(made.ok()) << made.error().text();
        return std::move(*made);
    }
    static std::string medium(const std::string& id, const std::string& file, const std::string& hash = {}) {
        return R"({"id": ")" + id + R"(", "file": ")" + file + R"(", "sha256": ")" + hash +
               R"(", "mine": 1.50})";
    }
    std::string content(const std::string& file) {
        const auto bytes = base::read_file(song_ / file, 1 << 20);
        return bytes.ok() ? *bytes : "none";
    }

    fs::path base_, song_, library_;
};

TEST_F(CollectTest, BringsEverythingIntoTheFolder) {
    const std::string inside = put(song_ / "stems/bass.wav", "bass");
    const std::string kick = put(library_ / "kits/kick.wav", "kick");
    const std::string blob = put(library_ / base::sha256_hex("blob"), "blob");
    put(library_ / "snare.wav", "snare");
    Project made = project(medium("bass", "stems/bass.wav", inside) + "," +
                           medium("kick", (library_ / "kits/kick.wav").string(), kick) + "," +
                           medium("blob", "", blob) + "," + medium("snare", "../samples/snare.wav"));
    const auto report = made.collect(song_, {.roots = {library_}});
    ASSERT_TRUE(report.ok()) << report.error().text();
    EXPECT_EQ(report->present, std::vector<std::string>{"bass"});
    EXPECT_EQ(report->collected, (std::vector<std::string>{"kick", "blob", "snare"}));
    EXPECT_TRUE(report->missing.empty());
    EXPECT_EQ(report->bytes, 13u);
    EXPECT_EQ(content("media/kick.wav"), "kick");
    EXPECT_EQ(content("media/" + blob), "blob");
    EXPECT_EQ(content("media/snare.wav"), "snare");
    const ProjectInfo info = made.info();
    EXPECT_EQ(info.media[0].file, "stems/bass.wav");
    EXPECT_EQ(info.media[1].file, "media/kick.wav");
    EXPECT_EQ(info.media[3].sha256, base::sha256_hex("snare")); // learned
    EXPECT_EQ(info.media[3].size, 5);
    for (const MediaInfo& media : info.media)
        EXPECT_TRUE(made.media_bytes(media.id, song_).ok()) << media.id;
    // Twice is once.
    const std::string text = made.to_json();
    const auto again = made.collect(song_, {.roots = {library_}});
    EXPECT_EQ(again->present.size(), 4u);
    EXPECT_EQ(made.to_json(), text);
    EXPECT_EQ(std::distance(fs::directory_iterator(song_ / "media"), {}), 3);
}

TEST_F(CollectTest, MovesToAnotherFolder) {
    const std::string hash = put(song_ / "stems/bass.wav", "bass");
    Project made = project(medium("bass", "stems/bass.wav", hash));
    const fs::path elsewhere = base_ / "elsewhere";
    const auto report = made.collect(elsewhere, {.roots = {song_}});
    ASSERT_TRUE(report.ok());
    EXPECT_EQ(report->collected.size(), 1u);
    EXPECT_EQ(*base::read_file(elsewhere / "stems/bass.wav", 100), "bass");
    EXPECT_EQ(made.info().media[0].file, "stems/bass.wav");
}

TEST_F(CollectTest, WhatIsMissingIsNamedAndKept) {
    put(library_ / "changed.wav", "other bytes");
    Project made =
        project(medium("gone", "/old/kick.wav") + "," + medium("hash", "", std::string(64, 'a')) + "," +
                medium("changed", "changed.wav", base::sha256_hex("the bytes")) + "," + medium("none", ""));
    const std::string before = made.to_json();
    const auto report = made.collect(song_, {.roots = {library_}});
    ASSERT_TRUE(report.ok());
    ASSERT_EQ(report->missing.size(), 4u);
    EXPECT_EQ(report->missing[0].file, "/old/kick.wav");
    EXPECT_EQ(report->missing[0].reason, "was not found");
    EXPECT_NE(report->missing[2].reason.find("is another file"), std::string::npos);
    EXPECT_EQ(report->missing[3].reason, "names no file");
    EXPECT_EQ(made.to_json(), before);
    // Saving and opening forgets nothing either.
    ASSERT_TRUE(made.save(song_ / "song.loopmind").ok());
    EXPECT_EQ(Project::load(song_ / "song.loopmind")->to_json(), before);
}

TEST_F(CollectTest, NamesThatAreTakenGetANumber) {
    const std::string mine = put(song_ / "media/kick.wav", "mine");
    const std::string theirs = put(library_ / "kick.wav", "theirs");
    Project made = project(medium("mine", "media/kick.wav", mine) + "," +
                           medium("theirs", (library_ / "kick.wav").string(), theirs));
    ASSERT_TRUE(made.collect(song_, {.roots = {library_}}).ok());
    EXPECT_EQ(content("media/kick.wav"), "mine");
    EXPECT_EQ(content("media/kick-2.wav"), "theirs");
    EXPECT_EQ(made.info().media[1].file, "media/kick-2.wav");
}

TEST_F(CollectTest, TheTimelineFollows) {
    put(library_ / "kick.wav", "kick");
    Project made = project(medium("kick", "/old/kick.wav"));
    ASSERT_TRUE(made.collect(song_, {.roots = {library_}}).ok());
    EXPECT_EQ(made.to_json().find("/old/"), std::string::npos);
    EXPECT_NE(made.to_json().find("\"file\": \"media/kick.wav\",\n      \"start\": 0"), std::string::npos);
}

TEST_F(CollectTest, NothingOutsideTheTrustedFoldersIsRead) {
    const fs::path secret = base_ / "secret.txt";
    put(secret, "secret");
    fs::create_directory_symlink(base_, library_ / "way_out");
    fs::create_symlink(secret, song_ / "inside.wav");
    Project made = project(medium("a", secret.string()) + "," + medium("b", "../secret.txt") + "," +
                           medium("c", (library_ / "way_out/secret.txt").string()) + "," +
                           medium("d", "way_out/secret.txt") + "," + medium("e", "inside.wav"));
    const auto report = made.collect(song_, {.roots = {library_}});
    ASSERT_TRUE(report.ok());
    EXPECT_EQ(report->missing.size(), 5u);
    EXPECT_FALSE(fs::exists(song_ / "media"));
}

TEST_F(CollectTest, NothingIsWrittenOutsideTheFolder) {
    put(library_ / "kick.wav", "kick");
    fs::create_directories(base_ / "other");
    fs::create_directory_symlink(base_ / "other", song_ / "media");
    Project made = project(medium("kick", "/old/kick.wav"));
    const std::string before = made.to_json();
    const auto report = made.collect(song_, {.roots = {library_}});
    ASSERT_FALSE(report.ok());
    EXPECT_EQ(report.error().code, ErrorCode::kPermissionDenied);
    EXPECT_TRUE(fs::is_empty(base_ / "other"));
    EXPECT_EQ(made.to_json(), before);
}

TEST_F(CollectTest, LinksShareTheBytes) {
    put(library_ / "kick.wav", "kick");
    Project made = project(medium("kick", "/old/kick.wav"));
    ASSERT_TRUE(made.collect(song_, {.roots = {library_}, .hard_link = true}).ok());
    EXPECT_TRUE(fs::equivalent(song_ / "media/kick.wav", library_ / "kick.wav"));
}

} // namespace
} // namespace loopmind::session
