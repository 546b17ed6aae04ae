// Hostile WAV and MIDI files.
#include "engine/files/midi.h"
#include "engine/files/wav.h"
#include "tests/fuzz/mutate.h"

#include <gtest/gtest.h>

#include <cmath>

namespace loopmind {
namespace {

std::string small_wav() {
    std::string bytes;
    auto writer =
        files::StreamingWavWriter::create(48000, 2, 100, [&](std::span<const std::byte> part) -> Status {
            bytes.append(reinterpret_cast<const char*>(part.data()), part.size());
            return {};
        });
    std::vector<float> ramp(100);
    for (std::size_t i = 0; i < ramp.size(); ++i)
        ramp[i] = static_cast<float>(i) / 100;
    EXPECT_TRUE(writer->write(ramp, ramp));
    EXPECT_TRUE(writer->finish());
    return bytes;
}

TEST(FilesFuzz, WavReaderTrustsNoSize) {
    fuzz::for_mutations({small_wav()}, {"fmt ", "data", "LIST", std::string(4, '\xff'), std::string(4, '\0')},
                        100000, [](const std::string& input) {
                            const auto bytes = std::as_bytes(std::span(input));
                            const auto wav = files::decode_wav(bytes, "fuzz", 1 << 16);
                            if (!wav) {
                                EXPECT_FALSE(wav.error().message.empty());
                                return;
                            }
                            for (const auto& channel : wav->channels)
                                EXPECT_EQ(static_cast<std::int64_t>(channel.size()), wav->info.frames);
                            EXPECT_LE(wav->info.data_bytes, static_cast<std::int64_t>(input.size()));
                        });
}

TEST(FilesFuzz, MidiReaderTrustsNoLength) {
    files::MidiSong song;
    song.key = "A minor";
    song.length = 8;
    song.markers = {{0, "Verse"}};
    song.tracks = {{"Bass", 1, 33, 0, {{0, 1, 40, 100}, {1, 0.5, 43, 90}, {7.5, 2, 45, 80}}},
                   {"Drums", 10, 0, 0, {{0, 0.25, 36, 127}, {0.5, 0.25, 42, 60}}}};
    const auto bytes = files::write_midi(song);
    ASSERT_TRUE(bytes);
    fuzz::for_mutations({*bytes}, {"MTrk", "MThd", "\xff\x2f", std::string("\x90\x40\x40", 3)}, 100000,
                        [](const std::string& input) {
                            const auto read = files::read_midi(input, "fuzz");
                            if (!read) {
                                EXPECT_FALSE(read.error().message.empty());
                                return;
                            }
                            for (const auto& track : read->tracks)
                                for (const auto& note : track.notes)
                                    EXPECT_TRUE(std::isfinite(note.start) && note.pitch >= 0 &&
                                                note.pitch <= 127);
                        });
}

} // namespace
} // namespace loopmind
