// Flanger: a short swinging delay with feedback; through zero when asked.
#pragma once

#include "engine/effects/delay_ring.h"
#include "engine/effects/effect.h"
#include "engine/effects/lfo.h"
#include "engine/effects/ramp.h"

#include <array>

namespace loopmind::effects {

/// w(t) = x(t) + feedback * w(t - d), out = (1 - mix) x(t) + mix * w(t - d): a comb with notches where the
/// two paths oppose. d swings from `delay_ms` to `delay_ms` + `depth_ms`. Through zero, both paths are late
/// by kCentreMs and d swings around that by `depth_ms` to each side, so the delayed copy overtakes the input
/// as two tape machines do; `delay_ms` is not used then and latency() tells kCentreMs. That switch takes
/// effect at prepare(), because the latency depends on it. The right side swings `spread` half periods ahead.
class Flanger final : public Effect {
  public:
    enum Parameter {
        kRateHz,
        kSync,
        kBeats,
        kDepthMs,
        kDelayMs,
        kFeedback,
        kSpread,
        kMix,
        kThroughZero,
        kTempo
    };
    static constexpr double kCentreMs = 6.0;

    Flanger();
    std::string_view type() const override { return "flanger"; }
    int latency() const override { return through_zero_ ? centre_ : 0; }
    double tail_seconds() const override;

  private:
    void on_prepare(double rate) override;
    void on_reset() noexcept override;
    void on_tick(bool moved) noexcept override;
    void run(float* left, float* right, int frames, int phase) noexcept override;

    std::array<DelayRing, 2> rings_; ///< what is delayed: input and feedback
    std::array<DelayRing, 2> dry_;   ///< through zero: the late input
    std::array<double, 2> from_{};   ///< delay in frames
    std::array<double, 2> to_{};
    int centre_ = 0;
    bool through_zero_ = false;
    bool started_ = false;
    Lfo lfo_;
    Ramp feedback_;
    Ramp mix_;
};

} // namespace loopmind::effects
