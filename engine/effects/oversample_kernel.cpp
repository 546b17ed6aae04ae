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
            sum += taps[k];
        }
        for (int k = 0; k < OversampleKernel::kTaps; ++k) {
            kernel.phases[static_cast<size_t>(p)][static_cast<size_t>(k)] = static_cast<float>(taps[k] / sum);
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

void run_fir(const float* x, const float* taps, float* out, int count) {
    constexpr int kTaps = OversampleKernel::kTaps;
    int i = 0;
    for (; i + 16 <= count; i += 16) {
        Quad a{}, b{}, c{}, d{};
        for (int k = 0; k < kTaps; ++k) {
            const float h = taps[k];
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
        for (int k = 0; k < kTaps; ++k)
            sum += taps[k] * x[i + k];
        out[i] = sum;
    }
}

} // namespace loopmind::effects
