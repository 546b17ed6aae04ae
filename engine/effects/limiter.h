// Limiter: look-ahead true-peak limiter for the end of the master chain.
#pragma once

#include "engine/effects/effect.h"
#include "engine/effects/limiter_gain.h"
#include "engine/effects/true_peak.h"

#include <vector>

namespace loopmind::effects {

/// Keeps the true peak (TruePeakEnvelope) at or below the ceiling; both channels get the same gain. A safety
/// margin of kMarginDb below the ceiling covers what differs between meters. Below the ceiling every bit
/// passes, delayed by latency(). Look-ahead is read at prepare() because the latency depends on it.
class Limiter final : public Effect {
  public:
    enum Parameter { kCeilingDb, kReleaseMs, kLookaheadMs };
    static constexpr double kMarginDb = 0.1;

    Limiter();
    std::string_view type() const override { return "limiter"; }
    int latency() const override { return delay_; }
    double tail_seconds() const override;

    /// Look-ahead in frames for a setting, and the linear level that peaks are held to. Shared with
    /// settle_master.
    static int lookahead_frames(double rate, double lookahead_ms);
    static float held_level(double ceiling_db);

  private:
    void on_prepare(double rate) override;
    void on_reset() noexcept override;
    void on_tick(bool moved) noexcept override;
    void run(float* left, float* right, int frames, int phase) noexcept override;

    TruePeakEnvelope envelope_;
    LimiterGain gain_;
    int delay_ = 0;
    std::vector<float> left_;
    std::vector<float> right_;
    float ceiling_ = 1;
};

} // namespace loopmind::effects
