// Swings the delays once per tick and reads them between samples.
#include "engine/effects/chorus.h"

#include <cmath>

namespace loopmind::effects {

namespace {
constexpr double kLongestMs = 50.0;
constexpr float kLowCutOff = 10;
constexpr ParameterInfo kInfos[] = {
    {"rate_hz", "Hz", 0.05f, 8, 0.7f, "How often the voices swing", Scale::kLogarithmic, 0.2f, 2.5f},
    {"depth_ms", "ms", 0, 8, 1.8f, "How far the delays swing to each side", Scale::kLinear, 0.6f, 3.0f},
    {"delay_ms", "ms", 2, 40, 14, "Middle of the delays", Scale::kLinear, 8, 24},
    {"voices", "", 1, 6, 3, "Number of copies", Scale::kSwitch, 2, 6},
    {"spread", "ratio", 0, 1, 0.5f, "How far the right side's swing is from the left's; 1 is opposite",
     Scale::kLinear, 0.25f, 1},
    {"low_cut_hz", "Hz", kLowCutOff, 1000, 120, "High-pass before the voices, 6 dB/octave; 10 is off",
     Scale::kLogarithmic, 60, 300},
    {"mix", "ratio", 0, 1, 0.45f, "Voices against the input", Scale::kLinear, 0.25f, 0.65f},
};
} // namespace

Chorus::Chorus() : Effect(kInfos) {}

double Chorus::tail_seconds() const {
    return (target(kDelayMs) + target(kDepthMs)) / 1000.0 + 1.8 / target(kLowCutHz) + 0.001;
}

void Chorus::on_prepare(double rate) {
    for (auto& ring : rings_)
        ring.prepare(static_cast<int>(kLongestMs * rate / 1000.0) + kTick);
}

void Chorus::on_reset() noexcept {
    for (auto& ring : rings_)
        ring.reset();
    low_cut_state_.fill(0.0f);
    lfo_.reset();
    started_ = false;
}

void Chorus::on_tick(bool moved) noexcept {
    const bool first = !started_;
    started_ = true;
    const auto voices = static_cast<int>(std::lround(target(kVoices)));
    const double begin = lfo_.phase();
    const double end = lfo_.advance(value(kRateHz), rate(), kTick);
    const double per_ms = rate() / 1000.0;
    auto delay = [&](double phase) {
        const double swing = value(kDepthMs) * lfo_value(LfoShape::kSine, phase);
        return std::max(1.0, (value(kDelayMs) + swing) * per_ms);
    };
    for (size_t side = 0; side < 2; ++side) {
        for (int v = 0; v < kMaxVoices; ++v) {
            Voice& voice = voices_[side][static_cast<size_t>(v)];
            const float level = v < voices ? 1.0f / std::sqrt(static_cast<float>(voices)) : 0.0f;
            const double offset = static_cast<double>(v) / voices + (side == 1 ? 0.5 * value(kSpread) : 0.0);
            // A voice that begins to sound starts where it belongs; others go on from where they were.
            voice.from = first || voice.level.to == 0 ? delay(begin + offset) : voice.to;
            voice.to = delay(end + offset);
            if (first) {
                voice.level.jump(level);
            } else {
                voice.level.move(level);
            }
        }
    }
    if (first) mix_.jump(value(kMix));
    mix_.move(value(kMix));
    if (moved) {
        const double hertz = value(kLowCutHz);
        const bool off = hertz <= kLowCutOff;
        low_cut_ = off ? 0.0f : static_cast<float>(1.0 - std::exp(-2.0 * std::numbers::pi * hertz / rate()));
        if (off) low_cut_state_.fill(0.0f);
    }
}

void Chorus::run(float* left, float* right, int frames, int phase) noexcept {
    float* channels[2] = {left, right};
    for (size_t side = 0; side < 2; ++side) {
        DelayRing& ring = rings_[side];
        std::array<float, kTick> wet{};
        float state = low_cut_state_[side];
        for (int i = 0; i < frames; ++i) {
            state += low_cut_ * (channels[side][i] - state);
            ring.push(channels[side][i] - state);
        }
        low_cut_state_[side] = state;
        for (const Voice& voice : voices_[side]) {
            if (voice.level.still_at(0)) continue;
            const double step = (voice.to - voice.from) / kTick;
            for (int i = 0; i < frames; ++i) {
                // All of this run's frames are in the ring already: the older ones lie that much deeper.
                const double delay = voice.from + step * (phase + i + 1);
                wet[static_cast<size_t>(i)] += voice.level.at(phase + i) * ring.read(delay, frames - 1 - i);
            }
        }
        for (int i = 0; i < frames; ++i) {
            const float mix = mix_.at(phase + i);
            channels[side][i] += mix * (wet[static_cast<size_t>(i)] - channels[side][i]);
        }
    }
}

} // namespace loopmind::effects
