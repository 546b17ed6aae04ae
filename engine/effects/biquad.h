// Second-order sections for stereo audio after Robert Bristow-Johnson's Audio EQ Cookbook.
#pragma once

namespace loopmind::effects {

/// Coefficients with a0 divided out: H(z) = (b0 + b1 z^-1 + b2 z^-2) / (1 + a1 z^-1 + a2 z^-2).
struct BiquadCoefficients {
    double b0 = 1, b1 = 0, b2 = 0, a1 = 0, a2 = 0;

    /// Cookbook formulas; `frequency` in Hz below rate / 2, shelves take Q (not slope), gain in dB.
    static BiquadCoefficients low_pass(double rate, double frequency, double q);
    static BiquadCoefficients high_pass(double rate, double frequency, double q);
    static BiquadCoefficients all_pass(double rate, double frequency, double q);
    static BiquadCoefficients peak(double rate, double frequency, double q, double gain_db);
    static BiquadCoefficients low_shelf(double rate, double frequency, double q, double gain_db);
    static BiquadCoefficients high_shelf(double rate, double frequency, double q, double gain_db);
    /// Magnitude in dB at `frequency`.
    double magnitude_db(double rate, double frequency) const;
};

/// A frame of stereo audio in double precision, one channel per SIMD lane.
using StereoFrame = double __attribute__((vector_size(16)));

/// One section on both channels: transposed direct form II in double precision, left and right in two SIMD
/// lanes. The output in the feedback is written out as b0 x + state, which shortens the chain from frame to
/// frame by an addition:
///     y = b0 x + s1,   s1' = (b1 - a1 b0) x + s2 - a1 s1,   s2' = (b2 - a2 b0) x - a2 s1
class StereoBiquad {
  public:
    void set(const BiquadCoefficients& c) { c_ = {c.b0, c.b1 - c.a1 * c.b0, c.b2 - c.a2 * c.b0, c.a1, c.a2}; }
    void reset() { first_ = second_ = StereoFrame{0, 0}; }
    /// In place. Never allocates.
    void process(float* left, float* right, int frames);
    void process(StereoFrame* frames, int count);

    /// Runs `sections` one after the other over the same frames, as process() of each in turn would, but up
    /// to four of them for every frame: the processor then works on several sections at once instead of
    /// waiting for the recursion of one.
    static void process_cascade(StereoBiquad* const* sections, int section_count, StereoFrame* frames,
                                int count);

    /// The same on planar audio, in place; at most kLongest frames.
    static constexpr int kLongest = 256;
    static void process_cascade(StereoBiquad* const* sections, int section_count, float* left, float* right,
                                int count);

    /// One frame through the section.
    StereoFrame next(StereoFrame x) {
        const StereoFrame before = first_;
        first_ = (c_.c1 * x + second_) - c_.a1 * before;
        second_ = c_.c2 * x - c_.a2 * before;
        return c_.b0 * x + before;
    }

  private:
    template <int kSections>
    static void run_cascade(StereoBiquad* const* sections, StereoFrame* frames, int count);
    static void run_four(StereoBiquad* const* sections, StereoFrame* frames, int count);
    struct Pair;
    static void run_four_avx2(StereoBiquad* const* sections, StereoFrame* frames, int count);

    struct Weights {
        double b0 = 1, c1 = 0, c2 = 0, a1 = 0, a2 = 0;
    };
    Weights c_;
    StereoFrame first_{0, 0};
    StereoFrame second_{0, 0};
};

} // namespace loopmind::effects
