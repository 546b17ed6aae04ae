// The shapes of a clip's fades. JUCE-free.
#pragma once

#include <cmath>
#include <numbers>

namespace loopmind::session {

enum class FadeCurve { kLinear, kEqualPower, kSCurve, kExponential, kLogarithmic };

/// Linear gain at `x` of a fade-in, 0 at its silent end .. 1 at its full end (clamped); a fade-out is the
/// same from the other side. Every curve rises and goes from exactly 0 to exactly 1. Real-time safe.
///   linear       x
///   equal_power  sin(pi x / 2): crossing clips that differ keep their power
///   s_curve      x^2 (3 - 2x): crossing clips sum to 1 and start without a kink
///   exponential  (e^(5x) - 1) / (e^5 - 1): slow, then fast
///   logarithmic  the same turned round: fast, then slow
inline double fade_gain(FadeCurve curve, double x) noexcept {
    if (!(x > 0)) return 0;
    if (x >= 1) return 1;
    constexpr double kBend = 5;
    switch (curve) {
    case FadeCurve::kEqualPower:
        return std::sin(x * std::numbers::pi / 2);
    case FadeCurve::kSCurve:
        return x * x * (3 - 2 * x);
    case FadeCurve::kExponential:
        return std::expm1(kBend * x) / std::expm1(kBend);
    case FadeCurve::kLogarithmic:
        return std::expm1(-kBend * x) / std::expm1(-kBend);
    case FadeCurve::kLinear:
        break;
    }
    return x;
}

/// Gain at `position` of a clip (both in one unit, from the clip's start). Fades longer than the clip are cut
/// by its ends. Real-time safe.
inline double clip_fade_gain(double position, double length, double fade_in, FadeCurve in, double fade_out,
                             FadeCurve out) noexcept {
    double gain = 1;
    if (fade_in > 0 && position < fade_in) gain = fade_gain(in, position / fade_in);
    const double left = length - position;
    if (fade_out > 0 && left < fade_out) gain *= fade_gain(out, left / fade_out);
    return gain;
}

} // namespace loopmind::session
