// Bash completion: the script is valid bash and completes what the program has.
#include "client/cli/completion.h"

#include "client/cli/commands.h"
#include "client/cli/processes.h"
#include "tests/client/temporary_folder.h"

#include <gtest/gtest.h>

namespace loopmind::cli {
namespace {

class Completion : public ::testing::Test {
  protected:
    Completion() {
        add_everything(app_, pending_);
        testing::write_text(folder_.path() / "loopmind.bash", bash_completion(app_));
    }

    /// What bash offers for these words, the last of them unfinished.
    std::string offered(const std::vector<std::string>& words) {
        std::string array;
        for (const std::string& word : words)
            array += " '" + word + "'";
        const std::string script = "source " + (folder_.path() / "loopmind.bash").string() +
                                   "\nCOMP_WORDS=(" + array +
                                   ")\nCOMP_CWORD=" + std::to_string(words.size() - 1) +
                                   "\n_loopmind\nprintf '%s|' \"${COMPREPLY[@]}\"\n";
        testing::write_text(folder_.path() / "try.bash", script);
        const auto said = output_of("/bin/bash", {"--norc", (folder_.path() / "try.bash").string()});
        EXPECT_TRUE(said.ok()) << (said.ok() ? "" : said.error().text());
        return said.ok() ? *said : "";
    }

    testing::TemporaryFolder folder_;
    Pending pending_;
    CLI::App app_{"", "loopmind"};
};

TEST_F(Completion, IsValidBash) {
    const auto checked = output_of("/bin/bash", {"-n", (folder_.path() / "loopmind.bash").string()});
    EXPECT_TRUE(checked.ok()) << (checked.ok() ? "" : checked.error().text());
}

TEST_F(Completion, OffersCommandsOptionsAndValues) {
    EXPECT_EQ(offered({"loopmind", "gen"}), "generate|");
    EXPECT_EQ(offered({"loopmind", "ca"}), "cancel|cache|");
    EXPECT_EQ(offered({"loopmind", "cache", "c"}), "clear|");
    EXPECT_EQ(offered({"loopmind", "project", "i"}), "info|");
    EXPECT_EQ(offered({"loopmind", "generate", "--tem"}), "--tempo|");
    EXPECT_EQ(offered({"loopmind", "generate", "--texture", "W"}), "Warm|");
    EXPECT_EQ(offered({"loopmind", "generate", "--genre", "D"}), "Drum\\ \\&\\ Bass|");
    EXPECT_EQ(offered({"loopmind", "generate", "--tempo", ""}), "|") << "a number cannot be guessed";
    EXPECT_EQ(offered({"loopmind", "--home", "cache", "generate", "--fo"}), "--force|")
        << "a value is no command";
}

TEST_F(Completion, EveryCommandHasExamples) {
    for (const CLI::App* command : app_.get_subcommands([](const CLI::App*) { return true; })) {
        EXPECT_NE(command->get_footer().find("loopmind " + command->get_name()), std::string::npos)
            << command->get_name();
        EXPECT_FALSE(command->get_description().empty());
        for (const CLI::Option* option : command->get_options())
            EXPECT_FALSE(option->get_description().empty())
                << command->get_name() << " " << option->get_name();
    }
}

} // namespace
} // namespace loopmind::cli
