// Naive band-limited saw, sample by sample.
#include "tests/bench/synth/scalar_reference.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace loopmind::bench {

std::vector<float> render_scalar(const composer::Plan& plan, const composer::StemPlan& stem, int rate,
                                 std::int64_t frames) {
    std::vector<float> out(static_cast<std::size_t>(frames), 0.0f);
    const double beat = 60.0 / plan.tempo * rate;
    for (const auto& note : stem.notes) {
        const double hz = 440.0 * std::exp2((note.pitch - 69) / 12.0);
        const int harmonics = std::min(64, static_cast<int>(0.46 * rate / hz));
        const auto start = static_cast<std::int64_t>(note.start * beat);
        const auto held = static_cast<std::int64_t>(note.length * beat);
        const auto length = held + rate / 5;
        double state = 0;
        for (std::int64_t i = 0; i < length; ++i) {
            const double t = static_cast<double>(i) / rate;
            double saw = 0;
            for (int k = 1; k <= harmonics; ++k)
                saw += std::sin(2 * std::numbers::pi * k * hz * t) / k;
            const double cutoff = 400 + 4000 * std::exp(-t / 0.2);
            state += (saw - state) * (1 - std::exp(-2 * std::numbers::pi * cutoff / rate));
            const double envelope =
                std::min(1.0, t / 0.004) *
                (i < held ? 1.0 : std::exp(-static_cast<double>(i - held) / (0.04 * rate)));
            out[static_cast<std::size_t>((start + i) % frames)] += static_cast<float>(0.1 * state * envelope);
        }
    }
    return out;
}

} // namespace loopmind::bench
