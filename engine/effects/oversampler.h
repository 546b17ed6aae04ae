// Two, four or eight times the rate and back, for effects that bend the waveform.
#pragma once

#include "engine/effects/effect.h"

#include <array>
#include <cstring>

namespace loopmind::effects {

/// A half-band low-pass, Kaiser window, about 100 dB: the N taps that weigh the odd phase; the even phase is
/// a delay of N / 2. Tap k lies k - N / 2 + 1/2 from the middle.
template <int N> const std::array<float, N>& half_band_taps();

/// One side of a cascade of half-band filters with linear phase. The first stage passes to 0.42 of the base
/// rate and stops from 0.58; later ones only have to keep that band clean. Works on at most one tick per
/// call; the samples do not depend on how ticks are cut.
class Oversampler {
  public:
    static constexpr int kMaxStages = 3;
    static constexpr int kMaxFrames = Effect::kTick << kMaxStages;

    /// `stages` 1..3 double the rate that often. Designs the filters at first use; resets.
    void prepare(int stages);
    void reset();
    int factor() const { return 1 << stages_; }
    /// Base frames by which up() and down() together lag.
    int latency() const;

    /// `out` gets frames * factor() values.
    void up(const float* in, int frames, float* out);
    /// `in` holds frames * factor() values.
    void down(const float* in, int frames, float* out);

  private:
    static constexpr std::array<int, kMaxStages> kTaps = {40, 12, 8};
    template <int N, int Longest> struct Stage {
        std::array<float, N + Longest> input;     ///< up: base samples
        std::array<float, N + Longest> even, odd; ///< down: the two phases
        void reset();
        void up(const float* in, int frames, float* out);
        void down(const float* in, int frames, float* out);
    };

    int stages_ = kMaxStages;
    Stage<kTaps[0], Effect::kTick> first_;
    Stage<kTaps[1], Effect::kTick * 2> second_;
    Stage<kTaps[2], Effect::kTick * 4> third_;
};

} // namespace loopmind::effects
