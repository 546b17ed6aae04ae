// The MIDI reader: round trips, running status, and hostile bytes.
#include "engine/files/midi.h"

#include "proto/base/durable_file.h"
#include "tests/engine/files/run_program.h"
#include "tests/engine/files/test_folder.h"

#include <gtest/gtest.h>

#include <random>

namespace loopmind::files {
namespace {

MidiSong example_song() {
    MidiSong song;
    song.title = "Song";
    song.tempo = 100;
    song.meter_numerator = 3;
    song.key = "F# minor";
    song.length = 12;
    song.markers = {{0, "Intro"}, {6, "Hook"}};
    song.tracks = {{"Bass", 2, 33, 0, {{0, 1, 45, 100}, {1.5, 0.25, 52, 90}}},
                   {"Kit", 10, 0, 0, {{11, 1, 36, 110}}}};
    return song;
}

std::string with_track(const std::string& events, int format = 0, int division = 480) {
    std::string out("MThd\0\0\0\6\0", 9);
    out += static_cast<char>(format);
    out += std::string("\0\1", 2);
    out += static_cast<char>(division >> 8);
    out += static_cast<char>(division & 0xFF);
    out += "MTrk";
    for (int i = 3; i >= 0; --i)
        out += static_cast<char>(events.size() >> (8 * i) & 0xFF);
    return out + events;
}

TEST(MidiReader, ReadsWhatTheWriterWrote) {
    const auto song = read_midi(*write_midi(example_song()));
    ASSERT_TRUE(song.ok()) << song.error().text();
    const MidiSong expected = example_song();
    EXPECT_EQ(song->title, expected.title);
    EXPECT_NEAR(song->tempo, expected.tempo, 1e-9);
    EXPECT_EQ(song->meter_numerator, 3);
    EXPECT_EQ(song->meter_denominator, 4);
    EXPECT_EQ(song->key, "F# minor");
    EXPECT_EQ(song->length, 12);
    ASSERT_EQ(song->markers.size(), 2u);
    EXPECT_EQ(song->markers[1].text, "Hook");
    EXPECT_EQ(song->markers[1].start, 6);
    ASSERT_EQ(song->tracks.size(), 2u);
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(song->tracks[i].name, expected.tracks[i].name);
        EXPECT_EQ(song->tracks[i].channel, expected.tracks[i].channel);
        EXPECT_EQ(song->tracks[i].program, expected.tracks[i].program);
        EXPECT_EQ(song->tracks[i].notes, expected.tracks[i].notes);
    }
    EXPECT_EQ(*write_midi(*song), *write_midi(example_song()));
}

TEST(MidiReader, ReadsRunningStatusSysexAndHangingNotes) {
    using namespace std::string_literals;
    const auto song = read_midi(with_track("\x00\xF0\x02\x01\xF7"s // sysex
                                           "\x00\x90\x3C\x40"s     // on
                                           "\x83\x60\x3C\x00"s // running status, velocity 0: off after 480
                                           "\x00\x3E\x50"s     // on, hangs
                                           "\x83\x60\xC1\x07"s // program on another channel
                                           "\x00\xFF\x2F\x00"s));
    ASSERT_TRUE(song.ok()) << song.error().text();
    ASSERT_EQ(song->tracks.size(), 2u);
    EXPECT_EQ(song->tracks[0].notes, (std::vector<MidiNote>{{0, 1, 60, 64}, {1, 1, 62, 80}}));
    EXPECT_EQ(song->tracks[1].program, 7);
    EXPECT_EQ(song->length, 2);
}

TEST(MidiReader, ReadsWhatMidoWrites) {
    const TestFolder folder;
    ASSERT_TRUE(base::write_durably(folder / "w.py", R"(import sys, mido
f = mido.MidiFile(type=1, ticks_per_beat=96)
t = mido.MidiTrack(); f.tracks.append(t)
t.append(mido.MetaMessage('set_tempo', tempo=500000)); t.append(mido.MetaMessage('key_signature', key='Bbm'))
t = mido.MidiTrack(); f.tracks.append(t)
t.append(mido.MetaMessage('track_name', name='Keys'))
t.append(mido.Message('program_change', program=4)); t.append(mido.Message('note_on', note=70, velocity=33, time=48))
t.append(mido.Message('pitchwheel', pitch=100)); t.append(mido.Message('note_off', note=70, time=96))
f.save(sys.argv[1])
)")
                    .ok());
    const auto run =
        run_program("/usr/bin/python3 " + (folder / "w.py").string() + " " + (folder / "m.mid").string());
    ASSERT_EQ(run.exit_code, 0) << run.output;
    const auto song = read_midi(*base::read_file(folder / "m.mid", 10000));
    ASSERT_TRUE(song.ok()) << song.error().text();
    EXPECT_EQ(song->tempo, 120);
    EXPECT_EQ(song->key, "Bb minor");
    ASSERT_EQ(song->tracks.size(), 1u);
    EXPECT_EQ(song->tracks[0].name, "Keys");
    EXPECT_EQ(song->tracks[0].notes, (std::vector<MidiNote>{{0.5, 1, 70, 33}}));
}

TEST(MidiReader, EveryPrefixIsAnError) {
    const std::string bytes = *write_midi(example_song());
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        const auto song = read_midi(std::string_view(bytes).substr(0, size), "x.mid");
        ASSERT_FALSE(song.ok()) << size;
        EXPECT_EQ(song.error().field, "x.mid");
        EXPECT_EQ(song.error().code, ErrorCode::kDataCorrupt);
    }
}

TEST(MidiReader, SaysWhatIsWrong) {
    using namespace std::string_literals;
    const auto has = [](const std::string& bytes, const std::string& part) {
        const auto song = read_midi(bytes);
        ASSERT_FALSE(song.ok()) << part;
        EXPECT_NE(song.error().message.find(part), std::string::npos) << song.error().text();
    };
    has("RIFFabcd", "not a MIDI file");
    has(with_track("", 2), "of type 2");
    has(with_track("", 0, 0xE728), "SMPTE");
    has(with_track("", 0, 0), "SMPTE");
    has(with_track("\x00\x3C\x40"s), "without status");
    has(with_track("\x00\x90\x3C\xC0"s), "above 127");
    has(with_track("\x00\xF1\x00"s), "no place in a file");
    has(with_track("\xFF\xFF\xFF\xFF\x00"s), "truncated inside");
    has(with_track("\x00\xFF\x03\x8F\xFF\xFF\x7F"s), "truncated inside");
}

TEST(MidiReader, SurvivesRandomDamage) {
    const std::string whole = *write_midi(example_song());
    std::mt19937 random(11);
    int read = 0;
    for (int i = 0; i < 20000; ++i) {
        std::string bytes = whole;
        const int times = 1 + static_cast<int>(random() % 4);
        for (int k = 0; k < times; ++k)
            bytes[random() % bytes.size()] = static_cast<char>(random());
        const auto song = read_midi(bytes);
        if (!song) continue;
        ++read;
        for (const MidiTrack& track : song->tracks) {
            for (const MidiNote& note : track.notes)
                ASSERT_TRUE(note.length > 0 && note.pitch >= 0 && note.pitch < 128);
        }
    }
    EXPECT_GT(read, 1000);
}

} // namespace
} // namespace loopmind::files
