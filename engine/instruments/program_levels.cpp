// Note energies from the measured table and the loudness that follows from them.
#include "engine/instruments/program_levels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace loopmind::instruments {

namespace {

constexpr int kPitches = 3;
constexpr int kLengths = 3;
constexpr double kPitchAt[kPitches] = {36, 60, 84};
constexpr double kLengthAt[kLengths] = {0.12, 0.5, 2.0};
constexpr int kFirstDrum = 27;
constexpr int kDrums = 61;

/// Energy in tenths of dB at [pitch][length]; pitches a program cannot play have the values of the nearest it
/// can.
struct MelodicLevels {
    short tenths[kPitches][kLengths];
};
struct KitLevels {
    int program;
    short tenths[kDrums];
};

// Made by build/bench/calibrate_soundfont from FluidR3_GM.sf2 3.1; see there.
#include "engine/instruments/program_levels.inc"

/// Energies in dB of one pitch at the three lengths.
struct Sustain {
    double at[kLengths];
};

/// Index of the span of `at` that holds `value`, and how far into it, 0..1.
double place(double value, const double* at, int count, int& index) {
    index = 0;
    while (index + 2 < count && value > at[index + 1])
        ++index;
    return std::clamp((value - at[index]) / (at[index + 1] - at[index]), 0.0, 1.0);
}

Sustain sustain_at(int program, int pitch) {
    const MelodicLevels& levels = kMelodic[std::clamp(program, 0, 127)];
    int p = 0;
    const double between = place(pitch, kPitchAt, kPitches, p);
    Sustain out{};
    for (int i = 0; i < kLengths; ++i) {
        const double low = levels.tenths[p][i];
        out.at[i] = (low + between * (levels.tenths[p + 1][i] - low)) / 10.0;
    }
    return out;
}

double interpolate(const double* at, double seconds) {
    double log_at[kLengths];
    for (int i = 0; i < kLengths; ++i)
        log_at[i] = std::log(kLengthAt[i]);
    int l = 0;
    const double between = place(std::log(std::max(1e-3, seconds)), log_at, kLengths, l);
    return at[l] + between * (at[l + 1] - at[l]);
}

/// How much of the time from length `l` to the next still adds energy: 1 a steady tone, 0 a sound that has
/// died away.
double growth(const double* at, int l) {
    return std::clamp((at[l + 1] - at[l]) / (10.0 * std::log10(kLengthAt[l + 1] / kLengthAt[l])), 0.0, 1.0);
}

/// Seconds over which a note spreads its energy.
double sounding_seconds(int bank, int program, int pitch, double length) {
    if (bank == 128) return 0.15;
    const Sustain row = sustain_at(program, pitch);
    double out = 0.15;
    if (length > 0.15) out += growth(row.at, 0) * (std::min(length, 0.5) - 0.15);
    if (length > 0.5) out += growth(row.at, 1) * (length - 0.5);
    return std::max(out, 0.2);
}

double velocity_db(int velocity) {
    return 40.0 * std::log10(velocity / 100.0);
}

} // namespace

double note_energy_db(int bank, int program, int pitch, double length_seconds) {
    if (bank == 128) {
        const KitLevels* kit = &kKits[0];
        for (const KitLevels& candidate : kKits) {
            if (candidate.program == program) kit = &candidate;
        }
        return kit->tenths[std::clamp(pitch - kFirstDrum, 0, kDrums - 1)] / 10.0;
    }
    const Sustain row = sustain_at(program, pitch);
    double db = interpolate(row.at, length_seconds);
    // What still sounds after two seconds goes on; what has died away by then does not.
    if (length_seconds > kLengthAt[2]) {
        db += growth(row.at, 1) * 10.0 * std::log10(length_seconds / kLengthAt[2]);
    }
    return db;
}

double expected_lufs(int bank, int program, std::span<const LevelNote> notes, double total_seconds) {
    constexpr double kStep = 0.1;
    const auto steps = static_cast<size_t>(std::clamp(std::ceil(total_seconds / kStep), 1.0, 1e6));
    std::vector<double> energy(steps, 0.0);
    for (const LevelNote& note : notes) {
        const double power = std::pow(
            10.0,
            (note_energy_db(bank, program, note.pitch, note.length) + velocity_db(note.velocity)) / 10.0);
        const double length =
            std::min(sounding_seconds(bank, program, note.pitch, note.length), total_seconds);
        const auto first = static_cast<std::int64_t>(std::floor(note.start / kStep));
        const auto count = std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(length / kStep)));
        for (std::int64_t i = 0; i < count; ++i) {
            const auto size = static_cast<std::int64_t>(steps);
            energy[static_cast<size_t>(((first + i) % size + size) % size)] +=
                power / static_cast<double>(count);
        }
    }
    // Gating of BS.1770-4: blocks of 400 ms every 100 ms, those more than 10 LU below the mean are left out.
    std::vector<double> blocks(steps);
    double sum = 0;
    double loudest = 0;
    for (size_t i = 0; i < steps; ++i) {
        for (size_t k = 0; k < 4; ++k)
            blocks[i] += energy[(i + k) % steps] / (4 * kStep);
        loudest = std::max(loudest, blocks[i]);
    }
    size_t sounding = 0;
    for (double block : blocks) {
        if (block <= loudest * 1e-6) continue;
        sum += block;
        ++sounding;
    }
    if (sounding == 0) return -std::numeric_limits<double>::infinity();
    const double gate = 0.1 * sum / static_cast<double>(sounding);
    double passed = 0;
    size_t count = 0;
    for (double block : blocks) {
        if (block < gate) continue;
        passed += block;
        ++count;
    }
    return 10.0 * std::log10(passed / static_cast<double>(count));
}

} // namespace loopmind::instruments
