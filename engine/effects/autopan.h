// Auto-pan: moves the sound between the sides, or its level up and down.
#pragma once

#include "engine/effects/effect.h"
#include "engine/effects/lfo.h"
#include "engine/effects/ramp.h"

#include <array>

namespace loopmind::effects {

/// Gains sqrt(2) sin(pi/4 (1 + depth * s)) with the LFO s on the left and (1 - 2 spread) s on the right:
/// spread 1 pans at constant power, 0 is a tremolo of both sides. The shape begins at `phase_deg` when
/// playback does and is smoothed by a one-pole of `smooth_ms`.
class Autopan final : public Effect {
  public:
    enum Parameter { kRateHz, kSync, kBeats, kDepth, kShape, kPhaseDeg, kSpread, kSmoothMs, kTempo };

    Autopan();
    std::string_view type() const override { return "autopan"; }

  private:
    void on_prepare(double) override {}
    void on_reset() noexcept override;
    void on_tick(bool moved) noexcept override;
    void run(float* left, float* right, int frames, int phase) noexcept override;

    Lfo lfo_;
    double smoothed_ = 0;
    bool started_ = false;
    std::array<Ramp, 2> gain_;
};

} // namespace loopmind::effects
