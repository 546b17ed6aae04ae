// Filter: a resonant low-, high-, band-pass or notch that an LFO and the signal's own level move.
#pragma once

#include "engine/effects/effect.h"
#include "engine/effects/lfo.h"
#include "engine/effects/ramp.h"

#include <array>

namespace loopmind::effects {

/// One (12 dB/octave) or two (24 dB/octave) trapezoidal state-variable sections, see svf.h. `q` is that of
/// the section; with 24 dB a low- or high-pass of q 0.7071 is a Butterworth of fourth order, other q scale
/// its second section; the band-pass has unity gain in its middle. The corner is cutoff * 2^(lfo_octaves *
/// LFO + env_octaves * envelope), where the envelope is the peak level (0..1) of the side-chain input, or of
/// the input without one.
class Filter final : public Effect {
  public:
    enum Parameter {
        kMode,
        kSlope,
        kCutoffHz,
        kQ,
        kLfoOctaves,
        kShape,
        kRateHz,
        kSync,
        kBeats,
        kEnvOctaves,
        kAttackMs,
        kReleaseMs,
        kMix,
        kTempo
    };
    enum class Mode { kLow, kHigh, kBand, kNotch };

    Filter();
    std::string_view type() const override { return "filter"; }
    bool takes_key() const override { return true; }
    double tail_seconds() const override;

  private:
    using Pair = double __attribute__((vector_size(16)));
    /// Per frame of a run: what Svf's solution and the mix of its outputs take.
    struct Track {
        std::array<double, kTick> a1, a2, a3, m0, m1, m2;
    };
    struct Section {
        Pair first{};
        Pair second{};
        Ramp damping; ///< 1 / Q
    };
    void on_prepare(double) override {}
    void on_reset() noexcept override;
    void on_tick(bool moved) noexcept override;
    void run(float* left, float* right, int frames, int phase) noexcept override;
    void follow_level(const float* left, const float* right, int frames) noexcept;
    void fill_track(const Section& section, int frames, int phase) noexcept;
    static void run_section(Section& section, const Track& track, Pair* io, int frames) noexcept;

    Track track_;
    std::array<Section, 2> sections_;
    Ramp warp_;                  ///< tan(pi f / rate)
    std::array<Ramp, 4> weight_; ///< of each mode; they sum to 1
    Ramp slope_;
    Ramp mix_;
    Lfo lfo_;
    float envelope_ = 0;
    float attack_ = 1;
    float release_ = 1;
    bool started_ = false;
};

} // namespace loopmind::effects
