// Standard MIDI files: a deterministic type 1 writer and a reader for hostile files.
#pragma once

#include "proto/base/result.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace loopmind::files {

/// Ticks per quarter note in written files.
inline constexpr int kTicksPerBeat = 960;

struct MidiNote {
    double start = 0;   ///< quarter-note beats from the start, >= 0
    double length = 0;  ///< beats, > 0
    int pitch = 60;     ///< 0..127
    int velocity = 100; ///< 1..127
    bool operator==(const MidiNote&) const = default;
};

struct MidiTrack {
    std::string name;
    int channel = 1;  ///< 1..16; 10 is General MIDI drums
    int program = -1; ///< General MIDI program 0..127; -1: none written
    int bank = 0;     ///< bank select MSB, 0..127; written when above 0 and the channel is not 10
    std::vector<MidiNote> notes;
};

struct MidiMarker {
    double start = 0; ///< beats
    std::string text;
};

/// A loop or song. One tempo and one meter from its start.
struct MidiSong {
    std::string title;         ///< name of the conductor track
    double tempo = 120;        ///< quarter notes per minute, 4..1000
    int meter_numerator = 4;   ///< 1..64
    int meter_denominator = 4; ///< 1, 2, 4, 8, 16 or 32
    std::string key;   ///< "A minor"; "" writes no key signature. Modes are written as their relative major.
    double length = 0; ///< beats; every track ends there. 0: the last note's end
    std::vector<MidiMarker> markers;
    std::vector<MidiTrack> tracks;
};

/// Writes a type 1 file of 960 ticks per beat: a conductor track (name, tempo, time signature, key signature,
/// markers), then the note tracks. Notes are cut at `length`; notes at or past it are left out. A note still
/// sounding when the next of its pitch starts ends first; of two that start together the longer and louder
/// stays. Same song, same bytes. Errors (invalid_argument) name the member, e.g. "tracks[1].notes[7].pitch".
Result<std::string> write_midi(const MidiSong& song);

/// Reads type 0 and 1 files: first tempo, meter and key signature, markers, and one track for each channel
/// used in a track. Never trusts a length in the file; errors are data_corrupt and say where. `name` stands
/// in errors.
Result<MidiSong> read_midi(std::string_view bytes, const std::string& name = "midi");

} // namespace loopmind::files
