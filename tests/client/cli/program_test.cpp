// The program as a person meets it when nothing is set up: every mistake is one line with the right exit
// code.
#include "client/cli/commands.h"
#include "client/cli/doctor_checks.h"
#include "engine/session/journal.h"
#include "engine/session/project.h"
#include "tests/client/temporary_folder.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sys/stat.h>

namespace loopmind::cli {
namespace {

struct Said {
    int exit_code;
    std::string out, err;
};

class Program : public ::testing::Test {
  protected:
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
    testing::TemporaryFolder folder_;
};

TEST_F(Program, MistakesAreOneLineWithTheirExitCode) {
    const std::string file = (folder_.path() / "absent.json").string();
    const struct {
        std::vector<std::string> words;
        int exit_code;
        std::string says;
    } table[] = {
        {{"generate"}, kExitBadInput, "error: prompt: "},
        {{"generate", "x", "--tempo", "400"}, kExitBadInput, "error: tempo: 400 is above 240"},
        {{"generate", "x", "--speed", "9"}, kExitBadInput, "error: --speed: is not an option"},
        {{"generate", "x", "--tempo"}, kExitBadInput, "error: --tempo: needs a value"},
        {{"generate", "a", "b"}, kExitBadInput, "error: b: is one word too many"},
        {{"generate", "--params", file}, kExitBadInput, "error: " + file},
        {{"jbos"}, kExitBadInput, "did you mean jobs?"},
        {{"cache"}, kExitBadInput, "a command is missing"},
        {{"project", "nwe"}, kExitBadInput, "did you mean new?"},
        {{"project", "info", file}, kExitBadInput, "absent.json"},
        {{"up", "--workers", "0"}, kExitBadInput, "--workers"},
        {{"jobs"}, kExitFarmAway, "loopmind up"},
        {{"show", "0123abcd"}, kExitFarmAway, "loopmind up"},
        {{"generate", "x", "--out", (folder_.path() / "music").string()}, kExitFarmAway, "loopmind up"},
    };
    for (const auto& row : table) {
        const Said said = run(row.words);
        EXPECT_EQ(said.exit_code, row.exit_code) << said.err;
        EXPECT_NE(said.err.find(row.says), std::string::npos) << said.err;
        EXPECT_EQ(said.err.rfind("error: ", 0), 0u) << said.err;
        EXPECT_EQ(std::count(said.err.begin(), said.err.end(), '\n'), 1) << said.err;
        EXPECT_EQ(said.out, "");
    }
    EXPECT_FALSE(std::filesystem::exists(folder_.path() / "music"));
}

TEST_F(Program, ErrorsAsJsonWhenAsked) {
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"generate", "x", "--tempo", "400", "--json"},
          {"jobs", "--nonsense", "--json"}}) {
        const Said said = run(words);
        const auto document = nlohmann::json::parse(said.err);
        EXPECT_EQ(document["code"], "invalid_argument");
        EXPECT_EQ(document.size(), 4u);
        EXPECT_EQ(said.exit_code, kExitBadInput);
    }
}

TEST_F(Program, AnOutFolderWithOtherThingsIsRefusedBeforeAnyWork) {
    testing::write_text(folder_.path() / "music/letter.txt", "dear");
    const Said said = run({"generate", "x", "--out", (folder_.path() / "music").string()});
    EXPECT_EQ(said.exit_code, kExitBadInput);
    EXPECT_NE(said.err.find("is not empty"), std::string::npos) << said.err;
    EXPECT_NE(said.err.find("--force"), std::string::npos);
}

TEST_F(Program, HelpAndVersion) {
    EXPECT_EQ(run({"--version"}).out, "loopmind " LOOPMIND_VERSION "\n");
    const Said help = run({"generate", "--help"});
    EXPECT_EQ(help.exit_code, kExitOk);
    EXPECT_NE(help.out.find("Usage: loopmind generate"), std::string::npos) << help.out;
    EXPECT_NE(help.out.find("Examples:"), std::string::npos);
    EXPECT_NE(help.out.find("Synthwave"), std::string::npos) << "closed sets are listed";
}

TEST_F(Program, DoctorSaysWhatToDo) {
    const Said said = run({"doctor", "--json"});
    EXPECT_NE(said.exit_code, kExitOk) << "no coordinator runs here";
    const auto document = nlohmann::json::parse(said.out);
    EXPECT_FALSE(document["healthy"].get<bool>());
    for (const auto& check : document["checks"])
        EXPECT_TRUE(check["result"] == "ok" || check["hint"] != "") << check.dump();
}

TEST_F(Program, DoctorFindsAKeyThatOthersCanRead) {
    testing::write_text(folder_.path() / "home/client/client.key", "{}");
    ::chmod((folder_.path() / "home/client/client.key").c_str(), 0644);
    EXPECT_NE(run({"doctor"}).out.find("chmod 600"), std::string::npos);
}

TEST(Doctor, TellsOneBlasFromTheOther) {
    EXPECT_EQ(judge_blas("7f00 r-xp /usr/lib/x86_64-linux-gnu/openblas-pthread/libopenblasp-r0.3.21.so", true)
                  .level,
              Finding::Level::kOk);
    const Finding slow = judge_blas("7f00 r-xp /usr/lib/x86_64-linux-gnu/blas/libblas.so.3.11.0", true);
    EXPECT_EQ(slow.level, Finding::Level::kWarning);
    EXPECT_NE(slow.hint.find("libopenblas0-pthread"), std::string::npos);
}

TEST_F(Program, ProjectsAreMadeAndDescribed) {
    const std::string file = (folder_.path() / "song.loopmind").string();
    EXPECT_EQ(run({"project", "new", file, "--name", "My song"}).exit_code, kExitOk);
    EXPECT_EQ(run({"project", "new", file}).exit_code, kExitBadInput) << "it is not replaced";
    const Said said = run({"project", "info", file, "--json"});
    EXPECT_EQ(said.exit_code, kExitOk) << said.err;
    EXPECT_EQ(nlohmann::json::parse(said.out)["name"], "My song");
}

TEST_F(Program, MediaAreRelinkedAndCollectedIntoAPortableFolder) {
    const auto folder = folder_.path() / "work", elsewhere = folder_.path() / "samples";
    testing::write_text(folder / "song.loopmind",
                        R"({"format":"loopmind","version":"1.1","units":"beats","bars":1,
        "media":[{"id":"kick","kind":"audio","file":"kick.wav"},{"id":"snare","kind":"audio","file":"snare.wav"}]})");
    testing::write_text(folder / "new/kick-2.wav", "kick");
    testing::write_text(elsewhere / "snare.wav", "snare");
    const std::string file = (folder / "song.loopmind").string();

    const Said outside = run({"project", "relink", file, "kick", (elsewhere / "snare.wav").string()});
    EXPECT_EQ(outside.exit_code, kExitBadInput);
    EXPECT_NE(outside.err.find("outside the project's folder"), std::string::npos) << outside.err;
    EXPECT_EQ(run({"project", "relink", file, "none", (folder / "new/kick-2.wav").string()}).exit_code,
              kExitBadInput);
    const Said linked = run({"project", "relink", file, "kick", (folder / "new/kick-2.wav").string()});
    ASSERT_EQ(linked.exit_code, kExitOk) << linked.err;

    const std::string portable = (folder_.path() / "portable").string();
    const Said partly = run({"project", "collect", file, "--out", portable, "--json"});
    EXPECT_EQ(partly.exit_code, kExitBadInput) << "snare.wav is nowhere";
    EXPECT_EQ(nlohmann::json::parse(partly.out)["missing"][0]["id"], "snare");
    const std::string whole = (folder_.path() / "whole").string();
    const Said said = run({"project", "collect", file, "--out", whole, "--from", elsewhere.string()});
    EXPECT_EQ(said.exit_code, kExitOk) << said.out << said.err;
    EXPECT_TRUE(std::filesystem::exists(whole + "/snare.wav"));
    EXPECT_TRUE(std::filesystem::exists(whole + "/new/kick-2.wav"));
    EXPECT_NE(run({"project", "info", whole + "/song.loopmind"}).out.find("none missing"), std::string::npos);
    EXPECT_EQ(run({"project", "collect", file, "--out", whole}).exit_code, kExitBadInput)
        << "a project that is there is not replaced";
}

TEST_F(Program, WhatAutosaveKeptIsListedAndWrittenBack) {
    const std::string file = (folder_.path() / "song.loopmind").string();
    const std::string out = (folder_.path() / "back.loopmind").string();
    ASSERT_EQ(run({"project", "new", file}).exit_code, kExitOk);
    EXPECT_NE(run({"project", "recover", file}).out.find("nothing unsaved"), std::string::npos);
    EXPECT_EQ(run({"project", "recover", file, "--out", out}).exit_code, kExitBadInput);
    {
        auto journal = session::Journal::start(file);
        ASSERT_TRUE(journal.ok());
        for (const char* name : {"first", "second"}) {
            session::Project edited;
            edited.set_name(name);
            ASSERT_TRUE(journal->append(edited.to_json(), 1764057600000).ok());
        }
        EXPECT_NE(run({"project", "recover", file}).out.find("open in another program"), std::string::npos);
    } // as after a crash: the journal stays
    const Said listed = run({"project", "recover", file, "--json"});
    EXPECT_EQ(nlohmann::json::parse(listed.out)["states"].size(), 2u) << listed.out;
    ASSERT_EQ(run({"project", "recover", file, "--out", out}).exit_code, kExitOk);
    EXPECT_EQ(nlohmann::json::parse(run({"project", "info", out, "--json"}).out)["name"], "second");
    EXPECT_EQ(run({"project", "recover", file, "--out", out}).exit_code, kExitBadInput) << "not replaced";
    ASSERT_EQ(run({"project", "recover", file, "--out", out, "--state", "1", "--force"}).exit_code, kExitOk);
    EXPECT_EQ(nlohmann::json::parse(run({"project", "info", out, "--json"}).out)["name"], "first");
}

TEST_F(Program, AnEmptyCacheIsListedAndCleared) {
    EXPECT_EQ(run({"cache", "list", "--json"}).out, "[]\n");
    EXPECT_EQ(run({"cache", "clear"}).exit_code, kExitOk);
}

} // namespace
} // namespace loopmind::cli
