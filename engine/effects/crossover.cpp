// Three sections per split.
#include "engine/effects/crossover.h"

namespace loopmind::effects {

namespace {
constexpr double kButterworth = 0.70710678118654752;
}

void Crossover::set(double rate, double frequency) {
    const auto low = BiquadCoefficients::low_pass(rate, frequency, kButterworth);
    first_.set(low);
    second_.set(low);
    all_pass_.set(BiquadCoefficients::all_pass(rate, frequency, kButterworth));
}

void Crossover::reset() {
    first_.reset();
    second_.reset();
    all_pass_.reset();
}

void Crossover::split(StereoFrame* frames, StereoFrame* low, int count) {
    StereoBiquad first = first_, second = second_, all_pass = all_pass_; // in registers
    for (int i = 0; i < count; ++i) {
        const StereoFrame x = frames[i];
        const StereoFrame below = second.next(first.next(x));
        low[i] = below;
        frames[i] = all_pass.next(x) - below;
    }
    first_ = first;
    second_ = second;
    all_pass_ = all_pass;
}

void CrossoverPhase::set(double rate, double frequency) {
    all_pass_.set(BiquadCoefficients::all_pass(rate, frequency, kButterworth));
}

} // namespace loopmind::effects
