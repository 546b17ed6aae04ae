// A plain radix-2 FFT and what is read off it.
#include "tests/models/synth/measure.h"

#include <cmath>
#include <complex>
#include <numbers>

namespace loopmind::synth_test {
namespace {

void fft(std::vector<std::complex<double>>& a) {
    const std::size_t n = a.size();
    for (std::size_t i = 1, j = 0; i < n; ++i) {
        std::size_t bit = n >> 1;
        for (; j & bit; bit >>= 1)
            j ^= bit;
        j ^= bit;
        if (i < j) std::swap(a[i], a[j]);
    }
    for (std::size_t size = 2; size <= n; size <<= 1) {
        std::vector<std::complex<double>> turn(size / 2);
        for (std::size_t k = 0; k < size / 2; ++k) {
            turn[k] =
                std::polar(1.0, -2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(size));
        }
        for (std::size_t i = 0; i < n; i += size) {
            for (std::size_t k = 0; k < size / 2; ++k) {
                const auto even = a[i + k];
                const auto odd = a[i + k + size / 2] * turn[k];
                a[i + k] = even + odd;
                a[i + k + size / 2] = even - odd;
            }
        }
    }
}

} // namespace

double rms(std::span<const float> x) {
    double sum = 0;
    for (const float v : x)
        sum += static_cast<double>(v) * v;
    return std::sqrt(sum / static_cast<double>(x.size()));
}

double peak(std::span<const float> x) {
    double out = 0;
    for (const float v : x)
        out = std::max(out, std::abs(static_cast<double>(v)));
    return out;
}

std::vector<double> power_spectrum(std::span<const float> x) {
    std::vector<std::complex<double>> a(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double p = 2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(x.size());
        a[i] =
            x[i] * (0.35875 - 0.48829 * std::cos(p) + 0.14128 * std::cos(2 * p) - 0.01168 * std::cos(3 * p));
    }
    fft(a);
    std::vector<double> out(x.size() / 2 + 1);
    for (std::size_t i = 0; i < out.size(); ++i)
        out[i] = std::norm(a[i]);
    return out;
}

double centroid(std::span<const float> x, double rate) {
    const auto power = power_spectrum(x);
    double sum = 0, weighted = 0;
    for (std::size_t i = 0; i < power.size(); ++i) {
        sum += power[i];
        weighted += power[i] * static_cast<double>(i) * rate / static_cast<double>(x.size());
    }
    return weighted / sum;
}

double share_above(std::span<const float> x, double rate, double hz) {
    const auto power = power_spectrum(x);
    double sum = 0, above = 0;
    for (std::size_t i = 0; i < power.size(); ++i) {
        sum += power[i];
        if (static_cast<double>(i) * rate / static_cast<double>(x.size()) >= hz) above += power[i];
    }
    return above / sum;
}

double strongest(std::span<const float> x, double rate, double low, double high) {
    const auto power = power_spectrum(x);
    const double bin = rate / static_cast<double>(x.size());
    std::size_t best = 1;
    double most = -1;
    for (auto i = static_cast<std::size_t>(low / bin); i <= static_cast<std::size_t>(high / bin) + 1; ++i) {
        if (i > 0 && i + 1 < power.size() && power[i] > most) most = power[best = i];
    }
    const double a = std::log(power[best - 1]), b = std::log(power[best]), c = std::log(power[best + 1]);
    return (static_cast<double>(best) + 0.5 * (a - c) / (a - 2 * b + c)) * bin;
}

double inharmonic_db(std::span<const float> x, double rate, double fundamental, double tolerance) {
    const auto power = power_spectrum(x);
    double sum = 0, between = 0;
    for (std::size_t i = 0; i < power.size(); ++i) {
        const double hz = static_cast<double>(i) * rate / static_cast<double>(x.size());
        sum += power[i];
        const double multiple = std::max(1.0, std::round(hz / fundamental));
        if (std::abs(hz - multiple * fundamental) > tolerance) between += power[i];
    }
    return 10 * std::log10(between / sum + 1e-20);
}

} // namespace loopmind::synth_test
