// Chorus: up to six voices, each a copy whose delay swings.
#pragma once

#include "engine/effects/delay_ring.h"
#include "engine/effects/effect.h"
#include "engine/effects/lfo.h"
#include "engine/effects/ramp.h"

#include <array>

namespace loopmind::effects {

/// out = (1 - mix) x + mix * sum over v of x(t - delay - depth * sin(2 pi (rate t + v / voices))) /
/// sqrt(voices). The right channel's voices are `spread` half periods ahead. A one-pole high-pass at
/// `low_cut_hz` before the voices leaves the bass where it is (10 Hz: off). Delays are interpolated
/// (third-order Lagrange).
class Chorus final : public Effect {
  public:
    enum Parameter { kRateHz, kDepthMs, kDelayMs, kVoices, kSpread, kLowCutHz, kMix };
    static constexpr int kMaxVoices = 6;

    Chorus();
    std::string_view type() const override { return "chorus"; }
    double tail_seconds() const override;

  private:
    struct Voice {
        double from = 1, to = 1; ///< delay in frames
        Ramp level;
    };
    void on_prepare(double rate) override;
    void on_reset() noexcept override;
    void on_tick(bool moved) noexcept override;
    void run(float* left, float* right, int frames, int phase) noexcept override;

    std::array<DelayRing, 2> rings_;
    std::array<std::array<Voice, kMaxVoices>, 2> voices_;
    std::array<float, 2> low_cut_state_{};
    float low_cut_ = 0;
    Lfo lfo_;
    bool started_ = false;
    Ramp mix_;
};

} // namespace loopmind::effects
