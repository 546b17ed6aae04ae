// Gain with a straight ramp inside each tick.
#include "engine/effects/gain.h"

#include <cmath>

namespace loopmind::effects {

namespace {
constexpr ParameterInfo kInfos[] = {
    {"gain_db", "dB", -144, 60, 0, "Level change; -144 is silence", Scale::kLinear, -3, 3}};
} // namespace

float gain_from_db(float db) {
    if (db <= -144.0f) return 0.0f;
    return db == 0.0f ? 1.0f : static_cast<float>(std::pow(10.0, db / 20.0));
}

Gain::Gain() : Effect(kInfos) {}

void Gain::on_tick(bool moved) noexcept {
    if (moved) {
        from_ = gain_from_db(previous(kGainDb));
        to_ = gain_from_db(value(kGainDb));
    } else {
        from_ = to_;
    }
}

void Gain::run(float* left, float* right, int frames, int phase) noexcept {
    if (from_ == to_) {
        if (to_ == 1.0f) return;
        for (int i = 0; i < frames; ++i)
            left[i] *= to_;
        for (int i = 0; i < frames; ++i)
            right[i] *= to_;
        return;
    }
    const float step = (to_ - from_) / kTick;
    for (int i = 0; i < frames; ++i) {
        const float gain = from_ + step * static_cast<float>(phase + i + 1);
        left[i] *= gain;
        right[i] *= gain;
    }
}

} // namespace loopmind::effects
