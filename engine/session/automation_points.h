// Cutting, thinning and rearranging the points of a lane without changing what they mean. JUCE-free.
#pragma once

#include "engine/session/automation_curve.h"

#include <vector>

namespace loopmind::session {

using AutomationPoints = std::vector<AutomationPoint>; ///< ascending by beat

/// The value that a lane comes to at `beat` from the left: what it has just before a jump there.
double automation_value_before(const AutomationPoints& points, double beat, double fallback);

/// The same lane with a point at `beat`. A curve is cut into two curves that meet it exactly.
AutomationPoints with_point_at(AutomationPoints points, double beat);

/// The lane on [from, to): begins with a point at `from` and ends with one at `to`, each with the value that
/// the lane has there from inside. Empty for a lane without points.
AutomationPoints slice(const AutomationPoints& points, double from, double to);

/// Puts `inside` (on [from, to]) in the place of what the lane has there; before and behind it stays exactly
/// as it was. `inside` must not be empty.
AutomationPoints replace_range(const AutomationPoints& points, double from, double to,
                               const AutomationPoints& inside);

/// Lets [low, middle) and [middle, high) change places. Outside nothing changes.
AutomationPoints swap_ranges(const AutomationPoints& points, double low, double middle, double high);

/// Fewest points found (Ramer, Douglas and Peucker) whose lane stays within `tolerance` of this one
/// everywhere. Holds, curves and jumps are kept as they are.
AutomationPoints simplified(const AutomationPoints& points, double tolerance);

} // namespace loopmind::session
