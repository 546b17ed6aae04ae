// Pre-delay and filters around two convolvers.
#include "engine/effects/convolution.h"

#include "engine/effects/impulse_response.h"

#include <algorithm>
#include <cmath>

namespace loopmind::effects {

namespace {
constexpr float kHighCutOff = 20000;
constexpr ParameterInfo kInfos[] = {
    {"wet", "ratio", 0, 1, 0.25f, "Gain of the reverberated sound", Scale::kLinear, 0.1f, 0.45f},
    {"dry", "ratio", 0, 1, 1, "Gain of the input; 0 on a send bus"},
    {"space", "", 0, 3, 1, "0 room, 1 hall, 2 plate, 3 spring; takes effect at prepare", Scale::kSwitch, 0,
     3},
    {"decay_s", "s", 0.1f, 6, 1.8f, "Time in which it falls by 60 dB; takes effect at prepare",
     Scale::kLogarithmic, 0.4f, 3},
    {"size", "ratio", 0.3f, 2, 1, "Size of the space; takes effect at prepare", Scale::kLogarithmic, 0.6f,
     1.6f},
    {"brightness", "ratio", 0, 1, 0.5f, "How long the treble lasts; takes effect at prepare", Scale::kLinear,
     0.2f, 0.9f},
    {"predelay_ms", "ms", 0, 250, 8, "Time before the first reflections", Scale::kLinear, 0, 40},
    {"low_cut_hz", "Hz", 10, 1000, 120, "High-pass of the reverberated sound, 12 dB/octave",
     Scale::kLogarithmic, 60, 300},
    {"high_cut_hz", "Hz", 500, kHighCutOff, kHighCutOff,
     "Low-pass of the reverberated sound, 12 dB/octave; 20000 is off", Scale::kLogarithmic, 4000, 18000},
    {"width", "ratio", 0, 1, 1, "Stereo width of the reverberated sound", Scale::kLinear, 0.6f, 1},
};
} // namespace

Convolution::Convolution() : Effect(kInfos) {}

double Convolution::tail_seconds() const {
    return target(kPredelayMs) / 1000.0 + response_seconds_ + 4.0 / target(kLowCutHz);
}

void Convolution::on_prepare(double rate) {
    SpaceSettings settings;
    settings.space = static_cast<Space>(std::clamp(std::lround(target(kSpace)), 0L, kSpaces - 1L));
    settings.decay_seconds = target(kDecaySeconds);
    settings.size = target(kSize);
    settings.brightness = target(kBrightness);
    const StereoResponse response = make_response(settings, rate);
    convolvers_[0].prepare(response.left, 0);
    convolvers_[1].prepare(response.right, 1);
    response_seconds_ = static_cast<double>(response.left.size()) / rate;
    for (auto& ring : predelay_)
        ring.prepare(static_cast<int>(0.25 * rate) + 2 * kTick);
}

void Convolution::on_reset() noexcept {
    for (auto& convolver : convolvers_)
        convolver.reset();
    for (auto& ring : predelay_)
        ring.reset();
    low_cut_.reset();
    high_cut_.reset();
    started_ = false;
}

void Convolution::on_tick(bool moved) noexcept {
    auto frames_of = [this](float ms) { return static_cast<int>(std::lround(rate() * ms / 1000.0)); };
    const int predelay = moved ? frames_of(value(kPredelayMs)) : predelay_to_;
    if (!started_) {
        wet_.jump(value(kWet));
        dry_.jump(value(kDry));
        width_.jump(value(kWidth));
        predelay_to_ = predelay;
        started_ = true;
    }
    wet_.move(value(kWet));
    dry_.move(value(kDry));
    width_.move(value(kWidth));
    predelay_from_ = predelay_to_;
    predelay_to_ = predelay;
    if (!moved) return;
    using C = BiquadCoefficients;
    low_cut_.set(C::high_pass(rate(), value(kLowCutHz), 0.7071));
    const bool on = value(kHighCutHz) < kHighCutOff;
    if (on && !high_cut_on_) high_cut_.reset();
    high_cut_on_ = on;
    high_cut_.set(C::low_pass(rate(), std::min<double>(value(kHighCutHz), 0.49 * rate()), 0.7071));
}

void Convolution::run(float* left, float* right, int frames, int phase) noexcept {
    float* channels[2] = {left, right};
    std::array<std::array<float, kTick>, 2> wet;
    for (size_t side = 0; side < 2; ++side) {
        DelayRing& ring = predelay_[side];
        std::array<float, kTick> in;
        for (int i = 0; i < frames; ++i) {
            ring.push(channels[side][i]);
            float x = ring.whole(predelay_to_);
            if (predelay_from_ != predelay_to_) {
                const float old = ring.whole(predelay_from_);
                x = old + (x - old) * (static_cast<float>(phase + i + 1) / kTick);
            }
            in[static_cast<size_t>(i)] = x;
        }
        convolvers_[side].process(in.data(), wet[side].data(), frames);
    }
    low_cut_.process(wet[0].data(), wet[1].data(), frames);
    if (high_cut_on_) high_cut_.process(wet[0].data(), wet[1].data(), frames);
    for (int i = 0; i < frames; ++i) {
        const auto n = static_cast<size_t>(i);
        const int place = phase + i;
        const float middle = 0.5f * (wet[0][n] + wet[1][n]);
        const float side = 0.5f * (wet[0][n] - wet[1][n]) * width_.at(place);
        left[i] = dry_.at(place) * left[i] + wet_.at(place) * (middle + side);
        right[i] = dry_.at(place) * right[i] + wet_.at(place) * (middle - side);
    }
}

} // namespace loopmind::effects
