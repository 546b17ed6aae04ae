// Runs both sides through the chain in two SIMD lanes.
#include "engine/effects/phaser.h"

#include <algorithm>
#include <cmath>

namespace loopmind::effects {

namespace {
constexpr ParameterInfo kInfos[] = {
    {"rate_hz", "Hz", 0.02f, 10, 0.4f, "How often the notches swing", Scale::kLogarithmic, 0.1f, 2},
    {"sync", "switch", 0, 1, 0, "Swing in beats of the tempo instead of Hertz", Scale::kSwitch, 0, 1},
    {"beats", "beats", 0.25f, 32, 4, "Quarter notes per swing when synced", Scale::kLogarithmic, 2, 16},
    {"centre_hz", "Hz", 50, 8000, 800, "Middle of the swing", Scale::kLogarithmic, 400, 1800},
    {"depth_octaves", "octaves", 0, 4, 1.5f, "Swing to each side", Scale::kLinear, 0.6f, 2.2f},
    {"stages", "", 2, 12, 6, "Number of all-passes; every two make a notch", Scale::kSwitch, 4, 10},
    {"feedback", "ratio", -0.95f, 0.95f, 0.35f, "Resonance between the notches", Scale::kLinear, -0.6f, 0.7f},
    {"spread", "ratio", 0, 1, 0.25f, "How far the right side's swing is from the left's; 1 is opposite",
     Scale::kLinear, 0, 1},
    {"mix", "ratio", 0, 1, 0.5f, "Shifted sound against the input; the notches are deepest at a half",
     Scale::kLinear, 0.35f, 0.5f},
    {"tempo", "bpm", 20, 400, 120, "Quarter notes per minute; the graph sets it"},
};
} // namespace

Phaser::Phaser() : Effect(kInfos) {}

double Phaser::tail_seconds() const {
    // Lowest all-pass: its group delay is about 1 / (pi f) per stage; feedback repeats the chain.
    const double lowest = std::max(20.0f, target(kCentreHz) * std::exp2(-target(kDepthOctaves)));
    const double chain = target(kStages) / (std::numbers::pi * lowest);
    const double feedback = std::abs(target(kFeedback));
    const double rounds = feedback > 0.001 ? std::ceil(-96.0 / (20.0 * std::log10(feedback))) : 0.0;
    return (rounds + 6.0) * chain;
}

void Phaser::on_reset() noexcept {
    state_.fill(Pair{});
    back_ = Pair{};
    lfo_.reset();
    started_ = false;
}

void Phaser::on_tick(bool moved) noexcept {
    const double hertz =
        target(kSync) >= 0.5f ? hertz_of_beats(value(kBeats), value(kTempo)) : double{value(kRateHz)};
    auto coefficient = [&](double phase) {
        const double swing = value(kDepthOctaves) * lfo_value(LfoShape::kSine, phase);
        const double f = std::clamp(value(kCentreHz) * std::exp2(swing), 20.0, 0.45 * rate());
        const double t = std::tan(std::numbers::pi * f / rate());
        return static_cast<float>((t - 1.0) / (t + 1.0));
    };
    const double begin = lfo_.phase();
    const double end = lfo_.advance(hertz, rate(), kTick);
    const auto stages = std::clamp(static_cast<int>(std::lround(target(kStages))), 2, kMaxStages);
    for (size_t side = 0; side < 2; ++side) {
        const double offset = side == 1 ? 0.5 * value(kSpread) : 0.0;
        if (!started_) coefficient_[side].jump(coefficient(begin + offset));
        coefficient_[side].move(coefficient(end + offset));
    }
    if (!started_) {
        feedback_.jump(value(kFeedback));
        mix_.jump(value(kMix));
        stages_ = stages;
    }
    feedback_.move(value(kFeedback));
    mix_.move(value(kMix));
    old_stages_ = stages_;
    stages_ = stages;
    for (int s = old_stages_; s < stages_; ++s)
        state_[static_cast<size_t>(s)] = Pair{};
    started_ = true;
}

void Phaser::run(float* left, float* right, int frames, int phase) noexcept {
    const int longest = std::max(old_stages_, stages_);
    const int shortest = std::min(old_stages_, stages_);
    for (int i = 0; i < frames; ++i) {
        const int place = phase + i;
        const float mix = mix_.at(place);
        const float feedback = feedback_.at(place);
        const Pair c = {coefficient_[0].at(place), coefficient_[1].at(place), 0, 0};
        const Pair x = {left[i], right[i], 0, 0};
        Pair y = x + feedback * back_;
        int s = 0;
        // y = c x + s, s = x - c y: one state per stage.
        auto pass = [&] {
            Pair& state = state_[static_cast<size_t>(s)];
            const Pair in = y;
            y = c * in + state;
            state = in - c * y;
        };
        for (; s < shortest; ++s)
            pass();
        if (longest != shortest) {
            const Pair inner = y;
            for (; s < longest; ++s)
                pass();
            const float fade = static_cast<float>(place + 1) / kTick;
            y = stages_ > old_stages_ ? inner + fade * (y - inner) : y + fade * (inner - y);
        }
        back_ = y;
        const Pair out = x + mix * (y - x);
        left[i] = out[0];
        right[i] = out[1];
    }
}

} // namespace loopmind::effects
