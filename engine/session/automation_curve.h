// How automation moves between its points: one evaluator for documents, editors and the graph. JUCE-free.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

namespace loopmind::session {

/// The way from a point to the next one.
enum class AutomationShape {
    kLinear,
    kHold,  ///< stays until the next point, where it jumps
    kCurve, ///< exponential bend by `tension`
};

/// What a lane does in the transport. All but kOff are played.
enum class AutomationMode {
    kOff,
    kRead,
    kWrite, ///< recording replaces everything that passes
    kLatch, ///< recording begins at the first touch and goes on until the transport stops
};

/// One point of a lane.
struct AutomationPoint {
    double beat = 0;                                  ///< quarter notes from the session's start, >= 0
    double value = 0;                                 ///< in the unit of the lane's target
    AutomationShape shape = AutomationShape::kLinear; ///< of the way to the next point
    double tension = 0; ///< -1..1 of kCurve: above 0 it starts slowly, below 0 fast, 0 is linear

    bool operator==(const AutomationPoint&) const = default;
};

/// How much of the way is gone at `x` (0..1): (e^(kx) - 1) / (e^k - 1) with k = 8 * tension for kCurve.
/// Real-time safe.
inline double automation_progress(AutomationShape shape, double tension, double x) noexcept {
    if (shape == AutomationShape::kHold) return x < 1 ? 0 : 1;
    if (shape == AutomationShape::kLinear) return x;
    const double k = 8 * tension;
    return std::abs(k) < 1e-9 ? x : std::expm1(k * x) / std::expm1(k);
}

/// The value at `beat` on the way from `from` to `to`; from.beat <= beat < to.beat. Real-time safe.
inline double automation_between(const AutomationPoint& from, const AutomationPoint& to,
                                 double beat) noexcept {
    const double x = (beat - from.beat) / (to.beat - from.beat);
    return from.value + (to.value - from.value) * automation_progress(from.shape, from.tension, x);
}

/// Index of the last point at or before `beat`, -1 when all come later. `points` ascend by beat; of several
/// on one beat the last holds from there on. Real-time safe, logarithmic.
inline std::ptrdiff_t automation_index(std::span<const AutomationPoint> points, double beat) noexcept {
    const auto after =
        std::upper_bound(points.begin(), points.end(), beat,
                         [](double at, const AutomationPoint& point) { return at < point.beat; });
    return after - points.begin() - 1;
}

/// The value of a lane at `beat`: before the first point that one's value, after the last that one's,
/// `fallback` without points. Real-time safe.
inline double automation_value(std::span<const AutomationPoint> points, double beat,
                               double fallback) noexcept {
    if (points.empty()) return fallback;
    const std::ptrdiff_t index = automation_index(points, beat);
    if (index < 0) return points.front().value;
    const auto at = static_cast<std::size_t>(index);
    if (at + 1 == points.size()) return points[at].value;
    return automation_between(points[at], points[at + 1], beat);
}

} // namespace loopmind::session
