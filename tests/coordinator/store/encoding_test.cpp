// Text of any bytes, arrays and outputs survive their way through parameters.
#include "coordinator/store/postgres/encoding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace loopmind::store {
namespace {

bool is_plain_utf8(const std::string& text) {
    // Every byte below 0x80 but zero, or part of what escape_text() must have let through.
    return text.find('\0') == std::string::npos;
}

TEST(EscapeText, LeavesOrdinaryTextAlone) {
    EXPECT_EQ(escape_text("Dreamy lofi, 82 BPM – \xf0\x9f\x8e\xb9"),
              "Dreamy lofi, 82 BPM – \xf0\x9f\x8e\xb9");
    EXPECT_EQ(escape_text(""), "");
}

TEST(EscapeText, EscapesWhatPostgresRefuses) {
    EXPECT_EQ(escape_text(std::string_view("a\0b", 3)), "a\\x00b");
    EXPECT_EQ(escape_text("\\x00"), "\\\\x00") << "what looks like an escape is none";
    EXPECT_EQ(escape_text("\xff"), "\\xff");
    EXPECT_EQ(escape_text("\xc0\x80"), "\\xc0\\x80") << "an overlong zero";
    EXPECT_EQ(escape_text("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "a surrogate";
    EXPECT_EQ(escape_text("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80") << "beyond Unicode";
    EXPECT_EQ(escape_text("\xe2\x82"), "\\xe2\\x82") << "cut off";
}

TEST(EscapeText, AnyBytesComeBack) {
    std::mt19937 random(1);
    for (int round = 0; round < 20'000; ++round) {
        std::string text(random() % 12, '\0');
        for (char& c : text) {
            static constexpr char kOdd[] = {'\0',   '\\',   'x',    '0',    'f',   '\xc3',
                                            '\xa4', '\xe2', '\x82', '\xf0', '\xff'};
            c = random() % 2 ? kOdd[random() % sizeof kOdd] : static_cast<char>(random());
        }
        const std::string escaped = escape_text(text);
        ASSERT_TRUE(is_plain_utf8(escaped));
        ASSERT_EQ(unescape_text(escaped), text);
        ASSERT_EQ(escape_text(unescape_text(escaped)), escaped) << "one escaped form per text";
    }
}

TEST(ArrayLiteral, QuotesItsTexts) {
    const std::vector<std::string> texts{"plain", "a,b", "{\"}", "back\\slash", "", "NULL"};
    EXPECT_EQ(array_of(texts, [](const std::string& text) { return text; }),
              R"({"plain","a,b","{\"}","back\\\\slash","","NULL"})");
    EXPECT_EQ(array_of(std::vector{1, -2, 3}, [](int n) { return n; }), "{1,-2,3}");
    EXPECT_EQ(array_of(std::vector<int>{}, [](int n) { return n; }), "{}");
    EXPECT_EQ(array_of(std::vector{1, 0}, [](int n) { return n != 0; }), "{t,f}");
    EXPECT_EQ(array_of(std::vector{1}, [](int) { return PlainText{"{\"a\\\\b\"}"}; }), R"({"{\"a\\\\b\"}"})");
}

TEST(Outputs, ComeBackByRole) {
    const std::vector<core::Artifact> outputs{{"midi", std::string(64, 'b'), 7},
                                              {"audio\\", std::string(64, 'a'), 1u << 31}};
    const auto back = outputs_from_json(outputs_to_json(outputs));
    EXPECT_EQ(back, (std::vector{outputs[1], outputs[0]}));
    EXPECT_TRUE(outputs_from_json(outputs_to_json({})).empty());
}

} // namespace
} // namespace loopmind::store
