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
/// lanes.
class StereoBiquad {
  public:
    void set(const BiquadCoefficients& coefficients) { c_ = coefficients; }
    void reset() { first_ = second_ = StereoFrame{0, 0}; }
    /// In place. Never allocates.
    void process(float* left, float* right, int frames);
    void process(StereoFrame* frames, int count);

    /// Runs `sections` one after the other over the same frames, as process() of each in turn would, but up
    /// to four of them for every frame: the processor then works on several sections at once instead of
    /// waiting for the recursion of one.
    static void process_cascade(StereoBiquad* const* sections, int section_count, StereoFrame* frames,
                                int count);

    /// One frame through the section.
    StereoFrame next(StereoFrame x) {
        const StereoFrame y = c_.b0 * x + first_;
        first_ = (c_.b1 * x + second_) - c_.a1 * y;
        second_ = c_.b2 * x - c_.a2 * y;
        return y;
    }

  private:
    template <int kSections>
    static void run_cascade(StereoBiquad* const* sections, StereoFrame* frames, int count);

    BiquadCoefficients c_;
    StereoFrame first_{0, 0};
    StereoFrame second_{0, 0};
};

} // namespace loopmind::effects
