// How loud each General MIDI program of FluidR3 is: the table behind level_db.
#pragma once

#include <span>

namespace loopmind::instruments {

/// What counts of a note for loudness.
struct LevelNote {
    double start = 0;  ///< seconds
    double length = 0; ///< seconds
    int pitch = 60;
    int velocity = 100;
};

/// K-weighted energy (ITU-R BS.1770) in dB of one note at velocity 100, interpolated in the measured table:
/// 10 log10 of the sum over both channels and time of the squared signal, per second, minus 0.691.
double note_energy_db(int bank, int program, int pitch, double length_seconds);

/// Integrated loudness in LUFS that the raw synthesiser gives for these notes, from the table alone: note
/// energies (which fall by 40 dB per tenth of velocity, as FluidSynth's default curve does) over the time
/// that passes the relative gate of the loudness measure. Minus infinity without notes.
double expected_lufs(int bank, int program, std::span<const LevelNote> notes, double total_seconds);

} // namespace loopmind::instruments
