// A sample-and-hold and a rounding.
#include "engine/effects/bitcrusher.h"

#include "engine/effects/gain.h"

#include <algorithm>
#include <cmath>

namespace loopmind::effects {

namespace {
constexpr ParameterInfo kInfos[] = {
    {"bits", "bits", 1, 16, 8, "Word length", Scale::kLinear, 5, 12},
    {"rate_hz", "Hz", 200, 192000, 16000, "Sample rate; at or over the session's it is off",
     Scale::kLogarithmic, 4000, 24000},
    {"dither", "ratio", 0, 1, 0, "Noise before rounding, in steps", Scale::kLinear, 0, 1},
    {"mix", "ratio", 0, 1, 1, "Crushed sound against the input", Scale::kLinear, 0.4f, 1},
    {"output_db", "dB", -24, 24, 0, "Level at the end", Scale::kLinear, -2, 2},
};
} // namespace

Bitcrusher::Bitcrusher() : Effect(kInfos) {}

void Bitcrusher::on_reset() noexcept {
    noise_ = Noise();
    clock_ = 1;
    held_[0] = held_[1] = 0;
    started_ = false;
}

void Bitcrusher::on_tick(bool moved) noexcept {
    if (!started_) {
        mix_.jump(value(kMix));
        output_.jump(gain_from_db(value(kOutputDb)));
        started_ = true;
    }
    mix_.move(value(kMix));
    output_.move(moved ? gain_from_db(value(kOutputDb)) : output_.to);
    if (!moved) return;
    step_ = static_cast<float>(std::exp2(1.0 - value(kBits)));
    per_step_ = static_cast<float>(std::exp2(value(kBits) - 1.0));
    per_frame_ = std::min(1.0, value(kRateHz) / rate());
    dither_ = value(kDither);
}

float Bitcrusher::quantise(float x) noexcept {
    const float noise = dither_ > 0 ? dither_ * noise_.triangular() : 0.0f;
    if (x == 0.0f) return 0.0f;
    const float scaled = std::clamp(x, -1.0f, 1.0f) * per_step_ + noise;
    return std::clamp(static_cast<float>(std::lrint(scaled)) * step_, -1.0f, 1.0f);
}

void Bitcrusher::run(float* left, float* right, int frames, int phase) noexcept {
    for (int i = 0; i < frames; ++i) {
        // Sums of sixths and the like fall short of 1 by rounding.
        if (clock_ >= 1.0 - 1e-9) {
            clock_ -= 1.0;
            held_[0] = quantise(left[i]);
            held_[1] = quantise(right[i]);
        }
        clock_ += per_frame_;
        const float mix = mix_.at(phase + i);
        const float output = output_.at(phase + i);
        left[i] = (mix * held_[0] + (1.0f - mix) * left[i]) * output; // mix 1 gives whole steps
        right[i] = (mix * held_[1] + (1.0f - mix) * right[i]) * output;
    }
}

} // namespace loopmind::effects
