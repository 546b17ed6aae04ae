// The shapes of clip fades.
#pragma once

#include <optional>
#include <string_view>

namespace loopmind::graph {

enum class FadeCurve { kLinear, kEqualPower, kSCurve, kExponential, kLogarithmic };

/// The curve that a session names: linear, equal_power, s_curve, exponential, logarithmic.
std::optional<FadeCurve> fade_curve_of(std::string_view name);

/// Gain of a fade-in at `x` of its way, 0..1; 0 at 0 and 1 at 1. A fade-out is the same read backwards.
/// The curves of session::fade_gain in arithmetic that gives the same bits everywhere. equal_power: sin(x
/// pi/2), so that a cross-fade of two such keeps its power. s_curve: x^2 (3 - 2x). exponential: (e^(5x) - 1)
/// / (e^5 - 1), slow at first; logarithmic is its mirror image, quick at first.
double fade_gain(FadeCurve curve, double x);

} // namespace loopmind::graph
