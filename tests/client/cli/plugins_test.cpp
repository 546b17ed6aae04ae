// `loopmind plugins`, and mixdowns of projects that hold plug-ins, as a person meets them.
#include "client/cli/commands.h"
#include "tests/client/temporary_folder.h"
#include "tests/engine/mixdown/song.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdlib>
#include <fstream>

namespace loopmind::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class Plugins : public ::testing::Test {
  protected:
    void SetUp() override {
        // Only what is good and what crashes at once: one that hangs would take its time.
        fs::create_directories(lv2());
        for (const char* name : {"loopmind-good.lv2", "loopmind-crash.lv2"})
            fs::create_directory_symlink(fs::path(LOOPMIND_TEST_LV2) / name, lv2() / name);
        ::setenv("LV2_PATH", lv2().c_str(), 1);
    }
    void TearDown() override { ::unsetenv("LV2_PATH"); }
    fs::path lv2() const { return folder_.path() / "lv2"; }

    struct Said {
        int exit_code;
        std::string out, err;
    };
    Said run(std::vector<std::string> words) {
        words.insert(words.begin(), {"loopmind", "--home", (folder_.path() / "home").string()});
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
    /// The song of the mixdown tests with a plug-in on its bass.
    fs::path project(const std::string& uri) {
        mixdown::test::write_media(folder_.path());
        const fs::path file = folder_.path() / "song.loopmind";
        std::ofstream(file) << mixdown::test::song_json(
            R"({"threshold_db":-30,"ratio":6}}]=>{"threshold_db":-30,"ratio":6}},{"id":"vst","effect":"lv2","uri":")" +
            uri + R"("}])");
        return file;
    }
    testing::TemporaryFolder folder_;
};

TEST_F(Plugins, AreListedWithWhatIsBlockedAndWhy) {
    const Said first = run({"plugins", "list"});
    EXPECT_EQ(first.exit_code, kExitOk) << first.err;
    EXPECT_NE(first.out.find("Test gain"), std::string::npos);
    EXPECT_NE(
        first.out.find("blocked: urn:loopmind:test:abort-at-scan: crashed (SIGABRT) while it was scanned"),
        std::string::npos)
        << first.out;
    EXPECT_NE(first.err.find("scanning "), std::string::npos);

    const Said again = run({"plugins", "list", "--json"});
    EXPECT_EQ(again.err.find("scanning "), std::string::npos) << "it is remembered";
    const json all = json::parse(again.out, nullptr, false);
    ASSERT_TRUE(all.is_object()) << again.out;
    EXPECT_EQ(all["plugins"].size(), 9u) << "seven good ones, and the two beside the one that crashes";
    EXPECT_EQ(all["blocked"].size(), 1u);

    const Said retried = run({"plugins", "scan"});
    EXPECT_NE(retried.err.find("loopmind-crash.lv2"), std::string::npos);
    EXPECT_EQ(retried.err.find("loopmind-good.lv2"), std::string::npos);
}

TEST_F(Plugins, AMixdownHereRunsThemAndSaysWhatThatMeans) {
    const fs::path out = folder_.path() / "mix";
    const Said said = run(
        {"mixdown", project("urn:loopmind:test:gain").string(), "--here", "--out", out.string(), "--json"});
    ASSERT_EQ(said.exit_code, kExitOk) << said.err;
    EXPECT_NE(
        said.err.find("track bass holds a plug-in (urn:loopmind:test:gain): not bit-equal between machines"),
        std::string::npos)
        << said.err;
    const json told = json::parse(said.out, nullptr, false);
    ASSERT_TRUE(told.is_object()) << said.out;
    EXPECT_EQ(told["bit_equal"], false);
    EXPECT_EQ(told["faulty_inserts"], json::array());
    const json report = json::parse(testing::read_text(out / "mixdown.json"), nullptr, false);
    ASSERT_TRUE(report.is_object());
    EXPECT_EQ(report["bit_equal"], false);
    ASSERT_EQ(report["hosted_plugins"].size(), 1u);
    EXPECT_EQ(report["hosted_plugins"][0]["track"], "bass");
}

TEST_F(Plugins, AMixdownWithOneThatIsMissingOrBlockedIsRefused) {
    const fs::path out = folder_.path() / "mix";
    const auto refused = [&](const std::string& uri) {
        const Said said = run({"mixdown", project(uri).string(), "--here", "--out", out.string()});
        EXPECT_EQ(said.exit_code, kExitBadInput) << said.err;
        EXPECT_FALSE(fs::exists(out));
        return said.err;
    };
    EXPECT_NE(
        refused("urn:nobody").find("tracks.bass.inserts.vst: its plug-in urn:nobody is not installed here"),
        std::string::npos);
    EXPECT_NE(refused("urn:loopmind:test:abort-at-scan")
                  .find("is blocked: it crashed (SIGABRT) while it was scanned"),
              std::string::npos);
}

TEST_F(Plugins, AnAutomixHearsThemAndNotesOneThatFails) {
    fs::create_directory_symlink(fs::path(LOOPMIND_TEST_LV2) / "loopmind-bad.lv2", lv2() / "bad.lv2");
    const auto mix = [&](const std::string& name) {
        const Said said =
            run({"automix", project("urn:loopmind:test:" + name).string(), "--dry-run", "--json"});
        EXPECT_EQ(said.exit_code, kExitOk) << said.err;
        const json told = json::parse(said.out, nullptr, false);
        EXPECT_TRUE(told.is_object()) << said.out;
        return told;
    };
    const auto lufs_of_bass = [](const json& told) {
        for (const json& track : told["tracks"])
            if (track["id"] == "bass") return track["lufs_before"].get<double>();
        return 0.0;
    };
    const auto faults = [](const json& told) {
        std::vector<std::string> out;
        for (const json& note : told["notes"])
            if (const std::string line = note["line"]; line.find("bypassed") != std::string::npos)
                out.push_back(line);
        return out;
    };
    const json good = mix("gain"), bad = mix("abort-in-run");
    EXPECT_TRUE(std::isfinite(lufs_of_bass(good)));
    EXPECT_EQ(faults(good).size(), 0u);
    ASSERT_EQ(faults(bad).size(), 1u) << "told once, however often it was rendered";
    EXPECT_EQ(faults(bad)[0].find("bass/vst was bypassed while listening: "), 0u) << faults(bad)[0];

    const Said missing = run({"automix", project("urn:nobody").string(), "--dry-run"});
    EXPECT_EQ(missing.exit_code, kExitBadInput);
    EXPECT_NE(missing.err.find("tracks.bass.inserts.vst: its plug-in urn:nobody is not installed here"),
              std::string::npos)
        << missing.err;
}

} // namespace
} // namespace loopmind::cli
