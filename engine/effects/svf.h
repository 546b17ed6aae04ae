// Coefficients of the trapezoidal state-variable filter that filter and width share.
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>

namespace loopmind::effects {

/// Topology-preserving transform of the analogue filter 1 / (s^2 + s / Q + 1) with zero-delay feedback, after
/// V. Zavalishin, "The Art of VA Filter Design", ch. 4, and A. Simper's form of its solution:
/// v3 = x - s2; v1 = a1 s1 + a2 v3; v2 = s2 + a2 s1 + a3 v3; s1 = 2 v1 - s1; s2 = 2 v2 - s2,
/// where v2 is the low-pass and v1 / Q the band-pass. Equal to the bilinear transform when it stands still
/// and stable however fast it moves.
struct Svf {
    /// tan(pi f / rate), f kept between 5 Hz and 0.49 of the rate.
    static double warp(double hertz, double rate) {
        return std::tan(std::numbers::pi * std::clamp(hertz, 5.0, 0.49 * rate) / rate);
    }
};

} // namespace loopmind::effects
