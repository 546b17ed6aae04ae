// Convolution reverb: the sound of a computed room, hall, plate or spring.
#pragma once

#include "engine/effects/biquad.h"
#include "engine/effects/delay_ring.h"
#include "engine/effects/effect.h"
#include "engine/effects/partitioned_convolver.h"
#include "engine/effects/ramp.h"

#include <array>

namespace loopmind::effects {

/// Each side is convolved with its own response (impulse_response.h) in fixed partitions: no latency, the
/// same samples for any block size. `space`, `decay_s`, `size` and `brightness` take effect at prepare(),
/// which computes the response; the rest moves while it sounds.
class Convolution final : public Effect {
  public:
    enum Parameter {
        kWet,
        kDry,
        kSpace,
        kDecaySeconds,
        kSize,
        kBrightness,
        kPredelayMs,
        kLowCutHz,
        kHighCutHz,
        kWidth
    };

    Convolution();
    std::string_view type() const override { return "convolution"; }
    double tail_seconds() const override;

  private:
    void on_prepare(double rate) override;
    void on_reset() noexcept override;
    void on_tick(bool moved) noexcept override;
    void run(float* left, float* right, int frames, int phase) noexcept override;

    std::array<PartitionedConvolver, 2> convolvers_;
    std::array<DelayRing, 2> predelay_;
    StereoBiquad low_cut_, high_cut_;
    bool high_cut_on_ = false;
    int predelay_from_ = 0; ///< frames; a tick fades from the one to the other
    int predelay_to_ = 0;
    double response_seconds_ = 0;
    Ramp wet_, dry_, width_;
    bool started_ = false;
};

} // namespace loopmind::effects
