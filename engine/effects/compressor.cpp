// Parameters, key filter and look-ahead around CompressorCore.
#include "engine/effects/compressor.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace loopmind::effects {

namespace {

constexpr float kKeyFilterOff = 10;
constexpr double kButterworth = 0.70710678118654752;

constexpr ParameterInfo kInfos[] = {
    {"threshold_db", "dB", -60, 0, -18, "Level above which the sound is turned down", Scale::kLinear, -30,
     -10},
    {"ratio", "ratio", 1, 100, 3, "Input decibels above the threshold per output decibel; 100 limits",
     Scale::kLogarithmic, 1.5f, 6},
    {"knee_db", "dB", 0, 24, 6, "Width of the soft bend around the threshold", Scale::kLinear, 0, 12},
    {"attack_ms", "ms", 0.05f, 250, 10, "Time constant (63 %) of turning down", Scale::kLogarithmic, 1, 40},
    {"release_ms", "ms", 5, 3000, 120, "Time constant (63 %) of the recovery", Scale::kLogarithmic, 50, 400},
    {"makeup_db", "dB", -24, 24, 0, "Level after the compression", Scale::kLinear, 0, 0},
    {"auto_makeup", "switch", 0, 1, 0, "1 adds half of what 0 dBFS loses", Scale::kSwitch, 0, 0},
    {"mix", "ratio", 0, 1, 1, "Compressed sound against the clean one", Scale::kLinear, 0.5f, 1},
    {"link", "ratio", 0, 1, 1, "1 turns both channels down alike, 0 each for itself", Scale::kLinear, 0, 0},
    {"rms", "switch", 0, 1, 0, "Detector: 0 peak, 1 RMS over 10 ms", Scale::kSwitch, 0, 1},
    {"key_high_pass_hz", "Hz", kKeyFilterOff, 2000, kKeyFilterOff,
     "High-pass in front of the detector, 12 dB/octave; 10 is off", Scale::kLogarithmic, 10, 150},
    {"lookahead_ms", "ms", 0, 10, 0,
     "Time by which the detector is ahead of the sound; takes effect at prepare", Scale::kLinear, 0, 0},
};

} // namespace

Compressor::Compressor() : Effect(kInfos) {}

template <typename Read> CompressorSettings Compressor::settings(Read read) {
    return {.threshold_db = read(kThresholdDb),
            .ratio = read(kRatio),
            .knee_db = read(kKneeDb),
            .attack_seconds = read(kAttackMs) / 1000.0,
            .release_seconds = read(kReleaseMs) / 1000.0,
            .rms = read(kRms) >= 0.5f,
            .link = read(kLink)};
}

template <typename Read> double Compressor::makeup_db(Read read) {
    const double automatic =
        read(kAutoMakeup) > 0 ? read(kAutoMakeup) * 0.5 * CompressorCore::reduction_db(settings(read), 0) : 0;
    return read(kMakeupDb) + automatic;
}

double Compressor::static_gain_db(double level_db) const {
    const auto read = [this](int index) { return target(index); };
    return makeup_db(read) - CompressorCore::reduction_db(settings(read), level_db);
}

void Compressor::on_prepare(double rate) {
    core_.prepare(rate);
    delay_.prepare(static_cast<int>(std::lround(rate * target(kLookaheadMs) / 1000.0)));
}

void Compressor::on_reset() noexcept {
    core_.reset();
    delay_.reset();
    key_filter_.reset();
    key_filtered_ = false;
}

void Compressor::on_tick(bool moved) noexcept {
    if (!moved) {
        core_.set_level(level_, level_);
        return;
    }
    const auto now = [this](int index) { return value(index); };
    const auto before = [this](int index) { return previous(index); };
    core_.set(settings(now));
    const auto level_at = [](float makeup, float mix) {
        return CompressorCore::Level{makeup, 1.0f - mix, mix};
    };
    level_ = level_at(static_cast<float>(makeup_db(now)), value(kMix));
    core_.set_level(level_at(static_cast<float>(makeup_db(before)), previous(kMix)), level_);
    const bool filtered = value(kKeyHighPassHz) > kKeyFilterOff;
    if (filtered) {
        if (!key_filtered_) key_filter_.reset();
        const double hertz = std::min<double>(value(kKeyHighPassHz), 0.45 * rate());
        key_filter_.set(BiquadCoefficients::high_pass(rate(), hertz, kButterworth));
    }
    key_filtered_ = filtered;
}

void Compressor::run(float* left, float* right, int frames, int phase) noexcept {
    const bool side_chain = key_left() != nullptr && key_right() != nullptr;
    const float* detect_left = side_chain ? key_left() : left;
    const float* detect_right = side_chain ? key_right() : right;
    std::array<float, kTick> key_a, key_b;
    if (key_filtered_) {
        std::memcpy(key_a.data(), detect_left, sizeof(float) * static_cast<size_t>(frames));
        std::memcpy(key_b.data(), detect_right, sizeof(float) * static_cast<size_t>(frames));
        key_filter_.process(key_a.data(), key_b.data(), frames);
        detect_left = key_a.data();
        detect_right = key_b.data();
    }
    std::array<float, kTick> gain_left, gain_right;
    core_.run(detect_left, detect_right, gain_left.data(), gain_right.data(), frames, phase);
    delay_.run(left, right, frames);
    const float* other = core_.linked() ? gain_left.data() : gain_right.data();
    for (int i = 0; i < frames; ++i)
        left[i] *= gain_left[static_cast<size_t>(i)];
    for (int i = 0; i < frames; ++i)
        right[i] *= other[i];
}

} // namespace loopmind::effects
