// Width: level of the sides against the middle, with the bass kept in the middle.
#pragma once

#include "engine/effects/effect.h"
#include "engine/effects/ramp.h"

namespace loopmind::effects {

/// Middle (L + R) / 2 and side (L - R) / 2; the side is scaled by `width` and, with `mono_below_hz` over 10,
/// passes a Butterworth high-pass of 12 dB/octave there. The middle is only scaled (`middle_db`), so the mono
/// sum keeps every frequency. With nothing changed every bit passes.
class Width final : public Effect {
  public:
    enum Parameter { kWidth, kMonoBelowHz, kMiddleDb };

    Width();
    std::string_view type() const override { return "width"; }
    double tail_seconds() const override { return 0.2; }

  private:
    void on_prepare(double) override {}
    void on_reset() noexcept override;
    void on_tick(bool moved) noexcept override;
    void run(float* left, float* right, int frames, int phase) noexcept override;

    Ramp width_;
    Ramp middle_;
    Ramp filtered_; ///< 0: the side as it is, 1: high-passed
    double a1_ = 1, a2_ = 0, a3_ = 0;
    double first_ = 0, second_ = 0;
};

} // namespace loopmind::effects
