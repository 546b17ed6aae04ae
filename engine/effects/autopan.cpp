// Reads the LFO at ticks; gains go straight between them.
#include "engine/effects/autopan.h"

#include <algorithm>

namespace loopmind::effects {

namespace {
constexpr ParameterInfo kInfos[] = {
    {"rate_hz", "Hz", 0.02f, 20, 0.5f, "Swings per second", Scale::kLogarithmic, 0.15f, 6},
    {"sync", "switch", 0, 1, 1, "Swing in beats of the tempo instead of Hertz", Scale::kSwitch, 0, 1},
    {"beats", "beats", 0.125f, 32, 4, "Quarter notes per swing when synced", Scale::kLogarithmic, 0.5f, 8},
    {"depth", "ratio", 0, 1, 0.7f, "How far the sound moves", Scale::kLinear, 0.3f, 0.9f},
    {"shape", "", 0, 3, 0, "0 sine, 1 triangle, 2 square, 3 saw", Scale::kSwitch, 0, 3},
    {"phase_deg", "degrees", 0, 360, 0, "Where in the swing playback begins", Scale::kLinear, 0, 360},
    {"spread", "ratio", 0, 1, 1, "1 moves between the sides, 0 moves the level of both", Scale::kLinear},
    {"smooth_ms", "ms", 0, 100, 4, "Rounds the corners of the shape", Scale::kLinear, 2, 12},
    {"tempo", "bpm", 20, 400, 120, "Quarter notes per minute; the graph sets it"},
};
} // namespace

Autopan::Autopan() : Effect(kInfos) {}

void Autopan::on_reset() noexcept {
    lfo_.reset();
    started_ = false;
}

void Autopan::on_tick(bool moved) noexcept {
    const auto shape = static_cast<LfoShape>(std::clamp(std::lround(target(kShape)), 0L, kLfoShapes - 1L));
    const double offset = value(kPhaseDeg) / 360.0;
    const double hertz =
        target(kSync) >= 0.5f ? hertz_of_beats(value(kBeats), value(kTempo)) : double{value(kRateHz)};
    auto gain = [&](double s) {
        return static_cast<float>(std::numbers::sqrt2 *
                                  std::sin(std::numbers::pi / 4.0 * (1.0 + value(kDepth) * s)));
    };
    const double right = 1.0 - 2.0 * value(kSpread);
    if (!started_) {
        smoothed_ = lfo_value(shape, lfo_.phase() + offset);
        gain_[0].jump(gain(smoothed_));
        gain_[1].jump(gain(right * smoothed_));
        started_ = true;
    }
    const double wanted = lfo_value(shape, lfo_.advance(hertz, rate(), kTick) + offset);
    const double seconds = value(kSmoothMs) / 1000.0;
    const double kept = seconds > 0 ? std::exp(-kTick / (seconds * rate())) : 0.0;
    smoothed_ = wanted + kept * (smoothed_ - wanted);
    gain_[0].move(gain(smoothed_));
    gain_[1].move(gain(right * smoothed_));
}

void Autopan::run(float* left, float* right, int frames, int phase) noexcept {
    for (int i = 0; i < frames; ++i) {
        left[i] *= gain_[0].at(phase + i);
        right[i] *= gain_[1].at(phase + i);
    }
}

} // namespace loopmind::effects
