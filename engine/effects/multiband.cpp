// Splits a tick into bands, compresses each and adds them up.
#include "engine/effects/multiband.h"

#include <algorithm>

namespace loopmind::effects {

namespace {

constexpr ParameterInfo threshold(const char* name, float initial) {
    return {name,           "dB", -60, 0, initial, "Level above which the band is turned down",
            Scale::kLinear, -35,  -12};
}

constexpr ParameterInfo ratio(const char* name) {
    return {name,
            "ratio",
            1,
            100,
            2.5f,
            "Input decibels above the threshold per output decibel",
            Scale::kLogarithmic,
            1.3f,
            5};
}

constexpr ParameterInfo attack(const char* name, float initial) {
    return {name,
            "ms",
            0.05f,
            250,
            initial,
            "Time constant (63 %) of turning down",
            Scale::kLogarithmic,
            initial / 3,
            initial * 3};
}

constexpr ParameterInfo release(const char* name, float initial) {
    return {name,
            "ms",
            5,
            3000,
            initial,
            "Time constant (63 %) of the recovery",
            Scale::kLogarithmic,
            initial / 3,
            initial * 3};
}

constexpr ParameterInfo gain(const char* name) {
    return {name, "dB", -24, 24, 0, "Level of the band after compression", Scale::kLinear, -2, 3};
}

constexpr ParameterInfo kInfos[] = {
    {"bands", "switch", 3, 4, 3, "Number of bands; takes effect at prepare", Scale::kSwitch, 3, 3},
    {"crossover1_hz", "Hz", 30, 1000, 150, "Border between bands 1 and 2", Scale::kLogarithmic, 90, 250},
    {"crossover2_hz", "Hz", 150, 8000, 2500, "Border between bands 2 and 3", Scale::kLogarithmic, 1200, 4000},
    {"crossover3_hz", "Hz", 1000, 16000, 8000, "Border between bands 3 and 4, with four bands",
     Scale::kLogarithmic, 6000, 10000},
    {"knee_db", "dB", 0, 24, 6, "Width of the soft bend around the thresholds", Scale::kLinear, 3, 12},
    {"rms", "switch", 0, 1, 0, "Detector: 0 peak, 1 RMS over 10 ms", Scale::kSwitch, 0, 0},
    {"mix", "ratio", 0, 1, 1, "Compressed bands against the untouched ones", Scale::kLinear, 0.5f, 1},
    threshold("band1_threshold_db", -24),
    ratio("band1_ratio"),
    attack("band1_attack_ms", 20),
    release("band1_release_ms", 200),
    gain("band1_gain_db"),
    threshold("band2_threshold_db", -24),
    ratio("band2_ratio"),
    attack("band2_attack_ms", 12),
    release("band2_release_ms", 140),
    gain("band2_gain_db"),
    threshold("band3_threshold_db", -26),
    ratio("band3_ratio"),
    attack("band3_attack_ms", 6),
    release("band3_release_ms", 100),
    gain("band3_gain_db"),
    threshold("band4_threshold_db", -28),
    ratio("band4_ratio"),
    attack("band4_attack_ms", 3),
    release("band4_release_ms", 70),
    gain("band4_gain_db"),
};

constexpr double kQuarterOctave = 1.189207115002721;

} // namespace

Multiband::Multiband() : Effect(kInfos) {}

double Multiband::tail_seconds() const {
    // The all-pass of the lowest crossover rings longest: 11 time constants of its poles.
    return 11.0 / (3.14159 * 1.41421 * target(kCrossover1Hz)) + 0.01;
}

CompressorSettings Multiband::settings(int band) const {
    const auto read = [&](int parameter) -> double {
        return value(kFirstBand + band * kBandParameters + parameter);
    };
    return {.threshold_db = read(kThresholdDb),
            .ratio = read(kRatio),
            .knee_db = value(kKneeDb),
            .attack_seconds = read(kAttackMs) / 1000,
            .release_seconds = read(kReleaseMs) / 1000,
            .rms = value(kRms) >= 0.5f,
            .link = 1};
}

void Multiband::on_prepare(double rate) {
    bands_ = std::clamp(static_cast<int>(target(kBands)), 3, kMaxBands);
    for (Band& band : band_)
        band.core.prepare(rate);
}

void Multiband::on_reset() noexcept {
    for (Crossover& crossover : crossovers_)
        crossover.reset();
    for (Band& band : band_) {
        band.core.reset();
        for (CrossoverPhase& phase : band.phases)
            phase.reset();
    }
}

void Multiband::on_tick(bool moved) noexcept {
    if (!moved) {
        for (int b = 0; b < bands_; ++b) {
            Band& band = band_[static_cast<size_t>(b)];
            band.core.set_level(band.level, band.level);
        }
        return;
    }
    double lowest = 0;
    for (int c = 0; c + 1 < bands_; ++c) {
        const double wanted = std::max<double>(value(kCrossover1Hz + c), lowest);
        const double hertz = std::min(wanted, 0.45 * rate());
        lowest = hertz * kQuarterOctave;
        crossovers_[static_cast<size_t>(c)].set(rate(), hertz);
        for (int b = 0; b < c; ++b)
            band_[static_cast<size_t>(b)].phases[static_cast<size_t>(c - b - 1)].set(rate(), hertz);
    }
    for (int b = 0; b < bands_; ++b) {
        Band& band = band_[static_cast<size_t>(b)];
        const int gain = kFirstBand + b * kBandParameters + kGainDb;
        band.core.set(settings(b));
        band.level = {value(gain), 1.0f - value(kMix), value(kMix)};
        band.core.set_level({previous(gain), 1.0f - previous(kMix), previous(kMix)}, band.level);
    }
}

void Multiband::run(float* left, float* right, int frames, int phase) noexcept {
    std::array<std::array<StereoFrame, kTick>, kMaxBands> split;
    const auto last = static_cast<size_t>(bands_ - 1);
    for (int i = 0; i < frames; ++i)
        split[last][static_cast<size_t>(i)] = StereoFrame{left[i], right[i]};
    for (size_t c = 0; c < last; ++c)
        crossovers_[c].split(split[last].data(), split[c].data(), frames);
    std::fill(left, left + frames, 0.0f);
    std::fill(right, right + frames, 0.0f);
    for (size_t b = 0; b <= last; ++b) {
        for (size_t c = b + 1; c < last; ++c)
            band_[b].phases[c - b - 1].process(split[b].data(), frames);
        std::array<float, kTick> band_left, band_right, gain;
        for (int i = 0; i < frames; ++i) {
            const auto n = static_cast<size_t>(i);
            band_left[n] = static_cast<float>(split[b][n][0]);
            band_right[n] = static_cast<float>(split[b][n][1]);
        }
        band_[b].core.run(band_left.data(), band_right.data(), gain.data(), nullptr, frames, phase);
        for (int i = 0; i < frames; ++i) {
            const auto n = static_cast<size_t>(i);
            left[i] += band_left[n] * gain[n];
            right[i] += band_right[n] * gain[n];
        }
    }
}

} // namespace loopmind::effects
