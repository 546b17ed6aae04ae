// Multiband compressor: three or four bands, each with its own compressor.
#pragma once

#include "engine/effects/compressor_core.h"
#include "engine/effects/crossover.h"
#include "engine/effects/effect.h"

#include <array>

namespace loopmind::effects {

/// Linkwitz-Riley crossovers, 24 dB/octave; a band that leaves the chain early passes the phase of the
/// crossovers it missed, so without compression the bands add up to an all-pass: flat. Each band has the
/// compressor of CompressorCore (both channels linked) and a gain; bands count from the lowest, and the last
/// one is band3 or band4. `mix` blends with the sum of the untouched bands, which is in phase. How many bands
/// there are is read at prepare(). Crossovers keep an order: each is at least a quarter octave above the one
/// before.
class Multiband final : public Effect {
  public:
    static constexpr int kMaxBands = 4;
    enum Parameter {
        kBands,
        kCrossover1Hz, ///< then 2 and 3
        kKneeDb = kCrossover1Hz + kMaxBands - 1,
        kRms,
        kMix,
        kFirstBand ///< then threshold, ratio, attack, release and gain per band
    };
    enum BandParameter { kThresholdDb, kRatio, kAttackMs, kReleaseMs, kGainDb, kBandParameters };

    Multiband();
    std::string_view type() const override { return "multiband"; }
    double tail_seconds() const override;

  private:
    struct Band {
        CompressorCore core;
        CompressorCore::Level level;
        std::array<CrossoverPhase, kMaxBands - 2> phases; ///< of the crossovers behind the one it left at
    };
    CompressorSettings settings(int band) const;
    void on_prepare(double rate) override;
    void on_reset() noexcept override;
    void on_tick(bool moved) noexcept override;
    void run(float* left, float* right, int frames, int phase) noexcept override;

    int bands_ = 3;
    std::array<Crossover, kMaxBands - 1> crossovers_;
    std::array<Band, kMaxBands> band_;
};

} // namespace loopmind::effects
