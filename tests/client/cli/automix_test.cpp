// `loopmind automix` on projects with real files: what it writes, what it says, what it refuses.
#include "client/cli/commands.h"
#include "engine/files/audio_writer.h"
#include "tests/client/temporary_folder.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <numbers>

namespace loopmind::cli {
namespace {

namespace fs = std::filesystem;

struct Said {
    int exit_code;
    std::string out, err;
};

class AutomixProgram : public ::testing::Test {
  protected:
    AutomixProgram() {
        write_tone("bass", 60, 0.3);
        write_tone("lead", 700, 0.02);
        testing::write_text(project_,
                            R"({"format":"loopmind","version":"1.1","units":"beats","name":"Two","tempo":120,
            "bars":2,"sample_rate":24000,"future":{"kept":[1,2]},"tracks":[
            {"id":"bass","name":"Bass","type":"audio","role":"bass","clips":[{"id":"c","pattern":"b","start":0,"length":8}]},
            {"id":"lead","name":"Lead","type":"audio","role":"melody","clips":[{"id":"c","pattern":"l","start":0,"length":8}]}],
            "patterns":[{"id":"b","audio":"mb","length":8},{"id":"l","audio":"ml","length":8}],
            "media":[{"id":"mb","kind":"audio","file":"bass.wav"},{"id":"ml","kind":"audio","file":"lead.wav"}]})");
    }

    void write_tone(const std::string& name, double hertz, double level) {
        std::vector<float> samples(24000 * 4);
        for (std::size_t i = 0; i < samples.size(); ++i)
            samples[i] = static_cast<float>(
                level * std::sin(2 * std::numbers::pi * hertz * static_cast<double>(i) / 24000));
        const std::span<const float> plane(samples);
        const std::vector<std::span<const float>> planes{plane, plane};
        files::WriterSettings settings;
        settings.sample_rate = 24000;
        settings.channels = 2;
        ASSERT_TRUE(files::write_audio(folder_.path() / (name + ".wav"), planes, settings));
    }

    Said run(std::vector<std::string> words) {
        words.insert(words.begin(), {"loopmind", "--home", (folder_.path() / "home").string(), "automix"});
        std::vector<const char*> argv;
        for (const std::string& word : words)
            argv.push_back(word.c_str());
        std::FILE* out = std::fopen((folder_.path() / "out").c_str(), "w");
        std::FILE* err = std::fopen((folder_.path() / "err").c_str(), "w");
        Said said;
        said.exit_code = run_program(static_cast<int>(argv.size()), argv.data(), out, err);
        std::fclose(out);
        std::fclose(err);
        said.out = testing::read_text(folder_.path() / "out");
        said.err = testing::read_text(folder_.path() / "err");
        return said;
    }

    double fader(const fs::path& file, std::size_t track) {
        return nlohmann::json::parse(testing::read_text(file))["tracks"][track].value("gain_db", 0.0);
    }

    testing::TemporaryFolder folder_;
    const fs::path project_ = folder_.path() / "two.loopmind";
};

TEST_F(AutomixProgram, ADryRunTellsAndWritesNothing) {
    const std::string before = testing::read_text(project_);
    const Said said = run({project_.string(), "--dry-run", "--genre", "House"});
    EXPECT_EQ(said.exit_code, 0) << said.err;
    EXPECT_NE(said.out.find("genre     House"), std::string::npos) << said.out;
    EXPECT_NE(said.out.find("Bass: -"), std::string::npos) << said.out;
    EXPECT_NE(said.out.find("House wants its "), std::string::npos) << said.out;
    EXPECT_NE(said.out.find("nothing was written"), std::string::npos) << said.out;
    EXPECT_EQ(testing::read_text(project_), before);
    EXPECT_FALSE(fs::exists(project_.string() + ".before-automix"));
}

TEST_F(AutomixProgram, AppliesKeepsABackupAndIsDone) {
    const std::string before = testing::read_text(project_);
    const Said said = run({project_.string()});
    EXPECT_EQ(said.exit_code, 0) << said.err;
    EXPECT_NE(said.out.find("tells none"), std::string::npos) << said.out;
    EXPECT_EQ(testing::read_text(project_.string() + ".before-automix"), before);
    EXPECT_LT(fader(project_, 0), -2);
    EXPECT_GT(fader(project_, 1), fader(project_, 0));
    const std::string mixed = testing::read_text(project_);
    const auto document = nlohmann::json::parse(mixed);
    EXPECT_EQ(document["future"]["kept"], nlohmann::json({1, 2}));
    EXPECT_FALSE(document["media"][0].contains("sha256")) << "listening writes nothing into the project";
    const Said again = run({project_.string()});
    EXPECT_EQ(again.exit_code, 0);
    EXPECT_NE(again.out.find("nothing to change"), std::string::npos) << again.out;
    EXPECT_EQ(testing::read_text(project_), mixed);
    EXPECT_EQ(testing::read_text(project_.string() + ".before-automix"), before);
    const fs::path scratch = folder_.path() / "home" / "cache" / "automix";
    EXPECT_TRUE(!fs::exists(scratch) || fs::is_empty(scratch)) << "scratch files go away";
}

TEST_F(AutomixProgram, WritesElsewhereAndSaysItInJson) {
    const std::string before = testing::read_text(project_);
    const fs::path out = folder_.path() / "mixed.loopmind";
    const Said said = run({project_.string(), "--out", out.string(), "--json", "--keep", "bass"});
    ASSERT_EQ(said.exit_code, 0) << said.err;
    const auto report = nlohmann::json::parse(said.out);
    EXPECT_EQ(report["file"], out.string());
    EXPECT_TRUE(report["backup"].is_null());
    EXPECT_EQ(report["genre_from"], "none");
    ASSERT_EQ(report["changes"].size(), 1u);
    EXPECT_EQ(report["changes"][0]["track"], "lead");
    EXPECT_EQ(report["changes"][0]["after"], fader(out, 1));
    EXPECT_EQ(testing::read_text(project_), before);
    EXPECT_NE(run({project_.string(), "--out", out.string()}).err.find("exists already"), std::string::npos);
    EXPECT_EQ(run({project_.string(), "--out", out.string(), "--force"}).exit_code, 0);
}

TEST_F(AutomixProgram, RefusesWithOneLineThatNamesWhatIsWrong) {
    const std::string before = testing::read_text(project_);
    const std::string elsewhere = (folder_.path() / "home" / "x.loopmind").string();
    const struct {
        std::vector<std::string> words;
        std::string says;
    } table[] = {
        {{(folder_.path() / "none.loopmind").string()}, "none.loopmind"},
        {{project_.string(), "--genre", "Polka"}, "Polka"},
        {{project_.string(), "--keep", "kazoo"}, "kazoo"},
        {{project_.string(), "--lufs", "3"}, "lufs"},
        {{project_.string(), "--out", elsewhere}, "project's folder"},
        {{}, "PROJECT"},
    };
    for (const auto& row : table) {
        const Said said = run(row.words);
        EXPECT_EQ(said.exit_code, kExitBadInput) << said.err;
        EXPECT_EQ(said.err.rfind("error: ", said.err.rfind('\n', said.err.size() - 2) + 1),
                  said.err.rfind('\n', said.err.size() - 2) + 1)
            << said.err;
        EXPECT_NE(said.err.find(row.says), std::string::npos) << said.err;
    }
    fs::remove(folder_.path() / "lead.wav");
    testing::write_text(folder_.path() / "bass.wav", "RIFF but not sound");
    const Said said = run({project_.string()});
    EXPECT_EQ(said.exit_code, kExitBadInput);
    EXPECT_NE(said.err.find("lead.wav"), std::string::npos) << said.err;
    EXPECT_NE(said.err.find("bass.wav"), std::string::npos) << said.err;
    EXPECT_EQ(testing::read_text(project_), before);
    EXPECT_EQ(run({project_.string(), "--skip-missing"}).exit_code, 0);
}

} // namespace
} // namespace loopmind::cli
