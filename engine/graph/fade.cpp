// Fade shapes in exact arithmetic.
#include "engine/graph/fade.h"

#include "engine/graph/exact_math.h"

#include <numbers>

namespace loopmind::graph {

namespace {
constexpr double kBend = 5.0;
double exponential(double x) {
    return (exact_exp(kBend * x) - 1.0) / (exact_exp(kBend) - 1.0);
}
} // namespace

std::optional<FadeCurve> fade_curve_of(std::string_view name) {
    if (name == "linear" || name.empty()) return FadeCurve::kLinear;
    if (name == "equal_power") return FadeCurve::kEqualPower;
    if (name == "s_curve") return FadeCurve::kSCurve;
    if (name == "exponential") return FadeCurve::kExponential;
    if (name == "logarithmic") return FadeCurve::kLogarithmic;
    return std::nullopt;
}

double fade_gain(FadeCurve curve, double x) {
    if (x <= 0) return 0;
    if (x >= 1) return 1;
    switch (curve) {
    case FadeCurve::kEqualPower:
        return exact_quarter_sine(x * std::numbers::pi / 2);
    case FadeCurve::kSCurve:
        return x * x * (3 - 2 * x);
    case FadeCurve::kExponential:
        return exponential(x);
    case FadeCurve::kLogarithmic:
        return 1.0 - exponential(1.0 - x);
    case FadeCurve::kLinear:
        break;
    }
    return x;
}

} // namespace loopmind::graph
