// The JSON reader: what is JSON, what is not, where errors are, and that source text is kept.
#include "engine/session/json_text.h"

#include <gtest/gtest.h>

namespace loopmind::session {
namespace {

TEST(JsonText, KeepsTheSourceOfEveryValue) {
    const std::string text =
        R"( { "a" : 0.30000000000000004 , "b":[1e400, -0 , 18446744073709551615], "c":{"d" :null} } )";
    const auto value = parse_json(text);
    ASSERT_TRUE(value.ok());
    EXPECT_EQ(value->find("a")->raw, "0.30000000000000004");
    EXPECT_EQ(value->find("b")->raw, "[1e400, -0 , 18446744073709551615]");
    EXPECT_EQ(value->find("b")->items[2].raw, "18446744073709551615");
    EXPECT_FALSE(value->find("b")->items[0].number().has_value());
    EXPECT_EQ(value->find("c")->raw, "{\"d\" :null}");
}

TEST(JsonText, DecodesStrings) {
    const auto value = parse_json(
        R"(["a\"\\\/\b\f\n\r\tz", "\u00e9\ud83d\ude00", "é😀", "\u0000", "\ud800", "\ud800\u0041"])");
    ASSERT_TRUE(value.ok());
    EXPECT_EQ(value->items[0].string(), "a\"\\/\b\f\n\r\tz");
    EXPECT_EQ(value->items[1].string(), "é😀");
    EXPECT_EQ(value->items[2].string(), "é😀");
    for (int i : {3, 4, 5})
        EXPECT_FALSE(value->items[static_cast<std::size_t>(i)].string().has_value()) << i;
}

TEST(JsonText, RefusesWhatIsNotJson) {
    for (const std::string text : {"",
                                   " ",
                                   "{",
                                   "[1,]",
                                   "{\"a\":1,}",
                                   "{a:1}",
                                   "01",
                                   "+1",
                                   "1.",
                                   ".5",
                                   "1e",
                                   "-",
                                   "nul",
                                   "True",
                                   "\"\\x\"",
                                   "\"\\u12g4\"",
                                   "\"a",
                                   "\"\n\"",
                                   "[1 2]",
                                   "{\"a\" 1}",
                                   "1 2",
                                   "\"\xff\"",
                                   "\"\xc0\x80\"",
                                   "\"\xed\xa0\x80\"",
                                   "\"\xf5\x80\x80\x80\"",
                                   "\"\xe2\x82\"",
                                   "[\"\\",
                                   "// x\n1",
                                   "NaN",
                                   "'a'"}) {
        EXPECT_FALSE(parse_json(text).ok()) << text;
    }
}

TEST(JsonText, NamesLineAndColumn) {
    const auto value = parse_json("{\n  \"a\": 1,\n  \"b\": tru\n}");
    ASSERT_FALSE(value.ok());
    EXPECT_EQ(value.error().field, "line 3, column 8");
    EXPECT_EQ(value.error().code, ErrorCode::kDataCorrupt);
}

TEST(JsonText, LimitsDepthAndCount) {
    EXPECT_FALSE(parse_json(std::string(1000000, '[')).ok());
    EXPECT_TRUE(parse_json(std::string(63, '[') + std::string(63, ']')).ok());
    JsonLimits limits;
    limits.max_values = 3;
    EXPECT_TRUE(parse_json("[1,2]", limits).ok());
    EXPECT_FALSE(parse_json("[1,2,3]", limits).ok());
    limits.max_bytes = 3;
    EXPECT_FALSE(parse_json("[1,2]", limits).ok());
}

TEST(JsonText, NumbersReadBackExactly) {
    for (double value :
         {0.1, 0.30000000000000004, 82.0, -1e-7, 1e300, 5e-324, 9007199254740993.0, 123456789.125}) {
        const std::string text = json_number(value);
        const auto read = parse_json(text);
        ASSERT_TRUE(read.ok()) << text;
        EXPECT_EQ(read->number(), value) << text;
    }
    EXPECT_EQ(json_number(82.0), "82");
    EXPECT_EQ(json_number(-0.5), "-0.5");
}

TEST(JsonText, QuotesWhatItReads) {
    const std::string text = "a\"\\\n\r\t\x01 é😀/";
    const std::string quoted = json_quote(text);
    const auto read = parse_json(quoted);
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(read->string(), text);
    EXPECT_TRUE(parse_json(json_quote("bad \xff byte")).ok());
}

} // namespace
} // namespace loopmind::session
