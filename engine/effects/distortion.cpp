// Upsamples, bends and comes back.
#include "engine/effects/distortion.h"

#include "engine/effects/gain.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

namespace loopmind::effects {

namespace {
constexpr double kReference = 0.25; // -12 dBFS
constexpr float kToneOff = 20000;
constexpr ParameterInfo kInfos[] = {
    {"curve", "", 0, 3, 0, "0 soft (tanh), 1 hard clip, 2 fold, 3 tube", Scale::kSwitch, 0, 3},
    {"drive_db", "dB", 0, 36, 15, "Gain into the curve; the fold takes half", Scale::kLinear, 6, 26},
    {"tone_hz", "Hz", 500, kToneOff, 8000, "Low-pass after the curve, 6 dB/octave; 20000 is off",
     Scale::kLogarithmic, 2500, 14000},
    {"mix", "ratio", 0, 1, 1, "Distorted sound against the input", Scale::kLinear, 0.4f, 1},
    {"output_db", "dB", -24, 24, 0, "Level at the end", Scale::kLinear, -2, 1},
};

/// Bessel function of order 0, by its series or, from 8 on, by the first terms for large arguments.
double bessel_j0(double x) {
    if (x > 8) {
        return std::sqrt(2.0 / (std::numbers::pi * x)) *
               (std::cos(x - std::numbers::pi / 4) + std::sin(x - std::numbers::pi / 4) / (8.0 * x));
    }
    double term = 1;
    double sum = 1;
    for (int k = 1; k < 40; ++k) {
        term *= -(x * x) / (4.0 * k * k);
        sum += term;
    }
    return sum;
}
} // namespace

Distortion::Distortion() : Effect(kInfos) {}

double Distortion::gain_of(Curve curve, double drive_db) {
    return std::pow(10.0, (curve == Curve::kFold ? 0.5 : 1.0) * drive_db / 20.0);
}

double Distortion::makeup_of(Curve curve, double gain) {
    const double x = gain * kReference;
    // The power of sin(x sin t) is (1 - J0(2 x)) / 2.
    if (curve == Curve::kFold) return kReference / std::sqrt(1.0 - bessel_j0(2.0 * x));
    return 2.0 * kReference / (curve_value(curve, x) - curve_value(curve, -x));
}

void Distortion::on_prepare(double rate) {
    const int stages = rate < 64000 ? 3 : rate < 128000 ? 2 : 1;
    for (Side& side : sides_)
        side.oversampler.prepare(stages);
    latency_ = sides_[0].oversampler.latency() + 1;
    Shaper::prepare();
    dc_step_ = static_cast<float>(1.0 - std::exp(-2.0 * std::numbers::pi * 5.0 / rate));
}

void Distortion::on_reset() noexcept {
    for (Side& side : sides_) {
        side.oversampler.reset();
        side.shaper.reset();
        side.late.fill(0.0f);
        side.dry.fill(0.0f);
        side.dc = side.tone = 0;
    }
    started_ = false;
}

void Distortion::on_tick(bool moved) noexcept {
    old_curve_ = curve_;
    curve_ = static_cast<Curve>(std::clamp(std::lround(target(kCurve)), 0L, kCurves - 1L));
    if (started_ && !moved) {
        for (Ramp* ramp : {&gain_, &makeup_, &tone_, &mix_, &output_})
            ramp->move(ramp->to);
        return;
    }
    const double gain = gain_of(curve_, value(kDriveDb));
    const double tone =
        value(kToneHz) >= kToneOff ? 1.0 : 1.0 - std::exp(-2.0 * std::numbers::pi * value(kToneHz) / rate());
    const float now[] = {static_cast<float>(gain), static_cast<float>(makeup_of(curve_, gain)),
                         static_cast<float>(tone), value(kMix), gain_from_db(value(kOutputDb))};
    int i = 0;
    for (Ramp* ramp : {&gain_, &makeup_, &tone_, &mix_, &output_}) {
        if (!started_) ramp->jump(now[i]);
        ramp->move(now[i++]);
    }
    if (!started_) old_curve_ = curve_;
    started_ = true;
}

void Distortion::shape(Side& side, float* io, int frames, int phase) noexcept {
    const int factor = side.oversampler.factor();
    const int count = frames * factor;
    const float step = 1.0f / static_cast<float>(kTick * factor);
    auto ramped = [&](const Ramp& ramp, int i) {
        return ramp.from + (ramp.to - ramp.from) * (static_cast<float>(phase * factor + i + 1) * step);
    };
    for (int i = 0; i < count; ++i)
        io[i] *= ramped(gain_, i);
    if (old_curve_ != curve_) {
        std::array<float, Oversampler::kMaxFrames> before;
        std::memcpy(before.data(), io, sizeof(float) * static_cast<size_t>(count));
        Shaper former = side.shaper;
        former.process(old_curve_, before.data(), count);
        side.shaper.process(curve_, io, count);
        for (int i = 0; i < count; ++i) {
            const float old = before[static_cast<size_t>(i)];
            io[i] = old + (io[i] - old) * (static_cast<float>(phase * factor + i + 1) * step);
        }
    } else {
        side.shaper.process(curve_, io, count);
    }
    for (int i = 0; i < count; ++i)
        io[i] *= ramped(makeup_, i);
}

void Distortion::run_side(Side& side, float* io, int frames, int phase) noexcept {
    const int factor = side.oversampler.factor();
    const auto kept = static_cast<size_t>(factor - 1); // with the curve's own sample: one frame
    std::memcpy(side.dry.data() + latency_, io, sizeof(float) * static_cast<size_t>(frames));
    float* bent = side.late.data() + kept;
    side.oversampler.up(io, frames, bent);
    shape(side, bent, frames, phase);
    std::array<float, kTick> wet;
    side.oversampler.down(side.late.data(), frames, wet.data());
    std::memmove(side.late.data(), side.late.data() + frames * factor, sizeof(float) * kept);
    for (int i = 0; i < frames; ++i) {
        const int place = phase + i;
        const auto n = static_cast<size_t>(i);
        side.dc += dc_step_ * (wet[n] - side.dc);
        side.tone += tone_.at(place) * (wet[n] - side.dc - side.tone);
        const float dry = side.dry[n];
        io[i] = (dry + mix_.at(place) * (side.tone - dry)) * output_.at(place);
    }
    std::memmove(side.dry.data(), side.dry.data() + frames, sizeof(float) * static_cast<size_t>(latency_));
}

void Distortion::run(float* left, float* right, int frames, int phase) noexcept {
    run_side(sides_[0], left, frames, phase);
    run_side(sides_[1], right, frames, phase);
}

} // namespace loopmind::effects
