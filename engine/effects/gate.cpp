// Level and closed gain four frames at a time, then the state of the gate frame by frame.
#include "engine/effects/gate.h"

#include "engine/effects/quad_math.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace loopmind::effects {

namespace {

constexpr float kKeyFilterOff = 10;
constexpr double kButterworth = 0.70710678118654752;
constexpr float kSilence = 1e-14f; // power of -140 dBFS
constexpr float kLoudest = 1e30f;

constexpr ParameterInfo kInfos[] = {
    {"threshold_db", "dB", -90, 0, -45, "Level at which the gate opens", Scale::kLinear, -60, -35},
    {"hysteresis_db", "dB", 0, 24, 4, "How far below the threshold it closes", Scale::kLinear, 2, 8},
    {"ratio", "ratio", 1, 100, 100, "Decibels down per decibel below the threshold; 100 is a gate",
     Scale::kLogarithmic, 2, 100},
    {"range_db", "dB", 0, 96, 80, "Most that a closed gate turns down", Scale::kLinear, 12, 80},
    {"attack_ms", "ms", 0.05f, 250, 1, "Time constant (63 %) of opening", Scale::kLogarithmic, 0.3f, 10},
    {"hold_ms", "ms", 0, 2000, 40, "Time it stays open after the level fell", Scale::kLinear, 10, 200},
    {"release_ms", "ms", 5, 4000, 120, "Time constant (63 %) of closing", Scale::kLogarithmic, 40, 500},
    {"key_high_pass_hz", "Hz", kKeyFilterOff, 2000, kKeyFilterOff,
     "High-pass in front of the detector, 12 dB/octave; 10 is off", Scale::kLogarithmic, 10, 200},
    {"lookahead_ms", "ms", 0, 10, 0,
     "Time by which the detector is ahead of the sound; takes effect at prepare", Scale::kLinear, 0, 0},
};

} // namespace

Gate::Gate() : Effect(kInfos) {}

void Gate::on_prepare(double rate) {
    decay_ = static_cast<float>(std::pow(BranchingSmoother::keep(kDecaySeconds, rate), 2)); // of the power
    delay_.prepare(static_cast<int>(std::lround(rate * target(kLookaheadMs) / 1000.0)));
}

void Gate::on_reset() noexcept {
    peak_ = kSilence;
    open_ = false;
    held_ = 0;
    gain_.reset();
    delay_.reset();
    key_filter_.reset();
    key_filtered_ = false;
}

void Gate::on_tick(bool moved) noexcept {
    if (!moved) return;
    open_at_ = static_cast<float>(value(kThresholdDb) / kDbPerOctave);
    close_at_ = static_cast<float>((value(kThresholdDb) - value(kHysteresisDb)) / kDbPerOctave);
    slope_ = value(kRatio) - 1;
    range_ = static_cast<float>(value(kRangeDb) / kDbPerOctave);
    hold_frames_ = static_cast<int>(std::lround(rate() * value(kHoldMs) / 1000.0));
    gain_.set(value(kAttackMs) / 1000.0, value(kReleaseMs) / 1000.0, rate());
    const bool filtered = value(kKeyHighPassHz) > kKeyFilterOff;
    if (filtered) {
        if (!key_filtered_) key_filter_.reset();
        const double hertz = std::min<double>(value(kKeyHighPassHz), 0.45 * rate());
        key_filter_.set(BiquadCoefficients::high_pass(rate(), hertz, kButterworth));
    }
    key_filtered_ = filtered;
}

void Gate::compute_gains(const float* left, const float* right, float* gains, int frames) noexcept {
    const auto count = static_cast<size_t>(frames);
    std::array<float, kTick> level;
    float peak = peak_;
    for (size_t i = 0; i < count; ++i) {
        const float power = std::max(left[i] * left[i], right[i] * right[i]);
        const float fallen = std::max(kSilence, decay_ * peak);
        peak = power > fallen ? power : fallen; // what is not a number counts as silence
        peak = std::min(peak, kLoudest);
        level[i] = peak;
    }
    peak_ = peak;
    for (size_t i = count; i < level.size() && i % 4 != 0; ++i)
        level[i] = 1;
    std::array<float, kTick> closed;
    for (size_t i = 0; i < count; i += 4) {
        const Quad octaves = 0.5f * quad_log2(load_quad(level.data() + i));
        const Quad below = larger(open_at_ - octaves, splat(0.0f));
        store_quad(level.data() + i, octaves);
        store_quad(closed.data() + i, quad_exp2(-smaller(slope_ * below, splat(range_))));
    }
    bool open = open_;
    int held = held_;
    for (size_t i = 0; i < count; ++i) {
        if (level[i] >= (open ? close_at_ : open_at_)) {
            open = true;
            held = hold_frames_;
        } else if (held > 0) {
            --held;
        } else {
            open = false;
        }
        gains[i] = static_cast<float>(gain_.next(open ? 1.0 : closed[i]));
    }
    open_ = open;
    held_ = held;
}

void Gate::run(float* left, float* right, int frames, int phase) noexcept {
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
    std::array<float, kTick> gains;
    compute_gains(detect_left, detect_right, gains.data(), frames);
    delay_.run(left, right, frames);
    for (int i = 0; i < frames; ++i)
        left[i] *= gains[static_cast<size_t>(i)];
    for (int i = 0; i < frames; ++i)
        right[i] *= gains[static_cast<size_t>(i)];
}

} // namespace loopmind::effects
