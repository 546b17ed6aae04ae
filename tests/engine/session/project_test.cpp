// Project files: adding generations, linking, one portable file, and what paths may do.
#include "engine/session/project.h"

#include "engine/session/session.h"
#include "proto/base/durable_file.h"
#include "proto/base/random_id.h"
#include "proto/base/sha256.h"
#include "tests/engine/session/recipe_example.h"

#include <gtest/gtest.h>

#include <fstream>

namespace loopmind::session {
namespace {

class ProjectTest : public testing::Test {
  protected:
    void SetUp() override {
        folder_ = std::filesystem::temp_directory_path() / ("loopmind-project-" + base::random_hex(6));
        std::filesystem::create_directories(folder_ / "stems");
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    /// The example with real files in the folder.
    SessionRecipe with_files() {
        SessionRecipe recipe = example_recipe();
        for (StemTrack& stem : recipe.stems) {
            std::string bytes = "audio of " + stem.id;
            bytes += '\0';
            bytes += "\xff\x01";
            EXPECT_TRUE(base::write_durably(folder_ / "stems" / (stem.id + ".wav"), bytes).ok());
            stem.audio.file = "stems/" + stem.id + ".wav";
            stem.audio.sha256 = base::sha256_hex(bytes);
            stem.audio.size = static_cast<std::int64_t>(bytes.size());
            stem.midi = {};
        }
        return recipe;
    }

    std::filesystem::path folder_;
};

TEST_F(ProjectTest, SavesAndLoads) {
    Project project;
    ASSERT_TRUE(project.add_generation(with_files(), Placement::kAppend).ok());
    ASSERT_TRUE(project.save(folder_ / "song.loopmind").ok());
    const auto again = Project::load(folder_ / "song.loopmind");
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(again->to_json(), project.to_json());
    const ProjectInfo info = again->info();
    EXPECT_EQ(info.tempo, 82);
    EXPECT_EQ(info.key, "A minor");
    EXPECT_EQ(info.bars, 8);
    EXPECT_EQ(info.fx.at("reverb"), 0.5);
    ASSERT_EQ(info.layers.size(), 1u);
    EXPECT_EQ(info.layers[0].prompt, "Dreamy lofi");
    EXPECT_EQ(info.layers[0].stems, 3);
    EXPECT_EQ(info.media.size(), 3u);
    EXPECT_NEAR(info.seconds, 8 * 4 * 60.0 / 82, 1e-9);
}

TEST_F(ProjectTest, ErrorsNameTheFile) {
    const auto missing = Project::load(folder_ / "none.loopmind");
    ASSERT_FALSE(missing.ok());
    EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
    ASSERT_TRUE(base::write_durably(folder_ / "bad.loopmind", "{\n\"tempo\": ,}").ok());
    const auto bad = Project::load(folder_ / "bad.loopmind");
    ASSERT_FALSE(bad.ok());
    EXPECT_NE(bad.error().field.find("bad.loopmind: line 2, column 10"), std::string::npos)
        << bad.error().field;
}

TEST_F(ProjectTest, AppendsReplacesAndShelves) {
    Project project;
    ASSERT_TRUE(project.add_generation(with_files(), Placement::kAppend).ok());
    SessionRecipe second = with_files();
    second.bars = 4;
    second.sections = {};
    second.stems.pop_back();
    second.stems[0].audio.sha256 = std::string(64, 'c');
    second.stems[0].audio.file = "stems/second.wav";
    ASSERT_TRUE(project.add_generation(second, Placement::kAppend).ok());
    auto session = Session::from_json(project.to_json());
    ASSERT_TRUE(session.ok());
    EXPECT_EQ(session->bars(), 12);
    ASSERT_EQ(session->track("drums")->clips().size(), 2u);
    EXPECT_EQ(session->track("drums")->clips()[1].start(), 32);
    EXPECT_EQ(session->track("drums")->clips()[1].length(), 16);
    EXPECT_EQ(session->track("melody")->clips().size(), 1u);
    EXPECT_EQ(session->layers().size(), 2u);
    EXPECT_EQ(session->media().size(), 4u); // the bass file is shared

    ASSERT_TRUE(project.add_generation(second, Placement::kReplace).ok());
    session = Session::from_json(project.to_json());
    EXPECT_EQ(session->bars(), 12);
    ASSERT_EQ(session->track("drums")->clips().size(), 1u);
    EXPECT_EQ(session->track("drums")->clips()[0].length(), 48);
    EXPECT_EQ(session->layers().size(), 3u);

    second.tempo = 140;
    const Status differs = project.add_generation(second, Placement::kAppend);
    ASSERT_FALSE(differs.ok());
    EXPECT_EQ(differs.error().field, "tempo");
    EXPECT_EQ(project.info().layers.size(), 3u);
    ASSERT_TRUE(project.add_generation(second, Placement::kShelf).ok());
    EXPECT_EQ(project.info().layers.size(), 4u);
    EXPECT_EQ(project.info().tempo, 82);
}

TEST_F(ProjectTest, KeepsWhatItDoesNotKnowWhenAGenerationIsAdded) {
    auto project = Project::from_json(R"({"version":"1.3","mine":{"n": 0.30000000000000004},"bars":4})");
    ASSERT_TRUE(project.ok());
    ASSERT_TRUE(project->add_generation(with_files(), Placement::kAppend).ok());
    EXPECT_NE(project->to_json().find("\"mine\": {\"n\": 0.30000000000000004}"), std::string::npos);
    EXPECT_EQ(project->info().bars, 8);
}

TEST_F(ProjectTest, LinksBlobsToFiles) {
    auto project = Project::from_json(*build_session_json(example_recipe()));
    ASSERT_TRUE(project.ok());
    const std::string hash = example_recipe().stems[0].audio.sha256;
    const auto changed = project->link_media(hash, "stems/drums.wav");
    ASSERT_TRUE(changed.ok());
    EXPECT_EQ(*changed, 1);
    const std::string text = project->to_json();
    EXPECT_EQ(text.find("sha256:" + hash), std::string::npos);
    EXPECT_NE(text.find("\"file\": \"stems/drums.wav\",\n      \"start\": 0"), std::string::npos) << text;
    EXPECT_EQ(*project->link_media(std::string(64, 'f'), "x.wav"), 0);
    EXPECT_FALSE(project->link_media(hash, "/etc/passwd").ok());
    project->date_layers("2026-11-23T00:00:00Z");
    EXPECT_EQ(project->info().layers[0].created_at, "2026-11-23T00:00:00Z");
}

TEST_F(ProjectTest, BecomesOnePortableFileAndBack) {
    Project project;
    ASSERT_TRUE(project.add_generation(with_files(), Placement::kAppend).ok());
    const std::string linked = project.to_json();
    ASSERT_TRUE(project.embed_media(folder_).ok());
    for (const MediaInfo& media : project.info().media)
        EXPECT_TRUE(media.embedded);
    ASSERT_TRUE(project.save(folder_ / "portable.loopmind").ok());

    const std::filesystem::path elsewhere = folder_ / "elsewhere";
    std::filesystem::create_directories(elsewhere);
    auto moved = Project::load(folder_ / "portable.loopmind");
    ASSERT_TRUE(moved.ok());
    EXPECT_EQ(*moved->media_bytes("audio-bass", elsewhere),
              *base::read_file(folder_ / "stems/bass.wav", 1000));
    ASSERT_TRUE(moved->extract_media(elsewhere).ok());
    EXPECT_EQ(moved->to_json(), linked);
    for (const char* stem : {"drums", "bass", "melody"}) {
        const std::string file = std::string("stems/") + stem + ".wav";
        EXPECT_EQ(*base::read_file(elsewhere / file, 1000), *base::read_file(folder_ / file, 1000));
    }
    auto again = Project::load(folder_ / "portable.loopmind");
    EXPECT_TRUE(again->extract_media(elsewhere, true).ok()); // equal files are there already
    EXPECT_TRUE(again->info().media[0].embedded);
    ASSERT_TRUE(base::write_durably(elsewhere / "stems/bass.wav", "other").ok());
    EXPECT_EQ(Project::load(folder_ / "portable.loopmind")->extract_media(elsewhere).error().code,
              ErrorCode::kAlreadyExists);
}

TEST_F(ProjectTest, EmbeddingIsAllOrNothing) {
    Project project;
    ASSERT_TRUE(project.add_generation(with_files(), Placement::kAppend).ok());
    const std::string before = project.to_json();
    ASSERT_TRUE(base::write_durably(folder_ / "stems/melody.wav", "changed").ok());
    const Status changed = project.embed_media(folder_);
    ASSERT_FALSE(changed.ok());
    EXPECT_EQ(changed.error().code, ErrorCode::kDataCorrupt);
    EXPECT_NE(changed.error().field.find("melody.wav"), std::string::npos);
    EXPECT_EQ(project.to_json(), before);
    std::filesystem::remove(folder_ / "stems/bass.wav");
    EXPECT_EQ(project.embed_media(folder_).error().code, ErrorCode::kNotFound);
}

TEST_F(ProjectTest, HostileMediaNeverLeaveTheFolder) {
    const std::string hash = base::sha256_hex("abc");
    for (const char* file :
         {"../escape.wav", "/tmp/escape.wav", "a/../../escape.wav", "..", "a/", "..\\\\x.wav"}) {
        auto project = Project::from_json(R"({"media":[{"id":"m","file":")" + std::string(file) +
                                          R"(","data":"YWJj","sha256":")" + hash + R"("}]})");
        ASSERT_TRUE(project.ok()) << file;
        EXPECT_FALSE(project->extract_media(folder_).ok()) << file;
    }
    auto wrong = Project::from_json(R"({"media":[{"id":"m","file":"a.wav","data":"YWJj","sha256":")" +
                                    std::string(64, '0') + R"("}]})");
    EXPECT_EQ(wrong->extract_media(folder_).error().code, ErrorCode::kDataCorrupt);
    auto garbled = Project::from_json(R"({"media":[{"id":"m","file":"a.wav","data":"%%%"}]})");
    EXPECT_EQ(garbled->extract_media(folder_).error().code, ErrorCode::kDataCorrupt);
    EXPECT_FALSE(std::filesystem::exists(folder_ / "a.wav"));
}

TEST_F(ProjectTest, RelinksOneMedium) {
    Project project;
    ASSERT_TRUE(project.add_generation(with_files(), Placement::kAppend).ok());
    ASSERT_TRUE(project.relink("audio-drums", "new/drums.wav", "").ok());
    EXPECT_EQ(project.info().media[0].file, "new/drums.wav");
    EXPECT_EQ(project.info().media[0].sha256, "");
    EXPECT_EQ(project.to_json().find("stems/drums.wav"), std::string::npos);
    EXPECT_EQ(project.relink("none", "a.wav", "").error().code, ErrorCode::kNotFound);
}

} // namespace
} // namespace loopmind::session
