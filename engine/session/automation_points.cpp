// Points as a function of time: cut exactly, joined without changing the rest.
#include "engine/session/automation_points.h"

#include <algorithm>
#include <cmath>

namespace loopmind::session {
namespace {

std::size_t first_at_or_after(const AutomationPoints& points, double beat) {
    return static_cast<std::size_t>(
        std::lower_bound(points.begin(), points.end(), beat,
                         [](const AutomationPoint& point, double at) { return point.beat < at; }) -
        points.begin());
}

void append(AutomationPoints& out, const AutomationPoints& more, double shift = 0) {
    for (AutomationPoint point : more) {
        point.beat += shift;
        out.push_back(point);
    }
}

/// Of the points on one beat the first says where the way there ends and the last what comes; the rest, and a
/// first that says the same as the last, is of no effect.
AutomationPoints without_idle(const AutomationPoints& points) {
    AutomationPoints out;
    for (std::size_t i = 0; i < points.size();) {
        std::size_t end = i + 1;
        while (end < points.size() && points[end].beat == points[i].beat)
            ++end;
        const AutomationPoint& last = points[end - 1];
        // Ahead of the first beat of the session there is nothing.
        const bool heard = out.empty() ? last.beat > 0 : out.back().shape != AutomationShape::kHold;
        if (end - i > 1 && points[i].value != last.value && heard) out.push_back(points[i]);
        out.push_back(last);
        i = end;
    }
    return out;
}

/// Drops points of a straight line that stand on a cut: they were made by it, or could have been.
void join_at(AutomationPoints& points, double beat) {
    const std::size_t at = first_at_or_after(points, beat);
    if (at == 0 || at + 1 >= points.size() || points[at].beat != beat || points[at + 1].beat == beat) return;
    const AutomationPoint &before = points[at - 1], &here = points[at], &after = points[at + 1];
    if (before.shape != here.shape || before.shape == AutomationShape::kCurve) return;
    const double expected =
        before.shape == AutomationShape::kHold ? before.value : automation_between(before, after, beat);
    const double size = std::max({std::abs(before.value), std::abs(after.value), 1e-9});
    if (std::abs(here.value - expected) <= size * 1e-12)
        points.erase(points.begin() + static_cast<std::ptrdiff_t>(at));
}

void simplify_run(const AutomationPoints& points, std::size_t first, std::size_t last, double tolerance,
                  std::vector<char>& keep) {
    std::vector<std::pair<std::size_t, std::size_t>> open{{first, last}};
    while (!open.empty()) {
        const auto [from, to] = open.back();
        open.pop_back();
        double worst = tolerance;
        std::size_t split = 0;
        for (std::size_t i = from + 1; i < to; ++i) {
            const double x = (points[i].beat - points[from].beat) / (points[to].beat - points[from].beat);
            const double off =
                std::abs(points[from].value + (points[to].value - points[from].value) * x - points[i].value);
            if (off <= worst) continue;
            worst = off;
            split = i;
        }
        if (split == 0) continue;
        keep[split] = 1;
        open.push_back({from, split});
        open.push_back({split, to});
    }
}

} // namespace

double automation_value_before(const AutomationPoints& points, double beat, double fallback) {
    if (points.empty()) return fallback;
    const std::size_t next = first_at_or_after(points, beat);
    if (next == 0) return points.front().value;
    const AutomationPoint& from = points[next - 1];
    if (next == points.size() || from.shape == AutomationShape::kHold) return from.value;
    return points[next].beat == beat ? points[next].value : automation_between(from, points[next], beat);
}

AutomationPoints with_point_at(AutomationPoints points, double beat) {
    const std::size_t next = first_at_or_after(points, beat);
    if (points.empty() || (next < points.size() && points[next].beat == beat)) return points;
    AutomationPoint made{beat, 0};
    if (next == 0) {
        made.value = points.front().value;
        made.shape = AutomationShape::kHold;
    } else if (next == points.size()) {
        // Behind the last point its value goes on, whatever shape it has.
        made.value = points.back().value;
    } else {
        AutomationPoint& from = points[next - 1];
        const AutomationPoint& to = points[next];
        made.value = automation_between(from, to, beat);
        made.shape = from.shape;
        if (from.shape == AutomationShape::kCurve) {
            // (e^(kx) - 1) / (e^k - 1) on a part of width w is such a curve with k w.
            const double x = (beat - from.beat) / (to.beat - from.beat);
            made.tension = from.tension * (1 - x);
            from.tension *= x;
        }
    }
    points.insert(points.begin() + static_cast<std::ptrdiff_t>(next), made);
    return points;
}

AutomationPoints slice(const AutomationPoints& points, double from, double to) {
    if (points.empty() || !(to > from)) return {};
    const double end_value = automation_value_before(points, to, 0);
    const AutomationPoints cut = with_point_at(with_point_at(points, from), to);
    const std::size_t last = first_at_or_after(cut, to);
    const auto first = static_cast<std::size_t>(automation_index(cut, from)); // behind a jump at `from`
    AutomationPoints out(cut.begin() + static_cast<std::ptrdiff_t>(first),
                         cut.begin() + static_cast<std::ptrdiff_t>(last));
    out.push_back({to, end_value});
    return out;
}

AutomationPoints replace_range(const AutomationPoints& points, double from, double to,
                               const AutomationPoints& inside) {
    if (points.empty()) return without_idle(inside);
    const double left = automation_value_before(points, from, 0);
    const AutomationPoints cut = with_point_at(with_point_at(points, from), to);
    const std::size_t first = first_at_or_after(cut, from);
    AutomationPoints out(cut.begin(), cut.begin() + static_cast<std::ptrdiff_t>(first));
    out.push_back({from, left, AutomationShape::kHold});
    append(out, inside);
    const auto behind = static_cast<std::size_t>(automation_index(cut, to));
    out.insert(out.end(), cut.begin() + static_cast<std::ptrdiff_t>(behind), cut.end());
    out = without_idle(out);
    join_at(out, from);
    join_at(out, to);
    return out;
}

AutomationPoints swap_ranges(const AutomationPoints& points, double low, double middle, double high) {
    if (points.empty() || !(low < middle && middle < high)) return points;
    AutomationPoints inside;
    append(inside, slice(points, middle, high), low - middle);
    append(inside, slice(points, low, middle), high - middle);
    // Shifted ends must stand on the borders to the last bit, whatever the sums rounded to.
    const double border = low + (high - middle);
    for (AutomationPoint& point : inside) {
        for (const double edge : {low, border, high}) {
            if (std::abs(point.beat - edge) < 1e-9) point.beat = edge;
        }
    }
    AutomationPoints out = replace_range(points, low, high, inside);
    join_at(out, border);
    return out;
}

AutomationPoints simplified(const AutomationPoints& points, double tolerance) {
    std::vector<char> keep(points.size(), 0);
    for (std::size_t first = 0; first < points.size();) {
        std::size_t last = first; // a run of straight ways
        while (last + 1 < points.size() && points[last].shape == AutomationShape::kLinear &&
               points[last + 1].beat > points[last].beat)
            ++last;
        keep[first] = keep[last] = 1;
        if (last > first + 1) simplify_run(points, first, last, std::max(0.0, tolerance), keep);
        first = std::max(last, first + 1);
    }
    AutomationPoints out;
    for (std::size_t i = 0; i < points.size(); ++i) {
        if (keep[i]) out.push_back(points[i]);
    }
    return out;
}

} // namespace loopmind::session
