// Gate: a downward expander with hysteresis and hold.
#pragma once

#include "engine/effects/biquad.h"
#include "engine/effects/branching_smoother.h"
#include "engine/effects/effect.h"
#include "engine/effects/lookahead_delay.h"

namespace loopmind::effects {

/// Opens when the level of the louder channel reaches the threshold, and stays open until it has been below
/// threshold - hysteresis for the hold time. Open, the gain is 1. Closed, it is ratio - 1 decibels down per
/// decibel below the threshold, at most `range_db`: ratio 100 is a gate, ratio 2 a soft expander.
///
/// The level is a peak that rises at once and falls with a time constant of kDecaySeconds (so that it does
/// not drop between two half-waves). Attack and release are time constants (63.2 %) of the gain as an
/// amplitude: a release to silence falls 8.7 dB per time constant. Open for long, every bit passes.
/// Look-ahead is read at prepare().
class Gate final : public Effect {
  public:
    enum Parameter {
        kThresholdDb,
        kHysteresisDb,
        kRatio,
        kRangeDb,
        kAttackMs,
        kHoldMs,
        kReleaseMs,
        kKeyHighPassHz,
        kLookaheadMs
    };
    static constexpr double kDecaySeconds = 0.01;

    Gate();
    std::string_view type() const override { return "gate"; }
    bool takes_key() const override { return true; }
    int latency() const override { return delay_.frames(); }
    double tail_seconds() const override { return delay_.frames() / rate(); }

  private:
    void on_prepare(double rate) override;
    void on_reset() noexcept override;
    void on_tick(bool moved) noexcept override;
    void run(float* left, float* right, int frames, int phase) noexcept override;
    void compute_gains(const float* left, const float* right, float* gains, int frames) noexcept;

    float open_at_ = 0, close_at_ = 0, slope_ = 0, range_ = 0; ///< octaves
    int hold_frames_ = 0;
    float decay_ = 0;
    float peak_ = 0; ///< power
    bool open_ = false;
    int held_ = 0; ///< frames of hold to go
    BranchingSmoother gain_;
    LookaheadDelay delay_;
    StereoBiquad key_filter_;
    bool key_filtered_ = false;
};

} // namespace loopmind::effects
