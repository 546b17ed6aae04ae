// Maps the tone of a part to effects and runs them.
#include "engine/instruments/tone_shaper.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace loopmind::instruments {

namespace {

constexpr double kWowHz = 0.7;
constexpr double kWowPitch = 0.0012; ///< of the frequency, at age 1
constexpr float kFloor = 1e-5f;      ///< below this there is no transient to shape

} // namespace

ToneShaper::ToneShaper(const PartTone& tone, int rate, std::int64_t loop_frames)
    : rate_(rate), loop_frames_(loop_frames) {
    auto unit = [](double v) { return std::isfinite(v) ? std::clamp(v, 0.0, 1.0) : 0.0; };
    const double tilt = 2.0 * (unit(tone.brightness) - 0.5);
    const double warmth = unit(tone.warmth);
    const double air = unit(tone.air);
    const double age = unit(tone.age);
    const double drive = unit(tone.drive);

    eq_.set("band1_hz", 200);
    eq_.set("band1_db", -2.5 * tilt);
    eq_.set("band2_hz", 220);
    eq_.set("band2_q", 0.8);
    eq_.set("band2_db", 3.0 * warmth);
    eq_.set("band7_hz", 12000);
    eq_.set("band7_q", 0.7);
    eq_.set("band7_db", 5.0 * air);
    eq_.set("band8_hz", 3000);
    eq_.set("band8_db", 9.0 * tilt - 6.0 * age);
    if (age > 0) {
        eq_.set("high_pass_hz", 20.0 + 80.0 * age);
        eq_.set("low_pass_hz", 20000.0 * std::pow(0.19, age));
    }
    use_eq_ = tilt != 0 || warmth > 0 || air > 0 || age > 0;
    eq_.prepare(rate, 4096);

    const double amount = std::min(1.0, 0.8 * drive + 0.15 * warmth);
    drive_.set("amount", amount);
    use_drive_ = amount > 0;
    drive_.prepare(rate, 4096);
    latency_ = use_drive_ ? drive_.latency() : 0;

    punch_ = static_cast<float>(2.0 * (unit(tone.punch) - 0.5));
    fast_step_ = static_cast<float>(1.0 - std::exp(-1.0 / (0.0015 * rate)));
    slow_step_ = static_cast<float>(1.0 - std::exp(-1.0 / (0.035 * rate)));

    if (age > 0) {
        wow_turns_ = std::max(1.0, std::round(kWowHz * static_cast<double>(loop_frames) / rate));
        const double hertz = wow_turns_ * rate / static_cast<double>(loop_frames);
        const double depth = kWowPitch * age / (2.0 * std::numbers::pi * hertz) * rate;
        wow_depth_ = static_cast<float>(std::min<double>(depth, kRing / 2 - 4));
    }
}

std::int64_t ToneShaper::memory_frames() const {
    return rate_ / 2 + latency_ + kRing;
}

void ToneShaper::punch(float* left, float* right, int frames) {
    for (int i = 0; i < frames; ++i) {
        const float level = std::max(std::abs(left[i]), std::abs(right[i])) + kFloor;
        fast_ += fast_step_ * (level - fast_);
        slow_ += slow_step_ * (level - slow_);
        // On an attack the fast follower leads; in a tail both agree and nothing happens.
        const float lead = std::clamp(fast_ / (slow_ + kFloor), 0.25f, 4.0f);
        const float gain = std::pow(lead, 0.5f * punch_);
        left[i] *= gain;
        right[i] *= gain;
    }
}

void ToneShaper::wow(float* left, float* right, int frames, std::int64_t time) {
    for (int i = 0; i < frames; ++i) {
        const double turn = wow_turns_ * static_cast<double>(time + i) / static_cast<double>(loop_frames_);
        const double sway = 1.0 - std::cos(2.0 * std::numbers::pi * turn);
        const auto delay = static_cast<float>(1.5 + wow_depth_ * sway);
        const int whole = static_cast<int>(delay);
        const float t = delay - static_cast<float>(whole);
        float* channels[2] = {left, right};
        for (size_t side = 0; side < 2; ++side) {
            auto& ring = ring_[side];
            ring[static_cast<size_t>(ring_at_)] = channels[side][i];
            auto at = [&](int back) { return ring[static_cast<size_t>((ring_at_ - back) & (kRing - 1))]; };
            // Catmull-Rom between the two frames around the delay.
            const float a = at(whole - 1), b = at(whole), c = at(whole + 1), d = at(whole + 2);
            channels[side][i] =
                b + 0.5f * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
        }
        ring_at_ = (ring_at_ + 1) & (kRing - 1);
    }
}

void ToneShaper::process(float* left, float* right, int frames, std::int64_t time) {
    if (punch_ != 0) punch(left, right, frames);
    if (wow_depth_ > 0) wow(left, right, frames, time);
    if (use_eq_) eq_.process(left, right, frames);
    if (use_drive_) drive_.process(left, right, frames);
}

} // namespace loopmind::instruments
