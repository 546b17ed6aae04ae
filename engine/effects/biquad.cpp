// Cookbook formulas and the stereo section.
#include "engine/effects/biquad.h"

#include <cmath>
#include <complex>
#include <numbers>

namespace loopmind::effects {

namespace {

struct Angle {
    double cosine, alpha;
    Angle(double rate, double frequency, double q) {
        const double w = 2.0 * std::numbers::pi * frequency / rate;
        cosine = std::cos(w);
        alpha = std::sin(w) / (2.0 * q);
    }
};

BiquadCoefficients normalised(double b0, double b1, double b2, double a0, double a1, double a2) {
    return {b0 / a0, b1 / a0, b2 / a0, a1 / a0, a2 / a0};
}

} // namespace

BiquadCoefficients BiquadCoefficients::low_pass(double rate, double frequency, double q) {
    const Angle w(rate, frequency, q);
    const double b = (1 - w.cosine) / 2;
    return normalised(b, 2 * b, b, 1 + w.alpha, -2 * w.cosine, 1 - w.alpha);
}

BiquadCoefficients BiquadCoefficients::high_pass(double rate, double frequency, double q) {
    const Angle w(rate, frequency, q);
    const double b = (1 + w.cosine) / 2;
    return normalised(b, -2 * b, b, 1 + w.alpha, -2 * w.cosine, 1 - w.alpha);
}

BiquadCoefficients BiquadCoefficients::all_pass(double rate, double frequency, double q) {
    const Angle w(rate, frequency, q);
    return normalised(1 - w.alpha, -2 * w.cosine, 1 + w.alpha, 1 + w.alpha, -2 * w.cosine, 1 - w.alpha);
}

BiquadCoefficients BiquadCoefficients::peak(double rate, double frequency, double q, double gain_db) {
    const Angle w(rate, frequency, q);
    const double a = std::pow(10.0, gain_db / 40.0);
    return normalised(1 + w.alpha * a, -2 * w.cosine, 1 - w.alpha * a, 1 + w.alpha / a, -2 * w.cosine,
                      1 - w.alpha / a);
}

BiquadCoefficients BiquadCoefficients::low_shelf(double rate, double frequency, double q, double gain_db) {
    const Angle w(rate, frequency, q);
    const double a = std::pow(10.0, gain_db / 40.0);
    const double r = 2 * std::sqrt(a) * w.alpha;
    return normalised(a * ((a + 1) - (a - 1) * w.cosine + r), 2 * a * ((a - 1) - (a + 1) * w.cosine),
                      a * ((a + 1) - (a - 1) * w.cosine - r), (a + 1) + (a - 1) * w.cosine + r,
                      -2 * ((a - 1) + (a + 1) * w.cosine), (a + 1) + (a - 1) * w.cosine - r);
}

BiquadCoefficients BiquadCoefficients::high_shelf(double rate, double frequency, double q, double gain_db) {
    const Angle w(rate, frequency, q);
    const double a = std::pow(10.0, gain_db / 40.0);
    const double r = 2 * std::sqrt(a) * w.alpha;
    return normalised(a * ((a + 1) + (a - 1) * w.cosine + r), -2 * a * ((a - 1) + (a + 1) * w.cosine),
                      a * ((a + 1) + (a - 1) * w.cosine - r), (a + 1) - (a - 1) * w.cosine + r,
                      2 * ((a - 1) - (a + 1) * w.cosine), (a + 1) - (a - 1) * w.cosine - r);
}

double BiquadCoefficients::magnitude_db(double rate, double frequency) const {
    const std::complex<double> z = std::polar(1.0, -2.0 * std::numbers::pi * frequency / rate);
    return 20.0 * std::log10(std::abs((b0 + b1 * z + b2 * z * z) / (1.0 + a1 * z + a2 * z * z)));
}

template <int kSections>
void StereoBiquad::run_cascade(StereoBiquad* const* sections, StereoFrame* frames, int count) {
    StereoBiquad local[kSections]; // copies, so that states stay in registers
    for (int k = 0; k < kSections; ++k)
        local[k] = *sections[k];
    for (int i = 0; i < count; ++i) {
        StereoFrame x = frames[i];
        for (int k = 0; k < kSections; ++k)
            x = local[k].next(x);
        frames[i] = x;
    }
    for (int k = 0; k < kSections; ++k)
        *sections[k] = local[k];
}

void StereoBiquad::process_cascade(StereoBiquad* const* sections, int section_count, StereoFrame* frames,
                                   int count) {
    for (; section_count >= 4; section_count -= 4, sections += 4)
        run_cascade<4>(sections, frames, count);
    if (section_count == 3) run_cascade<3>(sections, frames, count);
    if (section_count == 2) run_cascade<2>(sections, frames, count);
    if (section_count == 1) run_cascade<1>(sections, frames, count);
}

void StereoBiquad::process(StereoFrame* frames, int count) {
    StereoBiquad* self = this;
    run_cascade<1>(&self, frames, count);
}

void StereoBiquad::process(float* left, float* right, int frames) {
    StereoBiquad local = *this;
    for (int i = 0; i < frames; ++i) {
        const StereoFrame y = local.next(StereoFrame{left[i], right[i]});
        left[i] = static_cast<float>(y[0]);
        right[i] = static_cast<float>(y[1]);
    }
    *this = local;
}

} // namespace loopmind::effects
