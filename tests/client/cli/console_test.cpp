// Text for people: widths, cutting, durations, sizes, tables, one-line errors.
#include "client/cli/console.h"

#include "client/cli/table.h"
#include "tests/client/temporary_folder.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace loopmind::cli {
namespace {

std::string failed_with(const Error& error, bool json) {
    testing::TemporaryFolder folder;
    std::FILE* err = std::fopen((folder.path() / "err").c_str(), "w");
    Console console(err, err);
    console.json = json;
    EXPECT_EQ(console.fail(bad_input(error)), kExitBadInput);
    std::fclose(err);
    return testing::read_text(folder.path() / "err");
}

TEST(Console, ErrorsAreOneLine) {
    const Error error{ErrorCode::kInvalidArgument, "tempo", "400 is above 240", "choose 40 to 240"};
    EXPECT_EQ(failed_with(error, false), "error: tempo: 400 is above 240 (choose 40 to 240)\n");
    const Error broken{ErrorCode::kInternal, "", "two\nlines \x1b[31m", ""};
    EXPECT_EQ(failed_with(broken, false), "error: two lines  [31m\n");
}

TEST(Console, ErrorsAsJson) {
    const Error error{ErrorCode::kInvalidArgument, "tempo", "400 is above 240", "choose 40 to 240"};
    const auto document = nlohmann::json::parse(failed_with(error, true));
    EXPECT_EQ(document, nlohmann::json({{"code", "invalid_argument"},
                                        {"field", "tempo"},
                                        {"message", "400 is above 240"},
                                        {"hint", "choose 40 to 240"}}));
}

TEST(Console, WidthsAndCutting) {
    EXPECT_EQ(display_width("abc"), 3);
    EXPECT_EQ(display_width("äöü…"), 4);
    EXPECT_EQ(display_width("雨の夜"), 6);
    EXPECT_EQ(shortened("abcdef", 6), "abcdef");
    EXPECT_EQ(shortened("abcdef", 4), "abc…");
    EXPECT_EQ(shortened("雨の夜", 4), "雨…");
    EXPECT_EQ(padded("ä", 3), "ä  ");
    EXPECT_EQ(printable("a\tb\x1b[0m\xff"), "a b [0m\xef\xbf\xbd");
}

TEST(Console, DurationsAndSizes) {
    EXPECT_EQ(duration_text(0.04), "0.0 s");
    EXPECT_EQ(duration_text(1.24), "1.2 s");
    EXPECT_EQ(duration_text(9.97), "10 s");
    EXPECT_EQ(duration_text(59.9), "1 min 00 s");
    EXPECT_EQ(duration_text(190), "3 min 10 s");
    EXPECT_EQ(duration_text(7500), "2 h 05 min");
    EXPECT_EQ(bytes_text(512), "512 B");
    EXPECT_EQ(bytes_text(6'740'000), "6.7 MB");
    EXPECT_EQ(bytes_text(999'900), "1.0 MB");
}

TEST(Table, AlignsAndCutsTheLastColumn) {
    const auto lines =
        table_lines({{"A", "LONG HEAD", "REST"}, {"ä1", "x", "a rather long text at the end"}}, 30);
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_EQ(lines[0], "A   LONG HEAD  REST");
    EXPECT_EQ(lines[1], "ä1  x          a rather long …");
}

} // namespace
} // namespace loopmind::cli
