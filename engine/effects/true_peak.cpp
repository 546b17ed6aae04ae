// Three points between samples, by two filters, and the maximum of all magnitudes.
#include "engine/effects/true_peak.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace loopmind::effects {

void TruePeakEnvelope::reset() {
    for (auto& line : lines_)
        line.fill(0.0f);
}

void TruePeakEnvelope::run(const float* input, std::array<float, kHistory + kMaxBlock>& line, float* envelope,
                           int frames, bool first) {
    const auto& kernel = OversampleKernel::shared();
    std::memcpy(line.data() + kHistory, input, sizeof(float) * static_cast<size_t>(frames));
    // line[kHistory + n] is the newest input of output frame n; frame n is about input n - kDelay, whose taps
    // start 15 before it: at kHistory + n - kDelay - 15 = n + 1.
    const float* centre = line.data() + kHistory - kDelay;
    for (int n = 0; n < frames; ++n) {
        const float magnitude = std::abs(centre[n]);
        envelope[n] = first ? magnitude : std::max(envelope[n], magnitude);
    }
    std::array<float, kMaxBlock> point;
    auto raise = [&] {
        for (int n = 0; n < frames; ++n) {
            envelope[n] = std::max(envelope[n], std::abs(point[static_cast<size_t>(n)]));
        }
    };
    for (const auto& taps : kernel.phases) {
        run_fir(line.data() + 1, taps, point.data(), frames);
        raise();
    }
    for (const auto& taps : kernel.meter) {
        run_fir(line.data() + 11, taps, point.data(), frames); // five before the centre
        raise();
    }
    std::memmove(line.data(), line.data() + frames, sizeof(float) * kHistory);
}

void TruePeakEnvelope::process(const float* left, const float* right, float* envelope, int frames) {
    for (int at = 0; at < frames; at += kMaxBlock) {
        const int count = std::min(kMaxBlock, frames - at);
        run(left + at, lines_[0], envelope + at, count, true);
        run(right + at, lines_[1], envelope + at, count, false);
    }
}

} // namespace loopmind::effects
