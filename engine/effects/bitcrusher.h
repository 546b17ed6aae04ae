// Bit crusher: fewer bits and a lower sample rate, without the filters that would hide it.
#pragma once

#include "engine/effects/effect.h"
#include "engine/effects/noise.h"
#include "engine/effects/ramp.h"

namespace loopmind::effects {

/// Holds each sample for rate() / rate_hz frames and rounds it to whole steps of 2^(1 - bits), clipping at
/// full scale as a converter does. `bits` may be a fraction. `dither` 1 adds triangular noise of one step to
/// each side before rounding (a generator that reset() begins anew); exact silence stays silent.
class Bitcrusher final : public Effect {
  public:
    enum Parameter { kBits, kRateHz, kDither, kMix, kOutputDb };

    Bitcrusher();
    std::string_view type() const override { return "bitcrusher"; }
    double tail_seconds() const override { return 0.006; } ///< the longest hold

  private:
    void on_prepare(double) override {}
    void on_reset() noexcept override;
    void on_tick(bool moved) noexcept override;
    void run(float* left, float* right, int frames, int phase) noexcept override;
    float quantise(float x) noexcept;

    Noise noise_;
    double per_frame_ = 1; ///< samples taken per frame
    double clock_ = 1;     ///< a sample is taken when this reaches 1
    float step_ = 1;
    float per_step_ = 1;
    float dither_ = 0;
    float held_[2] = {0, 0};
    Ramp mix_;
    Ramp output_;
    bool started_ = false;
};

} // namespace loopmind::effects
