// Blocks behind the eleven samples that the filter looks back at.
#include "engine/effects/meter_peak.h"

#include "engine/effects/quad_math.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace loopmind::effects {
namespace {

/// Largest magnitude; what is not a number counts as silence.
float largest(const float* x, int count) {
    Quad most = splat(0.0f);
    int i = 0;
    for (; i + 4 <= count; i += 4) {
        const Quad at = load_quad(x + i);
        most = larger(at, larger(-at, most));
    }
    float out = std::max(std::max(most[0], most[1]), std::max(most[2], most[3]));
    for (; i < count; ++i)
        out = std::abs(x[i]) > out ? std::abs(x[i]) : out;
    return out;
}

} // namespace

void MeterPeak::reset() {
    line_.fill(0.0f);
    peak_ = 0;
}

void MeterPeak::add(std::span<const float> samples) {
    std::array<float, kBlock> points;
    while (!samples.empty()) {
        const int count = static_cast<int>(std::min<std::size_t>(samples.size(), kBlock));
        std::memcpy(line_.data() + kHistory, samples.data(), sizeof(float) * static_cast<size_t>(count));
        peak_ = std::max(peak_, largest(samples.data(), count));
        for (const auto& taps : OversampleKernel::shared().meter) {
            run_fir(line_.data(), taps, points.data(), count);
            peak_ = std::max(peak_, largest(points.data(), count));
        }
        std::memmove(line_.data(), line_.data() + count, sizeof(float) * kHistory);
        samples = samples.subspan(static_cast<size_t>(count));
    }
}

} // namespace loopmind::effects
