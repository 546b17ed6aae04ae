// Keys as people write them.
#include "proto/request/key.h"

#include <gtest/gtest.h>

namespace loopmind::request {
namespace {

struct Case {
    const char* written;
    const char* canonical;
};

class KeySpelling : public testing::TestWithParam<Case> {};

TEST_P(KeySpelling, IsRead) {
    const auto key = parse_key(GetParam().written);
    ASSERT_TRUE(key) << key.error().text();
    EXPECT_EQ(key->text(), GetParam().canonical);
}

INSTANTIATE_TEST_SUITE_P(All, KeySpelling,
                         testing::Values(Case{"A minor", "A minor"}, Case{"Am", "A minor"},
                                         Case{"am", "A minor"}, Case{"F#", "F# major"},
                                         Case{"Bb maj", "Bb major"}, Case{"bb", "Bb major"},
                                         Case{"D Dorian", "D dorian"},
                                         Case{" c  harmonic minor ", "C harmonic minor"},
                                         Case{"G aeolian", "G minor"}, Case{"AM", "A major"}));

TEST(Key, MalformedNamesTheFieldAndSuggests) {
    for (const char* text : {"", "H minor", "A minro", "7", "A minor minor", "##"}) {
        const auto key = parse_key(text);
        ASSERT_FALSE(key) << text;
        EXPECT_EQ(key.error().field, "key");
        EXPECT_FALSE(key.error().hint.empty());
    }
    EXPECT_NE(parse_key("A minro").error().message.find("did you mean 'A minor'"), std::string::npos);
}

TEST(Key, PitchClassesAreEnharmonic) {
    EXPECT_EQ(pitch_class("C"), 0);
    EXPECT_EQ(pitch_class("Cb"), 11);
    EXPECT_EQ(pitch_class("B#"), 0);
    EXPECT_EQ(pitch_class("F#"), pitch_class("Gb"));
    EXPECT_EQ(pitch_class("H"), -1);
}

} // namespace
} // namespace loopmind::request
