// A saturator and a swinging delay in the oversampled domain, filters and noises after it.
#include "engine/effects/tape.h"

#include "engine/effects/gain.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace loopmind::effects {

namespace {
constexpr double kTwoPi = 2.0 * std::numbers::pi;
constexpr double kWowHz[] = {0.6, 0.85};
constexpr double kFlutterHz[] = {7.3, 11.9};
constexpr double kWowBend = 0.005; // each of the two
constexpr double kFlutterBend = 0.0025;
constexpr float kToneOff = 20000;
constexpr float kOffDb = -120;
constexpr double kCracklesPerSecond = 18;
constexpr ParameterInfo kInfos[] = {
    {"drive", "ratio", 0, 1, 0.3f, "Saturation: 0 clean, 1 is 18 dB into the curve", Scale::kLinear, 0.1f,
     0.8f},
    {"wow", "ratio", 0, 1, 0.1f, "Slow bending of the pitch; 1 is 1 %", Scale::kLinear, 0, 0.35f},
    {"flutter", "ratio", 0, 1, 0.1f, "Fast bending of the pitch; 1 is 0.5 %", Scale::kLinear, 0, 0.3f},
    {"head_bump_db", "dB", 0, 6, 1.5f, "Rise around 80 Hz", Scale::kLinear, 0, 4},
    {"tone_hz", "Hz", 1500, kToneOff, 14000, "Treble ends here, 12 dB/octave; 20000 is off",
     Scale::kLogarithmic, 5000, 18000},
    {"hiss_db", "dB", kOffDb, -30, kOffDb, "Level of the tape's noise; -120 is off", Scale::kLinear, -90,
     -60},
    {"crackle", "ratio", 0, 1, 0, "Dust on the record", Scale::kLinear, 0, 0.4f},
    {"hum_db", "dB", kOffDb, -30, kOffDb, "Level of the mains tone; -120 is off", Scale::kLinear, -110, -75},
    {"hum_60", "switch", 0, 1, 0, "Mains of 60 Hz instead of 50 Hz", Scale::kSwitch, 0, 1},
    {"output_db", "dB", -24, 24, 0, "Level at the end", Scale::kLinear, -1, 1},
};
} // namespace

Tape::Tape() : Effect(kInfos) {}

void Tape::on_prepare(double rate) {
    for (Side& side : sides_)
        side.oversampler.prepare(rate < 64000 ? 2 : 1);
    const int factor = sides_[0].oversampler.factor();
    const int base = static_cast<int>(std::lround(kDelayMs * rate / 1000.0));
    delay_ = static_cast<double>(base * factor);
    latency_ = base + sides_[0].oversampler.latency();
    for (Side& side : sides_)
        side.ring.prepare(static_cast<int>(2.0 * delay_) + kTick * factor);
}

void Tape::on_reset() noexcept {
    std::uint32_t seed = 0x1f123bb5u;
    for (Side& side : sides_) {
        side.oversampler.reset();
        side.ring.reset();
        side.hiss = Noise(seed);
        seed = seed * 2654435761u + 1u;
        side.hiss_state = side.crackle_state[0] = side.crackle_state[1] = 0;
    }
    dust_ = Noise(0x5bd1e995u);
    for (StereoBiquad* filter : {&bump_, &rumble_, &treble_})
        filter->reset();
    bump_on_ = treble_on_ = false;
    wow_phase_ = {0, 0.25};
    flutter_phase_ = {0, 0.5};
    hum_phase_ = 0;
    started_ = false;
}

double Tape::swing_at(double seconds) const {
    // A delay that swings by d sin(2 pi f t) bends the pitch by 2 pi f d.
    double swing = 0;
    for (size_t i = 0; i < 2; ++i) {
        swing += value(kWow) * kWowBend / (kTwoPi * kWowHz[i]) *
                 std::sin(kTwoPi * (wow_phase_[i] + kWowHz[i] * seconds));
        swing += value(kFlutter) * kFlutterBend / (kTwoPi * kFlutterHz[i]) *
                 std::sin(kTwoPi * (flutter_phase_[i] + kFlutterHz[i] * seconds));
    }
    return swing;
}

void Tape::on_tick(bool moved) noexcept {
    const double oversampled = rate() * sides_[0].oversampler.factor();
    const double tick = kTick / rate();
    from_ = started_ ? to_ : delay_ + swing_at(0) * oversampled;
    to_ = delay_ + swing_at(tick) * oversampled;
    for (size_t i = 0; i < 2; ++i) {
        wow_phase_[i] = std::fmod(wow_phase_[i] + kWowHz[i] * tick, 1.0);
        flutter_phase_[i] = std::fmod(flutter_phase_[i] + kFlutterHz[i] * tick, 1.0);
    }
    Ramp* const ramps[] = {&gain_, &makeup_, &wet_, &hiss_, &crackle_, &hum_, &output_};
    if (started_ && !moved) {
        for (Ramp* ramp : ramps)
            ramp->move(ramp->to);
        return;
    }
    constexpr double kReference = 0.25;
    const double gain = std::pow(10.0, 18.0 * value(kDrive) / 20.0);
    const double makeup = std::sqrt(1.0 + gain * gain * kReference * kReference) / gain;
    auto level = [](float db) { return db <= kOffDb ? 0.0f : gain_from_db(db); };
    // The curve fades in over the first twentieth, so that 0 is clean without a step.
    const float now[] = {static_cast<float>(gain),
                         static_cast<float>(makeup),
                         std::min(1.0f, value(kDrive) * 20.0f),
                         level(value(kHissDb)),
                         value(kCrackle),
                         level(value(kHumDb)),
                         gain_from_db(value(kOutputDb))};
    for (size_t i = 0; i < std::size(ramps); ++i) {
        if (!started_) ramps[i]->jump(now[i]);
        ramps[i]->move(now[i]);
    }
    using C = BiquadCoefficients;
    const bool bump = value(kHeadBumpDb) > 0;
    if (bump && !bump_on_) {
        bump_.reset();
        rumble_.reset();
    }
    bump_on_ = bump;
    bump_.set(C::peak(rate(), 80, 0.9, value(kHeadBumpDb)));
    rumble_.set(C::high_pass(rate(), 25, 0.7071));
    const bool treble = value(kToneHz) < kToneOff;
    if (treble && !treble_on_) treble_.reset();
    treble_on_ = treble;
    treble_.set(C::low_pass(rate(), std::min<double>(value(kToneHz), 0.49 * rate()), 0.7071));
    started_ = true;
}

void Tape::run_motion(Side& side, float* io, int frames, int phase) noexcept {
    const int factor = side.oversampler.factor();
    const int count = frames * factor;
    std::array<float, Oversampler::kMaxFrames> fast;
    side.oversampler.up(io, frames, fast.data());
    if (!wet_.still_at(0)) {
        for (int i = 0; i < frames; ++i) {
            const float gain = gain_.at(phase + i);
            const float makeup = makeup_.at(phase + i);
            const float wet = wet_.at(phase + i);
            for (int j = 0; j < factor; ++j) {
                float& x = fast[static_cast<size_t>(i * factor + j)];
                const float driven = x * gain;
                x += wet * (makeup * driven / std::sqrt(1.0f + driven * driven) - x);
            }
        }
    }
    for (int i = 0; i < count; ++i)
        side.ring.push(fast[static_cast<size_t>(i)]);
    const double step = (to_ - from_) / (kTick * factor);
    for (int i = 0; i < count; ++i) {
        const double delay = from_ + step * (phase * factor + i + 1);
        fast[static_cast<size_t>(i)] = side.ring.read(delay, count - 1 - i);
    }
    side.oversampler.down(fast.data(), frames, io);
}

void Tape::add_noise(float* left, float* right, int frames, int phase) noexcept {
    float* channels[2] = {left, right};
    if (!hiss_.still_at(0)) {
        // White noise minus half of its slow part: bright, as tape hiss is. Its RMS per unit is about 0.52.
        for (size_t s = 0; s < 2; ++s) {
            Side& side = sides_[s];
            for (int i = 0; i < frames; ++i) {
                const float white = side.hiss.white();
                side.hiss_state += 0.15f * (white - side.hiss_state);
                channels[s][i] += hiss_.at(phase + i) * 1.92f * (white - 0.5f * side.hiss_state);
            }
        }
    }
    if (!crackle_.still_at(0)) {
        const auto chance = static_cast<float>(kCracklesPerSecond / rate());
        const auto ring = static_cast<float>(std::exp(-1.0 / (0.0004 * rate())));
        const auto turn = static_cast<float>(2.0 * ring * std::cos(kTwoPi * 2400.0 / rate()));
        for (int i = 0; i < frames; ++i) {
            const float amount = crackle_.at(phase + i);
            float click[2] = {0, 0};
            if (dust_.unit() < chance * amount) {
                // Most are small: the cube of a uniform draw.
                const float u = dust_.unit();
                const float size = 0.25f * amount * (0.05f + u * u * u);
                const float place = dust_.unit();
                click[0] = size * place;
                click[1] = size * (1.0f - place);
            }
            for (size_t s = 0; s < 2; ++s) {
                float* state = sides_[s].crackle_state;
                const float y = click[s] + turn * state[0] - ring * ring * state[1];
                state[1] = state[0];
                state[0] = y;
                channels[s][i] += y;
            }
        }
    }
    const double hum_step = (value(kHum60) >= 0.5f ? 60.0 : 50.0) / rate();
    if (!hum_.still_at(0)) {
        for (int i = 0; i < frames; ++i) {
            const auto angle = static_cast<float>(kTwoPi * (hum_phase_ + hum_step * (phase + i)));
            const float tone =
                0.6f * std::sin(angle) + 0.25f * std::sin(2 * angle) + 0.15f * std::sin(3 * angle);
            left[i] += hum_.at(phase + i) * tone;
            right[i] += hum_.at(phase + i) * tone;
        }
    }
    if (phase + frames == kTick) hum_phase_ = std::fmod(hum_phase_ + hum_step * kTick, 1.0);
}

void Tape::run(float* left, float* right, int frames, int phase) noexcept {
    run_motion(sides_[0], left, frames, phase);
    run_motion(sides_[1], right, frames, phase);
    if (bump_on_) {
        rumble_.process(left, right, frames);
        bump_.process(left, right, frames);
    }
    if (treble_on_) treble_.process(left, right, frames);
    add_noise(left, right, frames, phase);
    if (output_.still_at(1)) return;
    for (int i = 0; i < frames; ++i) {
        left[i] *= output_.at(phase + i);
        right[i] *= output_.at(phase + i);
    }
}

} // namespace loopmind::effects
