// A straight line through one tick, the way every level and coefficient moves.
#pragma once

#include "engine/effects/effect.h"

namespace loopmind::effects {

/// From where a quantity stood at the start of the tick to where it stands at its end.
struct Ramp {
    float from = 0;
    float to = 0;

    /// A tick begins: goes on to `next`.
    void move(float next) {
        from = to;
        to = next;
    }
    /// Stands still at `place`.
    void jump(float place) { from = to = place; }
    bool still() const { return from == to; }
    bool still_at(float place) const { return from == place && to == place; }
    /// Value at the frame `place` (0..kTick - 1) of the tick; the last frame stands at `to`.
    float at(int place) const {
        return from + (to - from) * (static_cast<float>(place + 1) * (1.0f / Effect::kTick));
    }
};

} // namespace loopmind::effects
