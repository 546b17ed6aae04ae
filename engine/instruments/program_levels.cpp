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

/// Energy in tenths of dB at [pitch][length]; -1200 where a program is silent.
struct MelodicLevels {
    short tenths[kPitches][kLengths];
};
struct KitLevels {
    int program;
    short tenths[kDrums];
};

// Made by build/bench/calibrate_soundfont from FluidR3_GM.sf2 3.1; see there.
#include "engine/instruments/program_levels.inc"

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
    const MelodicLevels& levels = kMelodic[std::clamp(program, 0, 127)];
    auto place = [](double value, const double* at, int count, int& index) {
        index = 0;
        while (index + 2 < count && value > at[index + 1])
            ++index;
        return std::clamp((value - at[index]) / (at[index + 1] - at[index]), 0.0, 1.0);
    };
    double log_at[kLengths];
    for (int i = 0; i < kLengths; ++i)
        log_at[i] = std::log(kLengthAt[i]);
    int p = 0, l = 0;
    const double between_pitches = place(pitch, kPitchAt, kPitches, p);
    const double between_lengths = place(std::log(std::max(1e-3, length_seconds)), log_at, kLengths, l);
    auto row = [&](int at) {
        return levels.tenths[at][l] + between_lengths * (levels.tenths[at][l + 1] - levels.tenths[at][l]);
    };
    double db = (row(p) + between_pitches * (row(p + 1) - row(p))) / 10.0;
    // What still sounds after two seconds goes on; what has died away (no growth from 0.5 s on) does not.
    if (length_seconds > kLengthAt[kLengths - 1]) {
        const double growth = (levels.tenths[1][2] - levels.tenths[1][1]) / 10.0 / 6.02;
        db += std::clamp(growth, 0.0, 1.0) * 10.0 * std::log10(length_seconds / kLengthAt[kLengths - 1]);
    }
    return db;
}

double expected_lufs(int bank, int program, std::span<const LevelNote> notes, double total_seconds) {
    constexpr double kStep = 0.1;
    const auto steps = static_cast<size_t>(std::clamp(std::ceil(total_seconds / kStep), 1.0, 1e6));
    std::vector<double> energy(steps, 0.0);
    const double shortest = bank == 128 ? 0.15 : 0.2;
    for (const LevelNote& note : notes) {
        const double power = std::pow(
            10.0,
            (note_energy_db(bank, program, note.pitch, note.length) + velocity_db(note.velocity)) / 10.0);
        const double length = bank == 128 ? shortest : std::clamp(note.length, shortest, total_seconds);
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
