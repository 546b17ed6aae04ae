// Designs the interpolation filter and runs it many outputs at a time.
#include "engine/effects/oversample_kernel.h"

#include "engine/effects/wide_simd.h"

#include <cmath>
#include <cstring>
#include <numbers>

namespace loopmind::effects {

namespace {

double bessel_i0(double x) {
    double sum = 1;
    double term = 1;
    for (int k = 1; k < 60; ++k) {
        term *= (x / (2.0 * k)) * (x / (2.0 * k));
        sum += term;
    }
    return sum;
}

OversampleKernel design() {
    constexpr double kBeta = 7.86; // about 80 dB
    constexpr double kHalf = OversampleKernel::kTaps / 2;
    OversampleKernel kernel{};
    for (int p = 0; p < OversampleKernel::kFactor - 1; ++p) {
        const double shift = (p + 1) / 4.0;
        double taps[OversampleKernel::kTaps];
        double sum = 0;
        for (int k = 0; k < OversampleKernel::kTaps; ++k) {
            const double distance = shift + (kHalf - 1) - k; // from the output point to sample k
            const double x = std::numbers::pi * distance;
            const double edge = distance / kHalf;
            const double window = edge * edge < 1 ? bessel_i0(kBeta * std::sqrt(1 - edge * edge)) : 0.0;
            taps[k] = window * std::sin(x) / x;
            sum += taps[static_cast<size_t>(k)];
        }
        for (int k = 0; k < OversampleKernel::kTaps; ++k) {
            kernel.phases[static_cast<size_t>(p)][static_cast<size_t>(k)] = static_cast<float>(taps[k] / sum);
        }
    }
    for (int p = 0; p < OversampleKernel::kFactor - 1; ++p) {
        for (int k = 0; k < OversampleKernel::kMeterTaps; ++k) {
            const double m = p + 1 + 4 * (5 - k); // in quarters of a sample from the point to the sample
            const double x = std::numbers::pi * m / 4;
            const double window = 0.5 * (1.0 + std::cos(2.0 * std::numbers::pi * m / 48));
            kernel.meter[static_cast<size_t>(p)][static_cast<size_t>(k)] =
                static_cast<float>(window * std::sin(x) / x);
        }
    }
    return kernel;
}

/// Four registers of type V at a time, then one, then what is left one by one: every output adds in the same
/// order.
template <typename V>
LOOPMIND_INLINE void convolve(const float* x, const float* taps, int tap_count, float* out, int count) {
    constexpr int kLanes = sizeof(V) / sizeof(float);
    int i = 0;
    for (; i + 4 * kLanes <= count; i += 4 * kLanes) {
        V a{}, b{}, c{}, d{}, at;
        for (int k = 0; k < tap_count; ++k) {
            const float h = taps[k];
            const float* from = x + i + k;
            std::memcpy(&at, from, sizeof at);
            a += h * at;
            std::memcpy(&at, from + kLanes, sizeof at);
            b += h * at;
            std::memcpy(&at, from + 2 * kLanes, sizeof at);
            c += h * at;
            std::memcpy(&at, from + 3 * kLanes, sizeof at);
            d += h * at;
        }
        std::memcpy(out + i, &a, sizeof a);
        std::memcpy(out + i + kLanes, &b, sizeof b);
        std::memcpy(out + i + 2 * kLanes, &c, sizeof c);
        std::memcpy(out + i + 3 * kLanes, &d, sizeof d);
    }
    for (; i + kLanes <= count; i += kLanes) {
        V sum{}, at;
        for (int k = 0; k < tap_count; ++k) {
            std::memcpy(&at, x + i + k, sizeof at);
            sum += taps[k] * at;
        }
        std::memcpy(out + i, &sum, sizeof sum);
    }
    for (; i < count; ++i) {
        float sum = 0;
        for (int k = 0; k < tap_count; ++k)
            sum += taps[k] * x[i + k];
        out[i] = sum;
    }
}

LOOPMIND_AVX2 void convolve_avx2(const float* x, const float* taps, int tap_count, float* out, int count) {
    convolve<Lanes8>(x, taps, tap_count, out, count);
}

void convolve_plain(const float* x, const float* taps, int tap_count, float* out, int count) {
    convolve<Lanes4>(x, taps, tap_count, out, count);
}

} // namespace

const OversampleKernel& OversampleKernel::shared() {
    static const OversampleKernel kernel = design();
    return kernel;
}

void run_fir(const float* x, const float* taps, int tap_count, float* out, int count) {
    if (has_avx2()) return convolve_avx2(x, taps, tap_count, out, count);
    convolve_plain(x, taps, tap_count, out, count);
}

} // namespace loopmind::effects
