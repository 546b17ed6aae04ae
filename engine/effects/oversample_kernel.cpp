// Designs the interpolation filter and runs it four outputs at a time.
#include "engine/effects/oversample_kernel.h"

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

using Quad = float __attribute__((vector_size(16)));

Quad load(const float* from) {
    Quad out;
    std::memcpy(&out, from, sizeof out);
    return out;
}

} // namespace

const OversampleKernel& OversampleKernel::shared() {
    static const OversampleKernel kernel = design();
    return kernel;
}

template <std::size_t N>
void run_fir(const float* x, const std::array<float, N>& taps, float* out, int count) {
    int i = 0;
    for (; i + 16 <= count; i += 16) {
        Quad a{}, b{}, c{}, d{};
        for (int k = 0; k < static_cast<int>(N); ++k) {
            const float h = taps[static_cast<size_t>(k)];
            const float* at = x + i + k;
            a += h * load(at);
            b += h * load(at + 4);
            c += h * load(at + 8);
            d += h * load(at + 12);
        }
        std::memcpy(out + i, &a, sizeof a);
        std::memcpy(out + i + 4, &b, sizeof b);
        std::memcpy(out + i + 8, &c, sizeof c);
        std::memcpy(out + i + 12, &d, sizeof d);
    }
    for (; i < count; ++i) {
        float sum = 0;
        for (int k = 0; k < static_cast<int>(N); ++k)
            sum += taps[static_cast<size_t>(k)] * x[i + k];
        out[i] = sum;
    }
}

template void run_fir(const float*, const std::array<float, 8>&, float*, int);
template void run_fir(const float*, const std::array<float, OversampleKernel::kTaps>&, float*, int);
template void run_fir(const float*, const std::array<float, 40>&, float*, int);
template void run_fir(const float*, const std::array<float, 64>&, float*, int);
template void run_fir(const float*, const std::array<float, OversampleKernel::kMeterTaps>&, float*, int);

} // namespace loopmind::effects
