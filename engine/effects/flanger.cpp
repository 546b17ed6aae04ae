// One recursive comb per side.
#include "engine/effects/flanger.h"

#include <cmath>

namespace loopmind::effects {

namespace {
constexpr double kLongestMs = 20.0;
constexpr ParameterInfo kInfos[] = {
    {"rate_hz", "Hz", 0.02f, 10, 0.25f, "How often the delay swings", Scale::kLogarithmic, 0.08f, 1.5f},
    {"sync", "switch", 0, 1, 0, "Swing in beats of the tempo instead of Hertz", Scale::kSwitch, 0, 1},
    {"beats", "beats", 0.25f, 32, 8, "Quarter notes per swing when synced", Scale::kLogarithmic, 2, 16},
    {"depth_ms", "ms", 0, 5, 2.5f, "How far the delay swings", Scale::kLinear, 1, 4},
    {"delay_ms", "ms", 0.1f, 10, 0.6f, "Shortest delay", Scale::kLogarithmic, 0.3f, 3},
    {"feedback", "ratio", -0.95f, 0.95f, 0.4f, "Resonance; negative moves the notches", Scale::kLinear, -0.7f,
     0.7f},
    {"spread", "ratio", 0, 1, 0.25f, "How far the right side's swing is from the left's; 1 is opposite",
     Scale::kLinear, 0, 1},
    {"mix", "ratio", 0, 1, 0.5f, "Delayed sound against the input; the notches are deepest at a half",
     Scale::kLinear, 0.3f, 0.5f},
    {"through_zero", "switch", 0, 1, 0, "The copy overtakes the input; takes effect at prepare",
     Scale::kSwitch},
    {"tempo", "bpm", 20, 400, 120, "Quarter notes per minute; the graph sets it"},
};
} // namespace

Flanger::Flanger() : Effect(kInfos) {}

double Flanger::tail_seconds() const {
    const double longest = through_zero_ ? kCentreMs + target(kDepthMs) : target(kDelayMs) + target(kDepthMs);
    const double feedback = std::abs(target(kFeedback));
    const double rounds = feedback > 0.001 ? std::ceil(-96.0 / (20.0 * std::log10(feedback))) : 0.0;
    return (rounds + 1.0) * longest / 1000.0 + 0.002;
}

void Flanger::on_prepare(double rate) {
    through_zero_ = target(kThroughZero) >= 0.5f;
    centre_ = static_cast<int>(std::lround(kCentreMs * rate / 1000.0));
    for (auto& ring : rings_)
        ring.prepare(static_cast<int>(kLongestMs * rate / 1000.0) + kTick);
    for (auto& ring : dry_)
        ring.prepare(centre_);
}

void Flanger::on_reset() noexcept {
    for (auto& ring : rings_)
        ring.reset();
    for (auto& ring : dry_)
        ring.reset();
    lfo_.reset();
    started_ = false;
}

void Flanger::on_tick(bool moved) noexcept {
    const double hertz =
        target(kSync) >= 0.5f ? hertz_of_beats(value(kBeats), value(kTempo)) : double{value(kRateHz)};
    const double per_ms = rate() / 1000.0;
    auto delay = [&](double phase) {
        const double swing = lfo_value(LfoShape::kSine, phase);
        const double frames = through_zero_
                                  ? centre_ + value(kDepthMs) * per_ms * swing
                                  : (value(kDelayMs) + value(kDepthMs) * 0.5 * (1.0 + swing)) * per_ms;
        return std::max(1.0, frames);
    };
    const double begin = lfo_.phase();
    const double end = lfo_.advance(hertz, rate(), kTick);
    for (size_t side = 0; side < 2; ++side) {
        const double offset = side == 1 ? 0.5 * value(kSpread) : 0.0;
        from_[side] = started_ ? to_[side] : delay(begin + offset);
        to_[side] = delay(end + offset);
    }
    if (!started_) {
        feedback_.jump(value(kFeedback));
        mix_.jump(value(kMix));
    }
    feedback_.move(value(kFeedback));
    mix_.move(value(kMix));
    started_ = true;
}

void Flanger::run(float* left, float* right, int frames, int phase) noexcept {
    float* channels[2] = {left, right};
    for (size_t side = 0; side < 2; ++side) {
        DelayRing& ring = rings_[side];
        float* io = channels[side];
        const double step = (to_[side] - from_[side]) / kTick;
        for (int i = 0; i < frames; ++i) {
            const int place = phase + i;
            // The frame that is about to be pushed counts as the newest, so one frame less.
            const double frames_ago = from_[side] + step * (place + 1);
            const float x = io[i];
            float dry = x;
            if (through_zero_) {
                dry_[side].push(x);
                dry = dry_[side].whole(centre_);
            }
            const float mix = mix_.at(place);
            // Interpolation needs one frame newer than the point: a delay under two frames has no feedback.
            const float fed = frames_ago >= 2.0 ? feedback_.at(place) * ring.read(frames_ago - 1.0) : 0.0f;
            ring.push(x + fed);
            io[i] = dry + mix * (ring.read(frames_ago) - dry);
        }
    }
}

} // namespace loopmind::effects
