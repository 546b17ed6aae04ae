// Written MIDI files: exact bytes where it matters, and mido as an independent reader.
#include "engine/files/midi.h"

#include "proto/base/durable_file.h"
#include "tests/engine/files/run_program.h"
#include "tests/engine/files/test_folder.h"

#include <gtest/gtest.h>

#include <cmath>

namespace loopmind::files {
namespace {

MidiSong example_song() {
    MidiSong song;
    song.title = "Dreamy";
    song.tempo = 82;
    song.key = "A minor";
    song.length = 8;
    song.markers = {{0, "Intro"}, {4, "Hook"}};
    song.tracks = {{"Bass", 2, 33, 0, {{0, 1, 45, 100}, {1.5, 0.25, 52, 90}}},
                   {"Kit", 10, 0, 0, {{0, 0.25, 36, 110}, {1, 0.25, 38, 100}}}};
    return song;
}

/// Everything mido says of a file: one line per track with its absolute ticks.
std::string through_mido(const std::string& bytes) {
    const TestFolder folder;
    EXPECT_TRUE(base::write_durably(folder / "x.mid", bytes).ok());
    EXPECT_TRUE(base::write_durably(folder / "read.py", R"(import sys, mido
song = mido.MidiFile(sys.argv[1])
print(song.type, song.ticks_per_beat, len(song.tracks))
for track in song.tracks:
    at = 0
    for m in track:
        at += m.time
        d = m.dict(); d.pop('time')
        print(at, d.pop('type'), *[f'{k}={v}' for k, v in sorted(d.items())])
)")
                    .ok());
    const auto run = run_program("/usr/bin/python3 -W error " + (folder / "read.py").string() + " " +
                                 (folder / "x.mid").string());
    EXPECT_EQ(run.exit_code, 0) << run.output;
    return run.output;
}

TEST(MidiWriter, MidoReadsEverything) {
    const auto bytes = write_midi(example_song());
    ASSERT_TRUE(bytes.ok()) << bytes.error().text();
    EXPECT_EQ(through_mido(*bytes), R"(1 960 3
0 track_name name=Dreamy
0 set_tempo tempo=731707
0 time_signature clocks_per_click=24 denominator=4 notated_32nd_notes_per_beat=8 numerator=4
0 key_signature key=Am
0 marker text=Intro
3840 marker text=Hook
7680 end_of_track
0 track_name name=Bass
0 program_change channel=1 program=33
0 note_on channel=1 note=45 velocity=100
960 note_off channel=1 note=45 velocity=64
1440 note_on channel=1 note=52 velocity=90
1680 note_off channel=1 note=52 velocity=64
7680 end_of_track
0 track_name name=Kit
0 program_change channel=9 program=0
0 note_on channel=9 note=36 velocity=110
240 note_off channel=9 note=36 velocity=64
960 note_on channel=9 note=38 velocity=100
1200 note_off channel=9 note=38 velocity=64
7680 end_of_track
)");
}

TEST(MidiWriter, SameSongSameBytes) {
    EXPECT_EQ(*write_midi(example_song()), *write_midi(example_song()));
}

TEST(MidiWriter, NotesOfOnePitchNeverOverlap) {
    MidiSong song = example_song();
    song.tracks = {{"T",
                    1,
                    -1,
                    0,
                    {{0, 4, 60, 100}, {1, 4, 60, 90}, {1, 2, 60, 120}, {1, 1, 61, 50}, {6, 100, 60, 80}}}};
    const std::string seen = through_mido(*write_midi(song));
    EXPECT_NE(seen.find(R"(0 track_name name=T
0 note_on channel=0 note=60 velocity=100
960 note_off channel=0 note=60 velocity=64
960 note_on channel=0 note=60 velocity=120
960 note_on channel=0 note=61 velocity=50
1920 note_off channel=0 note=61 velocity=64
4800 note_off channel=0 note=60 velocity=64
5760 note_on channel=0 note=60 velocity=80
7680 note_off channel=0 note=60 velocity=64
7680 end_of_track
)"),
              std::string::npos)
        << seen;
}

TEST(MidiWriter, NotesEndWithTheLoop) {
    MidiSong song = example_song();
    song.tracks = {
        {"T", 1, -1, 0, {{7.9999999, 1, 60, 100}, {8, 1, 62, 100}, {7, 5, 64, 100}, {2, 1e-9, 65, 100}}}};
    const std::string seen = through_mido(*write_midi(song));
    EXPECT_NE(seen.find("7679 note_on channel=0 note=60"), std::string::npos) << seen;
    EXPECT_NE(seen.find("7680 note_off channel=0 note=64"), std::string::npos) << seen;
    EXPECT_NE(seen.find("1921 note_off channel=0 note=65"), std::string::npos) << seen;
    EXPECT_EQ(seen.find("note=62"), std::string::npos) << seen;
}

TEST(MidiWriter, ModesGetTheSignatureOfTheirRelativeMajor) {
    for (const auto& [key, seen] : {std::pair{"D dorian", "key=C"},
                                    {"F# phrygian", "key=D"},
                                    {"Eb major", "key=Eb"},
                                    {"G# major", "key=Ab"},
                                    {"C harmonic minor", "key=Cm"},
                                    {"B locrian", "key=C"}}) {
        MidiSong song = example_song();
        song.key = key;
        EXPECT_NE(through_mido(*write_midi(song)).find(std::string("key_signature ") + seen + "\n"),
                  std::string::npos)
            << key;
    }
}

TEST(MidiWriter, BanksThreeFourAndNoKey) {
    MidiSong song = example_song();
    song.meter_numerator = 3;
    song.key = "";
    song.tracks = {{"T", 3, 5, 8, {}}};
    const std::string seen = through_mido(*write_midi(song));
    EXPECT_NE(seen.find("denominator=4 notated_32nd_notes_per_beat=8 numerator=3"), std::string::npos);
    EXPECT_EQ(seen.find("key_signature"), std::string::npos);
    EXPECT_NE(seen.find("0 control_change channel=2 control=0 value=8\n0 program_change channel=2 program=5"),
              std::string::npos)
        << seen;
}

TEST(MidiWriter, NamesWhatIsWrong) {
    const auto field = [](const auto& spoil) {
        MidiSong song = example_song();
        spoil(song);
        const auto bytes = write_midi(song);
        return bytes.ok() ? std::string("accepted") : bytes.error().field;
    };
    EXPECT_EQ(field([](auto& s) { s.tracks[1].notes[1].pitch = 128; }), "tracks[1].notes[1].pitch");
    EXPECT_EQ(field([](auto& s) { s.tracks[0].notes[0].velocity = 0; }), "tracks[0].notes[0].velocity");
    EXPECT_EQ(field([](auto& s) { s.tracks[0].notes[0].length = 0; }), "tracks[0].notes[0].length");
    EXPECT_EQ(field([](auto& s) { s.tracks[0].notes[0].start = std::nan(""); }), "tracks[0].notes[0].start");
    EXPECT_EQ(field([](auto& s) { s.tracks[0].channel = 17; }), "tracks[0].channel");
    EXPECT_EQ(field([](auto& s) { s.tempo = 1; }), "tempo");
    EXPECT_EQ(field([](auto& s) { s.key = "A blues"; }), "key");
    EXPECT_EQ(field([](auto& s) { s.meter_denominator = 3; }), "meter_denominator");
    EXPECT_EQ(field([](auto& s) { s.markers[0].start = -1; }), "markers");
}

} // namespace
} // namespace loopmind::files
