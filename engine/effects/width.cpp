// Scales the middle and the high-passed side.
#include "engine/effects/width.h"

#include "engine/effects/gain.h"
#include "engine/effects/svf.h"

namespace loopmind::effects {

namespace {
constexpr float kMonoOff = 10.0f;
constexpr ParameterInfo kInfos[] = {
    {"width", "ratio", 0, 2, 1, "Level of the sides: 0 mono, 1 as it is, 2 doubled", Scale::kLinear, 0.6f,
     1.6f},
    {"mono_below_hz", "Hz", kMonoOff, 500, kMonoOff, "Sides end below this frequency; 10 is off",
     Scale::kLogarithmic, 40, 200},
    {"middle_db", "dB", -12, 12, 0, "Level of the middle", Scale::kLinear, -2, 2},
};
} // namespace

Width::Width() : Effect(kInfos) {}

void Width::on_reset() noexcept {
    first_ = second_ = 0;
    width_.jump(target(kWidth));
    middle_.jump(gain_from_db(target(kMiddleDb)));
    filtered_.jump(target(kMonoBelowHz) > kMonoOff ? 1.0f : 0.0f);
}

void Width::on_tick(bool moved) noexcept {
    if (!moved) {
        width_.move(width_.to);
        middle_.move(middle_.to);
        filtered_.move(filtered_.to);
        return;
    }
    width_.move(value(kWidth));
    middle_.move(gain_from_db(value(kMiddleDb)));
    filtered_.move(value(kMonoBelowHz) > kMonoOff ? 1.0f : 0.0f);
    const double g = Svf::warp(value(kMonoBelowHz), rate());
    a1_ = 1.0 / (1.0 + g * (g + std::numbers::sqrt2));
    a2_ = g * a1_;
    a3_ = g * a2_;
}

void Width::run(float* left, float* right, int frames, int phase) noexcept {
    if (width_.still_at(1) && middle_.still_at(1) && filtered_.still_at(0)) return;
    const bool filtering = !filtered_.still_at(0);
    for (int i = 0; i < frames; ++i) {
        const int place = phase + i;
        const float middle = 0.5f * (left[i] + right[i]) * middle_.at(place);
        float side = 0.5f * (left[i] - right[i]);
        if (filtering) {
            const double v3 = side - second_;
            const double v1 = a1_ * first_ + a2_ * v3;
            const double v2 = second_ + a2_ * first_ + a3_ * v3;
            first_ = 2.0 * v1 - first_;
            second_ = 2.0 * v2 - second_;
            side -= filtered_.at(place) * static_cast<float>(std::numbers::sqrt2 * v1 + v2);
        }
        side *= width_.at(place);
        left[i] = middle + side;
        right[i] = middle - side;
    }
}

} // namespace loopmind::effects
