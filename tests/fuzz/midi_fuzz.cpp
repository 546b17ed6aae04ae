// Fuzz target: the MIDI reader, on files from anywhere.
#include "engine/files/midi.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

using namespace loopmind;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto song = files::read_midi({reinterpret_cast<const char*>(data), size});
    if (!song.ok() && song.error().message.empty()) std::abort();
    return 0;
}

std::vector<std::string> fuzz_seeds() {
    files::MidiSong song;
    song.title = "fuzz";
    song.key = "A minor";
    song.markers = {{0, "Intro"}, {4, "Hook"}};
    for (int track = 0; track < 2; ++track) {
        files::MidiTrack part;
        part.name = "part";
        part.channel = track == 0 ? 10 : 1;
        part.program = 4;
        for (int n = 0; n < 16; ++n)
            part.notes.push_back({n * 0.5, 0.25, 36 + n, 90});
        song.tracks.push_back(part);
    }
    return {files::write_midi(song).value(),
            std::string("MThd\0\0\0\6\0\0\0\1\1\xe0MTrk\0\0\0\4\0\xff\x2f\0", 26)};
}
