// Looks the tempo up.
#include "engine/graph/tempo_map.h"

#include "engine/graph/exact_math.h"

#include <algorithm>
#include <cmath>

namespace loopmind::graph {

TempoMap::TempoMap(double bpm, std::vector<TempoPoint> points) : points_(std::move(points)) {
    if (points_.empty()) points_.push_back({0, bpm, false});
    std::stable_sort(points_.begin(), points_.end(),
                     [](const TempoPoint& a, const TempoPoint& b) { return a.frame < b.frame; });
}

double TempoMap::at(std::int64_t frame) const noexcept {
    const auto after =
        std::upper_bound(points_.begin(), points_.end(), frame,
                         [](std::int64_t time, const TempoPoint& point) { return time < point.frame; });
    if (after == points_.begin()) return points_.front().bpm;
    const TempoPoint& here = *(after - 1);
    if (!here.ramp || after == points_.end() || after->bpm == here.bpm) return here.bpm;
    const double x = static_cast<double>(frame - here.frame) / static_cast<double>(after->frame - here.frame);
    return here.bpm * exact_exp(x * std::log(after->bpm / here.bpm));
}

} // namespace loopmind::graph
