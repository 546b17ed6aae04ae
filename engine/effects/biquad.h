// Second-order sections for stereo audio after Robert Bristow-Johnson's Audio EQ Cookbook.
#pragma once

namespace loopmind::effects {

/// Coefficients with a0 divided out: H(z) = (b0 + b1 z^-1 + b2 z^-2) / (1 + a1 z^-1 + a2 z^-2).
struct BiquadCoefficients {
    double b0 = 1, b1 = 0, b2 = 0, a1 = 0, a2 = 0;

    /// Cookbook formulas; `frequency` in Hz below rate / 2, shelves take Q (not slope), gain in dB.
    static BiquadCoefficients low_pass(double rate, double frequency, double q);
    static BiquadCoefficients high_pass(double rate, double frequency, double q);
    static BiquadCoefficients peak(double rate, double frequency, double q, double gain_db);
    static BiquadCoefficients low_shelf(double rate, double frequency, double q, double gain_db);
    static BiquadCoefficients high_shelf(double rate, double frequency, double q, double gain_db);
    /// Magnitude in dB at `frequency`.
    double magnitude_db(double rate, double frequency) const;
};

/// One section on both channels: transposed direct form II in double precision, left and right in two SIMD
/// lanes.
class StereoBiquad {
  public:
    void set(const BiquadCoefficients& coefficients) { coefficients_ = coefficients; }
    void reset() { first_ = second_ = Pair{0, 0}; }
    /// In place. Never allocates.
    void process(float* left, float* right, int frames);

  private:
    using Pair = double __attribute__((vector_size(16)));
    BiquadCoefficients coefficients_;
    Pair first_{0, 0};
    Pair second_{0, 0};
};

} // namespace loopmind::effects
