// Names from patterns, and what makes a name safe.
#include "engine/files/stem_names.h"

#include <gtest/gtest.h>

namespace loopmind::files {
namespace {

StemNameFields example() {
    StemNameFields fields;
    fields.project = "Rainy Night";
    fields.track = "Bass";
    fields.key = "F# minor";
    fields.bpm = 92.5;
    fields.index = 3;
    fields.count = 12;
    fields.sample_rate = 48000;
    fields.bits = 24;
    return fields;
}

TEST(StemNames, FillsPatterns) {
    const auto name = [](std::string_view pattern) { return stem_name(pattern, example()).value(); };
    EXPECT_EQ(name(kDefaultStemPattern), "Rainy Night - 03 Bass [92.5 F#m]");
    EXPECT_EQ(name("{index}_{track}_{rate}_{bits}"), "3_Bass_48000_24");
    EXPECT_EQ(name("{index:04} of {count}"), "0003 of 12");
    EXPECT_EQ(name("{{{track}}}"), "{Bass}");
    EXPECT_EQ(name("{track}/{project}"), "Bass_Rainy Night");
}

TEST(StemNames, EmptyFieldsLeaveNoBracketsBehind) {
    StemNameFields fields;
    fields.track = "Kick";
    fields.index = 1;
    EXPECT_EQ(stem_name(kDefaultStemPattern, fields).value(), "01 Kick");
    fields.bpm = 120;
    EXPECT_EQ(stem_name(kDefaultStemPattern, fields).value(), "01 Kick [120]");
}

TEST(StemNames, SaysWhatIsWrongWithAPattern) {
    const auto error = [](std::string_view pattern) {
        const auto name = stem_name(pattern, example());
        return name.ok() ? *name : name.error().text();
    };
    EXPECT_NE(error("{tempo}").find("fields are project, track"), std::string::npos);
    EXPECT_NE(error("{track").find("without a }"), std::string::npos);
    EXPECT_NE(error("track}").find("without a {"), std::string::npos);
    EXPECT_NE(error("{index:2}").find("{index:02}"), std::string::npos);
    EXPECT_NE(error("{index:0x}").find("{index:02}"), std::string::npos);
    EXPECT_NE(error("").find("empty name"), std::string::npos);
    EXPECT_NE(error("{section}").find("empty name"), std::string::npos);
}

TEST(StemNames, NamesAreSafeEverywhere) {
    EXPECT_EQ(safe_file_name("AC/DC: \"live\"?"), "AC_DC_ _live__");
    EXPECT_EQ(safe_file_name("../../etc/passwd"), "_.._etc_passwd");
    EXPECT_EQ(safe_file_name(" . name . "), "name");
    EXPECT_EQ(safe_file_name(""), "untitled");
    EXPECT_EQ(safe_file_name(".."), "untitled");
    EXPECT_EQ(safe_file_name("con"), "con_");
    EXPECT_EQ(safe_file_name("nul.wav"), "nul_.wav");
    EXPECT_EQ(safe_file_name("COM7"), "COM7_");
    EXPECT_EQ(safe_file_name("command"), "command");
    EXPECT_EQ(safe_file_name(std::string("a\0b\n", 4)), "a_b_");
    EXPECT_EQ(safe_file_name("Ünïcode – 音"), "Ünïcode – 音");
    EXPECT_EQ(safe_file_name("bad \xC3( bytes \xFF"), "bad _( bytes _");
    std::string umlauts;
    for (int i = 0; i < 200; ++i)
        umlauts += "ü";
    EXPECT_EQ(safe_file_name(umlauts).size(), 180u);
    EXPECT_EQ(safe_file_name("x" + umlauts).size(), 179u); // not in the middle of one
}

TEST(StemNames, EachNameOnce) {
    UniqueNames names;
    EXPECT_EQ(names.take("Kick"), "Kick");
    EXPECT_EQ(names.take("kick"), "kick (2)");
    EXPECT_EQ(names.take("Kick"), "Kick (3)");
    EXPECT_EQ(names.take("Kick (2)"), "Kick (2) (2)");
}

} // namespace
} // namespace loopmind::files
