// The tempo along session time, for effects that keep to it.
#pragma once

#include <cstdint>
#include <vector>

namespace loopmind::graph {

/// From `frame` on the tempo is `bpm`; with `ramp` it moves towards the next point.
struct TempoPoint {
    std::int64_t frame = 0;
    double bpm = 120; ///< quarter notes per minute
    bool ramp = false;
};

/// Sorted points; before the first the first counts. A ramp is straight in beats, hence an exponential in
/// time: bpm(t) = a (b / a)^(t / T).
class TempoMap {
  public:
    TempoMap() = default;
    /// `points` may be empty: `bpm` everywhere.
    TempoMap(double bpm, std::vector<TempoPoint> points);
    bool constant() const { return points_.size() <= 1; }
    double at(std::int64_t frame) const noexcept;

  private:
    std::vector<TempoPoint> points_{{0, 120, false}};
};

} // namespace loopmind::graph
