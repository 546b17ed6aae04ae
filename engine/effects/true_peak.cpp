// Three points between samples by the long filter, their parabolas, three more by the short one, and the
// maximum of all.
#include "engine/effects/true_peak.h"

#include "engine/effects/wide_simd.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

namespace loopmind::effects {

namespace {

using Taps = std::array<float, TruePeakEnvelope::kTaps>;

double bessel_i0(double x) {
    double sum = 1, term = 1;
    for (int k = 1; k < 60; ++k) {
        term *= (x / (2.0 * k)) * (x / (2.0 * k));
        sum += term;
    }
    return sum;
}

std::array<Taps, 3> design() {
    constexpr double kBeta = 8, kHalf = TruePeakEnvelope::kTaps / 2;
    std::array<Taps, 3> out;
    for (size_t p = 0; p < out.size(); ++p) {
        std::array<double, TruePeakEnvelope::kTaps> taps;
        double sum = 0;
        for (size_t k = 0; k < taps.size(); ++k) {
            const double distance = static_cast<double>(p + 1) / 4 + (kHalf - 1) - static_cast<double>(k);
            const double x = std::numbers::pi * distance, edge = distance / kHalf;
            const double window = edge * edge < 1 ? bessel_i0(kBeta * std::sqrt(1 - edge * edge)) : 0.0;
            taps[k] = window * std::sin(x) / x;
            sum += taps[k];
        }
        for (size_t k = 0; k < taps.size(); ++k)
            out[p][k] = static_cast<float>(taps[k] / sum);
    }
    return out;
}

/// Taps for a quarter, a half and three quarters of a sample behind the centre.
const std::array<Taps, 3>& kernel() {
    static const std::array<Taps, 3> taps = design();
    return taps;
}

/// Largest of the envelope and, at each point y that is larger than the points `a` before and `b` after it,
/// the peak of the parabola through the three: y + (b - a)^2 / (8 (2 y - a - b)). V: a register, or one
/// float.
template <typename V>
LOOPMIND_INLINE void raise_peak(const float* a, const float* y, const float* b, float* envelope) {
    V before, at, after, largest;
    std::memcpy(&before, a, sizeof before);
    std::memcpy(&at, y, sizeof at);
    std::memcpy(&after, b, sizeof after);
    std::memcpy(&largest, envelope, sizeof largest);
    const auto magnitude = [](V& x) { x = x < 0.0f ? -x : x; };
    V bend = 2.0f * at - before - after;
    const V slant = after - before;
    magnitude(bend);
    magnitude(before);
    magnitude(at);
    magnitude(after);
    const V above = slant * slant / (8.0f * bend + 1e-30f);
    const V beyond_before = at >= before ? above : V{};
    const V peak = at + (at >= after ? beyond_before : V{});
    largest = largest > peak ? largest : peak;
    std::memcpy(envelope, &largest, sizeof largest);
}

template <typename V>
LOOPMIND_INLINE void raise_peaks(const float* a, const float* y, const float* b, float* envelope,
                                 int frames) {
    constexpr int kLanes = sizeof(V) / sizeof(float);
    int n = 0;
    for (; n + kLanes <= frames; n += kLanes)
        raise_peak<V>(a + n, y + n, b + n, envelope + n);
    for (; n < frames; ++n)
        raise_peak<float>(a + n, y + n, b + n, envelope + n);
}

using Points = std::array<float, TruePeakEnvelope::kMaxBlock + 1>;

template <typename V>
LOOPMIND_INLINE void raise_all(const float* samples, const std::array<Points, 3>& points, float* envelope,
                               int frames) {
    // points[p][n + 1] lies (p + 1) / 4 behind samples[n]; points[p][0] is of the frame before.
    const float* last = points[2].data();
    raise_peaks<V>(last, samples, points[0].data() + 1, envelope, frames);
    raise_peaks<V>(samples, points[0].data() + 1, points[1].data() + 1, envelope, frames);
    raise_peaks<V>(points[0].data() + 1, points[1].data() + 1, points[2].data() + 1, envelope, frames);
    raise_peaks<V>(points[1].data() + 1, points[2].data() + 1, samples + 1, envelope, frames);
}

LOOPMIND_AVX2 void raise_all_avx2(const float* samples, const std::array<Points, 3>& points, float* envelope,
                                  int frames) {
    raise_all<Lanes8>(samples, points, envelope, frames);
}

void raise_all_plain(const float* samples, const std::array<Points, 3>& points, float* envelope, int frames) {
    raise_all<Lanes4>(samples, points, envelope, frames);
}

} // namespace

void TruePeakEnvelope::prepare() {
    kernel();
    OversampleKernel::shared();
}

void TruePeakEnvelope::reset() {
    channels_ = {};
}

void TruePeakEnvelope::run(const float* input, Channel& channel, float* envelope, int frames, bool first) {
    float* line = channel.line.data();
    std::memcpy(line + kHistory, input, sizeof(float) * static_cast<size_t>(frames));
    // line[kHistory + n] is the newest input of output frame n; frame n is about input n - kDelay, and its
    // taps start kTaps / 2 - 1 before that, at kHistory + n - kTaps + 1 = n + 1.
    const float* centre = line + kHistory - kDelay;
    if (first) std::fill(envelope, envelope + frames, 0.0f);
    std::array<Points, 3> points;
    for (size_t p = 0; p < points.size(); ++p)
        run_fir(line + 1, kernel()[p], points[p].data() + 1, frames);
    points[2][0] = channel.before;
    channel.before = points[2][static_cast<size_t>(frames)];
    if (has_avx2())
        raise_all_avx2(centre, points, envelope, frames);
    else
        raise_all_plain(centre, points, envelope, frames);
    std::array<float, kMaxBlock> point;
    for (const auto& taps : OversampleKernel::shared().meter) {
        run_fir(centre - 5, taps, point.data(), frames);
        for (int n = 0; n < frames; ++n)
            envelope[n] = std::max(envelope[n], std::abs(point[static_cast<size_t>(n)]));
    }
    std::memmove(line, line + frames, sizeof(float) * kHistory);
}

void TruePeakEnvelope::process(const float* left, const float* right, float* envelope, int frames) {
    for (int at = 0; at < frames; at += kMaxBlock) {
        const int count = std::min(kMaxBlock, frames - at);
        run(left + at, channels_[0], envelope + at, count, true);
        run(right + at, channels_[1], envelope + at, count, false);
    }
}

} // namespace loopmind::effects
