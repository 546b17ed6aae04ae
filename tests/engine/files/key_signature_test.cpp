// Signatures of keys: relative majors, enharmonic turns, and names back.
#include "engine/files/key_signature.h"

#include <gtest/gtest.h>

namespace loopmind::files {
namespace {

TEST(KeySignature, KnowsTheCircleOfFifths) {
    const auto check = [](const char* key, int tonic, int sharps, bool minor) {
        const auto signature = key_signature(key);
        ASSERT_TRUE(signature.has_value()) << key;
        EXPECT_EQ(signature->tonic, tonic) << key;
        EXPECT_EQ(signature->sharps, sharps) << key;
        EXPECT_EQ(signature->minor, minor) << key;
    };
    check("C major", 0, 0, false);
    check("A minor", 9, 0, true);
    check("F# minor", 6, 3, true);
    check("Eb major", 3, -3, false);
    check("D dorian", 2, 0, false);
    check("E phrygian", 4, 0, false);
    check("F lydian", 5, 0, false);
    check("G mixolydian", 7, 0, false);
    check("B locrian", 11, 0, false);
    check("C harmonic minor", 0, -3, true);
    check("C melodic minor", 0, -3, true);
    check("Bb mixolydian", 10, -3, false);
    check("G# major", 8, -4, false); // as Ab major
    check("Gb minor", 6, 3, true);   // as F# minor
    check("D# major", 3, -3, false);
    check("A# lydian", 10, -1, false);
}

TEST(KeySignature, EveryKeyFitsTheMidiRange) {
    for (const char* tonic :
         {"C", "C#", "Db", "D", "D#", "Eb", "E", "F", "F#", "Gb", "G", "G#", "Ab", "A", "A#", "Bb", "B"}) {
        for (const char* mode : {"major", "minor", "dorian", "phrygian", "lydian", "mixolydian", "locrian",
                                 "harmonic minor", "melodic minor"}) {
            const auto signature = key_signature(std::string(tonic) + " " + mode);
            ASSERT_TRUE(signature.has_value()) << tonic << mode;
            EXPECT_GE(signature->sharps, -7);
            EXPECT_LE(signature->sharps, 7);
        }
    }
}

TEST(KeySignature, RefusesOthers) {
    for (const char* key :
         {"", "A", "H minor", "a minor", "A  minor", "A##", "Abb minor", "A blues", " minor"})
        EXPECT_FALSE(key_signature(key).has_value()) << key;
}

TEST(KeySignature, NamesReadBack) {
    EXPECT_EQ(key_name(0, true), "A minor");
    EXPECT_EQ(key_name(-7, false), "Cb major");
    EXPECT_EQ(key_name(7, true), "A# minor");
    for (int sharps = -6; sharps <= 6; ++sharps) {
        for (bool minor : {false, true})
            EXPECT_EQ(key_signature(key_name(sharps, minor))->sharps, sharps);
    }
}

} // namespace
} // namespace loopmind::files
