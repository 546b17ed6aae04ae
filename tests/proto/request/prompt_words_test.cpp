// What prompt words set, and what they must not.
#include "proto/request/prompt_words.h"

#include <gtest/gtest.h>

namespace loopmind::request {
namespace {

TEST(PromptWords, GenresByAliasLongestFirst) {
    EXPECT_EQ(read_prompt("liquid drum and bass roller").genre, "Drum & Bass");
    EXPECT_EQ(read_prompt("90s boom bap").genre, "Hip-Hop");
    EXPECT_EQ(read_prompt("neo-soul ballad").genre, "R&B");
    EXPECT_EQ(read_prompt("Deep House").genre, "House");
    EXPECT_FALSE(read_prompt("something nice").genre);
    EXPECT_FALSE(read_prompt("a trapped bird").genre) << "whole words only";
}

TEST(PromptWords, TempoInRangeOnly) {
    EXPECT_EQ(read_prompt("at 82 BPM").tempo, 82);
    EXPECT_EQ(read_prompt("87.5bpm groove").tempo, 87.5);
    EXPECT_FALSE(read_prompt("900 bpm").tempo);
    EXPECT_FALSE(read_prompt("summer of 69").tempo);
}

TEST(PromptWords, KeysNeedACapitalTonicAndAMode) {
    EXPECT_EQ(read_prompt("ballad in Bb major").key, "Bb major");
    EXPECT_EQ(read_prompt("F#-minor arps").key, "F# minor");
    EXPECT_EQ(read_prompt("song in Em").key, "E minor");
    EXPECT_EQ(read_prompt("D dorian jam").key, "D dorian");
    EXPECT_FALSE(read_prompt("a major hit").key);
    EXPECT_FALSE(read_prompt("played in a bar").key);
}

TEST(PromptWords, StemsNamedAndRefused) {
    const auto hints = read_prompt("ambient choir with rain, no drums");
    EXPECT_EQ(hints.with_stems, (std::vector<std::string>{"vocals", "texture"}));
    EXPECT_EQ(hints.without_stems, (std::vector<std::string>{"drums"}));
    EXPECT_TRUE(read_prompt("drum & bass").with_stems.empty());
}

TEST(PromptWords, MoodEnergyTextureFxFocusMeter) {
    EXPECT_LT(read_prompt("sad and lonely").mood, 0);
    EXPECT_GT(read_prompt("uplifting").mood, 0);
    EXPECT_GT(read_prompt("energetic").energy, 0);
    EXPECT_EQ(read_prompt("dusty beat").texture, "Vintage");
    EXPECT_EQ(read_prompt("spacious echoes").fx, (std::vector<std::string>{"reverb", "delay"}));
    EXPECT_EQ(read_prompt("bass heavy trap").instrument_focus, "Bass");
    EXPECT_EQ(read_prompt("a slow waltz").meter, "3/4");
    EXPECT_EQ(read_prompt("8 bars").bars, 8);
    EXPECT_LT(read_prompt("a slow waltz").tempo_factor, 1);
}

TEST(PromptWords, HostileBytesSayNothing) {
    EXPECT_FALSE(read_prompt(std::string(5000, '\xff')).genre);
    EXPECT_FALSE(read_prompt(std::string("\0\0\0", 3)).genre);
}

} // namespace
} // namespace loopmind::request
