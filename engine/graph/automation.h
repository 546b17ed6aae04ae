// Automation curves in frames, and reading them along a timeline.
#pragma once

#include "engine/graph/timeline.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace loopmind::graph {

/// The way from a point to the next. kCurve: a + (b - a) (e^(kx) - 1) / (e^k - 1) with k = 8 tension.
enum class PointShape { kLinear, kHold, kCurve };

struct AutomationPoint {
    std::int64_t frame = 0; ///< session time
    double value = 0;       ///< in the unit of the target
    PointShape shape = PointShape::kLinear;
    double tension = 0; ///< -1..1, of kCurve
};

/// A lane of a track. Targets: "gain_db", "pan", "mute" (1 from 0.5 on), "sends.<bus id>.level",
/// "inserts.<insert id>.<parameter>".
struct LaneSpec {
    std::string target;
    std::vector<AutomationPoint> points;
};

/// An immutable curve. Before the first point it stands at the first value, behind the last at the last; of
/// two points on one frame the later in the list counts from there on.
class Lane {
  public:
    /// Sorts the points; values are clamped to `minimum` .. `maximum`. `points` is not empty.
    Lane(std::vector<AutomationPoint> points, double minimum, double maximum);

    double at(std::int64_t frame) const;
    /// Fills out[0..frames) with the values from `frame` on. True when they are all the same; then only
    /// out[0] is written. `hint` makes reading in order quick; start it at 0. Real-time safe.
    bool fill(std::int64_t frame, int frames, float* out, std::size_t& hint) const noexcept;
    const std::vector<AutomationPoint>& points() const { return points_; }

  private:
    std::size_t segment(std::int64_t frame, std::size_t hint) const noexcept;
    double inside(std::size_t segment, std::int64_t frame) const noexcept;
    std::vector<AutomationPoint> points_;
};

/// A lane with its reading position.
class LaneReader {
  public:
    LaneReader() = default;
    explicit LaneReader(std::shared_ptr<const Lane> lane) : lane_(std::move(lane)) {}
    explicit operator bool() const { return lane_ != nullptr; }
    /// As Lane::fill, along a timeline that may jump inside the stretch.
    bool fill(const Timeline& timeline, std::int64_t running, int frames, float* out) noexcept;
    float at(std::int64_t session_time) noexcept;

  private:
    std::shared_ptr<const Lane> lane_;
    std::size_t hint_ = 0;
};

} // namespace loopmind::graph
