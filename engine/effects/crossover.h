// A fourth-order Linkwitz-Riley crossover for stereo audio.
#pragma once

#include "engine/effects/biquad.h"

namespace loopmind::effects {

/// Splits a signal at one frequency, 24 dB/octave, -6 dB in both parts (S. Linkwitz, "Active Crossover
/// Networks for Noncoincident Drivers", JAES 24(1), 1976). Low part: two Butterworth low-passes. Both parts
/// add up to a second-order all-pass of the same frequency and Q; so the high part is that all-pass less the
/// low part, one section instead of two.
class Crossover {
  public:
    /// `frequency` in Hz below rate / 2.
    void set(double rate, double frequency);
    void reset();
    /// `frames` becomes the high part.
    void split(StereoFrame* frames, StereoFrame* low, int count);

  private:
    StereoBiquad first_, second_, all_pass_;
};

/// The phase of a crossover without its split: what a band that bypasses a crossover needs to stay in phase.
class CrossoverPhase {
  public:
    void set(double rate, double frequency);
    void reset() { all_pass_.reset(); }
    void process(StereoFrame* frames, int count) { all_pass_.process(frames, count); }

  private:
    StereoBiquad all_pass_;
};

} // namespace loopmind::effects
