// Two rings with crossed feedback.
#include "engine/effects/delay.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

namespace loopmind::effects {

namespace {
constexpr ParameterInfo kInfos[] = {
    {"wet", "ratio", 0, 1, 0.3f, "Gain of the echoes", Scale::kLinear, 0.15f, 0.45f},
    {"dry", "ratio", 0, 1, 1, "Gain of the input; 0 on a send bus"},
    {"beats", "beats", 0.0625f, 4, 0.75f, "Time between echoes in quarter notes", Scale::kLogarithmic, 0.25f,
     2},
    {"feedback", "ratio", 0, 0.95f, 0.4f, "Gain from one echo to the next", Scale::kLinear, 0.2f, 0.65f},
    {"tone_hz", "Hz", 500, 20000, 5000, "Low-pass in the feedback path", Scale::kLogarithmic, 1500, 9000},
    {"ping_pong", "switch", 0, 1, 1, "Echoes change sides", Scale::kSwitch, 0, 1},
    {"low_cut_hz", "Hz", 10, 1000, 100, "High-pass in the feedback path", Scale::kLogarithmic, 60, 400},
    {"tempo", "bpm", 20, 400, 120, "Quarter notes per minute; the graph sets it"},
};
} // namespace

Delay::Delay() : Effect(kInfos) {}

int Delay::frames_of(double beats, double tempo) const {
    const auto frames = static_cast<int>(std::lround(beats * 60.0 / tempo * rate()));
    return std::clamp(frames, kTick, static_cast<int>(kLongestSeconds * rate()));
}

int Delay::delay_frames() const {
    return frames_of(target(kBeats), target(kTempo));
}

double Delay::tail_seconds() const {
    const double feedback = target(kFeedback);
    const double echoes = feedback > 0.001 ? std::ceil(-96.0 / (20.0 * std::log10(feedback))) : 0.0;
    return (echoes + 1.0) * delay_frames() / rate() + 0.05;
}

Delay::Settings Delay::settings_at(bool begin) const {
    auto read = [&](int index) { return begin ? previous(index) : value(index); };
    auto coefficient = [&](float hz) {
        return static_cast<float>(1.0 - std::exp(-2.0 * std::numbers::pi * hz / rate()));
    };
    return {read(kWet),
            read(kDry),
            read(kFeedback),
            read(kPingPong),
            coefficient(read(kToneHz)),
            coefficient(read(kLowCutHz))};
}

void Delay::on_prepare(double rate) {
    const auto size = std::bit_ceil(static_cast<unsigned>(kLongestSeconds * rate) + 2 * kTick);
    for (auto& ring : ring_)
        ring.assign(size, 0.0f);
    mask_ = static_cast<int>(size) - 1;
    fade_length_ = std::max(1, static_cast<int>(0.05 * rate));
}

void Delay::on_reset() noexcept {
    for (auto& ring : ring_)
        std::fill(ring.begin(), ring.end(), 0.0f);
    at_ = 0;
    fade_ = 0;
    started_ = false;
    tone_state_.fill(0.0f);
    low_cut_state_.fill(0.0f);
}

void Delay::on_tick(bool moved) noexcept {
    if (moved) {
        from_ = settings_at(true);
        to_ = settings_at(false);
    } else {
        from_ = to_;
    }
    // Time does not glide (that would bend the pitch): it jumps to the target and is faded. A target that
    // came while a fade was under way is taken up at its end, in a tick in which nothing moves.
    const int wanted = delay_frames();
    if (!started_) {
        delay_ = next_delay_ = wanted;
        started_ = true;
    } else if (wanted != next_delay_ && fade_ == 0) {
        next_delay_ = wanted;
        fade_ = fade_length_;
    }
}

void Delay::run(float* left, float* right, int frames, int phase) noexcept {
    for (int i = 0; i < frames; ++i) {
        const float at = static_cast<float>(phase + i + 1) / kTick;
        auto ramp = [at](float a, float b) { return a + at * (b - a); };
        const float feedback = ramp(from_.feedback, to_.feedback);
        const float cross = ramp(from_.cross, to_.cross);
        const float tone = ramp(from_.tone, to_.tone);
        const float low_cut = ramp(from_.low_cut, to_.low_cut);
        std::array<float, 2> echo;
        const auto tap = static_cast<size_t>((at_ - delay_) & mask_);
        for (size_t side = 0; side < 2; ++side)
            echo[side] = ring_[side][tap];
        if (fade_ > 0) {
            const float old = static_cast<float>(fade_) / static_cast<float>(fade_length_);
            const auto next = static_cast<size_t>((at_ - next_delay_) & mask_);
            for (size_t side = 0; side < 2; ++side) {
                echo[side] = old * echo[side] + (1.0f - old) * ring_[side][next];
            }
            if (--fade_ == 0) delay_ = next_delay_;
        }
        std::array<float, 2> back;
        for (size_t side = 0; side < 2; ++side) {
            tone_state_[side] += tone * (echo[side] - tone_state_[side]);
            low_cut_state_[side] += low_cut * (tone_state_[side] - low_cut_state_[side]);
            back[side] = feedback * (tone_state_[side] - low_cut_state_[side]);
        }
        const float middle = 0.5f * (left[i] + right[i]);
        const auto here = static_cast<size_t>(at_);
        ring_[0][here] = left[i] + cross * (middle - left[i]) + back[0] + cross * (back[1] - back[0]);
        ring_[1][here] = right[i] - cross * right[i] + back[1] + cross * (back[0] - back[1]);
        at_ = (at_ + 1) & mask_;
        const float wet = ramp(from_.wet, to_.wet);
        const float dry = ramp(from_.dry, to_.dry);
        left[i] = dry * left[i] + wet * echo[0];
        right[i] = dry * right[i] + wet * echo[1];
    }
}

} // namespace loopmind::effects
