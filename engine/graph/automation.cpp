// Finds the segment by hint or binary search and evaluates it frame by frame.
#include "engine/graph/automation.h"

#include "engine/graph/exact_math.h"

#include <algorithm>
#include <cmath>

namespace loopmind::graph {

namespace {
constexpr double kBend = 8.0;
constexpr std::size_t kBefore = static_cast<std::size_t>(-1); ///< ahead of the first point
} // namespace

Lane::Lane(std::vector<AutomationPoint> points, double minimum, double maximum) : points_(std::move(points)) {
    std::stable_sort(points_.begin(), points_.end(),
                     [](const AutomationPoint& a, const AutomationPoint& b) { return a.frame < b.frame; });
    for (AutomationPoint& point : points_) {
        point.value = std::isfinite(point.value) ? std::clamp(point.value, minimum, maximum) : minimum;
        point.tension = std::isfinite(point.tension) ? std::clamp(point.tension, -1.0, 1.0) : 0;
        if (point.shape == PointShape::kCurve && std::abs(point.tension) < 1e-6)
            point.shape = PointShape::kLinear;
    }
}

/// Index of the last point at or before `frame`.
std::size_t Lane::segment(std::int64_t frame, std::size_t hint) const noexcept {
    if (frame < points_.front().frame) return kBefore;
    if (hint < points_.size() && points_[hint].frame <= frame) {
        if (hint + 1 == points_.size() || frame < points_[hint + 1].frame) return hint;
    }
    const auto after =
        std::upper_bound(points_.begin(), points_.end(), frame,
                         [](std::int64_t time, const AutomationPoint& point) { return time < point.frame; });
    return static_cast<std::size_t>(after - points_.begin()) - 1;
}

double Lane::inside(std::size_t index, std::int64_t frame) const noexcept {
    const AutomationPoint& a = points_[index];
    if (a.shape == PointShape::kHold || index + 1 == points_.size()) return a.value;
    const AutomationPoint& b = points_[index + 1];
    const double x = static_cast<double>(frame - a.frame) / static_cast<double>(b.frame - a.frame);
    if (a.shape == PointShape::kLinear) return a.value + (b.value - a.value) * x;
    const double k = kBend * a.tension;
    return a.value + (b.value - a.value) * (exact_exp(k * x) - 1.0) / (exact_exp(k) - 1.0);
}

double Lane::at(std::int64_t frame) const {
    const std::size_t index = segment(frame, 0);
    return index == kBefore ? points_.front().value : inside(index, frame);
}

bool Lane::fill(std::int64_t frame, int frames, float* out, std::size_t& hint) const noexcept {
    bool constant = true;
    for (int at = 0; at < frames;) {
        const std::size_t index = segment(frame + at, hint);
        const std::size_t next = index == kBefore ? 0 : index + 1;
        std::int64_t count = frames - at;
        if (next < points_.size()) count = std::min(count, points_[next].frame - (frame + at));
        const bool flat = index == kBefore || next == points_.size() ||
                          points_[index].shape == PointShape::kHold ||
                          points_[index].value == points_[next].value;
        if (index != kBefore) hint = index;
        if (flat) {
            const auto value = static_cast<float>(points_[index == kBefore ? 0 : index].value);
            if (at == 0 && count == frames) {
                out[0] = value;
                return true;
            }
            std::fill(out + at, out + at + count, value);
        } else {
            for (std::int64_t i = 0; i < count; ++i)
                out[at + i] = static_cast<float>(inside(index, frame + at + i));
            constant = false;
        }
        at += static_cast<int>(count);
    }
    for (int i = 1; constant && i < frames; ++i)
        constant = out[i] == out[0];
    return constant;
}

bool LaneReader::fill(const Timeline& timeline, std::int64_t running, int frames, float* out) noexcept {
    if (timeline.frozen) {
        out[0] = at(timeline.shift);
        return true;
    }
    bool constant = true;
    timeline.spans(running, frames, [&](std::int64_t time, int at, int count) {
        const bool flat = lane_->fill(time, count, out + at, hint_);
        if (count == frames) {
            constant = flat;
            return;
        }
        if (flat) std::fill(out + at + 1, out + at + count, out[at]);
        constant = constant && flat && out[at] == out[0];
    });
    return constant;
}

float LaneReader::at(std::int64_t session_time) noexcept {
    float value = 0;
    lane_->fill(session_time, 1, &value, hint_);
    return value;
}

} // namespace loopmind::graph
