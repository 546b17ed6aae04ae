// Constant-power balance with straight ramps inside each tick.
#include "engine/effects/pan.h"

#include <cmath>
#include <numbers>

namespace loopmind::effects {

namespace {
constexpr ParameterInfo kInfos[] = {
    {"pan", "", -1, 1, 0, "Place between left (-1) and right (1)", Scale::kLinear, -0.6f, 0.6f},
    {"width", "ratio", 0, 2, 1, "Stereo width: 0 mono, 1 as it is, 2 sides doubled", Scale::kLinear, 0.6f,
     1.5f},
};
} // namespace

Pan::Pan() : Effect(kInfos) {}

Pan::Gains Pan::gains_at(float pan, float width) {
    if (pan == 0) return {1, 1, width};
    const double angle = (pan + 1.0) * std::numbers::pi / 4.0;
    return {static_cast<float>(std::numbers::sqrt2 * std::cos(angle)),
            static_cast<float>(std::numbers::sqrt2 * std::sin(angle)), width};
}

void Pan::on_tick(bool moved) noexcept {
    if (moved) {
        from_ = gains_at(previous(kPan), previous(kWidth));
        to_ = gains_at(value(kPan), value(kWidth));
    } else {
        from_ = to_;
    }
}

void Pan::run(float* left, float* right, int frames, int phase) noexcept {
    if (from_ == to_ && to_.width == 1) {
        if (to_ == Gains{}) return;
        for (int i = 0; i < frames; ++i)
            left[i] *= to_.left;
        for (int i = 0; i < frames; ++i)
            right[i] *= to_.right;
        return;
    }
    for (int i = 0; i < frames; ++i) {
        const float at = static_cast<float>(phase + i + 1) / kTick;
        const float width = from_.width + at * (to_.width - from_.width);
        const float gain_left = from_.left + at * (to_.left - from_.left);
        const float gain_right = from_.right + at * (to_.right - from_.right);
        const float middle = 0.5f * (left[i] + right[i]);
        const float side = 0.5f * (left[i] - right[i]) * width;
        left[i] = (middle + side) * gain_left;
        right[i] = (middle - side) * gain_right;
    }
}

} // namespace loopmind::effects
