// Compressor with soft knee, look-ahead, parallel mix and side-chain.
#pragma once

#include "engine/effects/biquad.h"
#include "engine/effects/compressor_core.h"
#include "engine/effects/effect.h"
#include "engine/effects/lookahead_delay.h"

namespace loopmind::effects {

/// CompressorCore says what threshold, ratio, knee, attack, release and detector mean, and after whom.
///
/// Look-ahead delays the audio against the detector; it is read at prepare() because the latency depends on
/// it. Automatic make-up adds half of what the static curve takes from a level of 0 dBFS. `mix` blends the
/// compressed sound with the input, delayed alike. With ratio 1 and no make-up every bit passes. The key (own
/// input or side-chain) goes through a 12 dB/octave Butterworth high-pass that is off at its lowest setting.
class Compressor final : public Effect {
  public:
    enum Parameter {
        kThresholdDb,
        kRatio,
        kKneeDb,
        kAttackMs,
        kReleaseMs,
        kMakeupDb,
        kAutoMakeup,
        kMix,
        kLink,
        kRms,
        kKeyHighPassHz,
        kLookaheadMs
    };
    Compressor();
    std::string_view type() const override { return "compressor"; }
    bool takes_key() const override { return true; }
    int latency() const override { return delay_.frames(); }
    double tail_seconds() const override { return delay_.frames() / rate(); }
    /// Decibels that the static curve adds to a steady level (in dBFS as the detector reads it), make-up
    /// included and mix not, for the parameters set now (for displays).
    double static_gain_db(double level_db) const;

  private:
    template <typename Read> static CompressorSettings settings(Read read);
    template <typename Read> static double makeup_db(Read read);
    void on_prepare(double rate) override;
    void on_reset() noexcept override;
    void on_tick(bool moved) noexcept override;
    void run(float* left, float* right, int frames, int phase) noexcept override;

    CompressorCore core_;
    LookaheadDelay delay_;
    StereoBiquad key_filter_;
    bool key_filtered_ = false;
    CompressorCore::Level level_;
};

} // namespace loopmind::effects
