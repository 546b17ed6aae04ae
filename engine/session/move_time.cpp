// Moving a stretch of time with everything in it: two neighbouring stretches change places.
#include "engine/session/automation_points.h"
#include "engine/session/edit_tools.h"
#include "engine/session/edits_clips.h"
#include "engine/session/edits_time.h"
#include "engine/session/json_text.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace loopmind::session::edit {
namespace {

constexpr double kTiny = 1e-9; // beats; closer to a border than this stands on it

/// [low, middle) and [middle, high) change places.
struct Swap {
    double low, middle, high;

    bool crosses(double start, double end) const {
        const auto cuts = [&](double border) { return start < border - kTiny && end > border + kTiny; };
        return cuts(low) || cuts(middle) || cuts(high);
    }
    double moved(double beat) const {
        if (beat < low - kTiny || beat >= high - kTiny) return beat;
        // What stands on a border stands on it afterwards, whatever the sums round to.
        if (beat < middle - kTiny)
            return std::abs(beat - low) <= kTiny ? low + (high - middle) : beat + (high - middle);
        return std::abs(beat - middle) <= kTiny ? low : low + (beat - middle);
    }
};

void cut_clips(Session& session, const Track& track, const Swap& swap, juce::UndoManager* undo) {
    for (const double border : {swap.low, swap.middle, swap.high}) {
        for (const Clip& clip : track.clips()) {
            if (clip.start() < border - kTiny && clip.end() > border + kTiny)
                (void)split_clip(session, {track.id(), clip.id()}, border, undo); // a beat inside it
        }
    }
}

void move_starts(const juce::ValueTree& holder, const Swap& swap, juce::UndoManager* undo) {
    for (juce::ValueTree node : holder) {
        const double start = node[ids::start], moved = swap.moved(start);
        if (moved != start) node.setProperty(ids::start, moved, undo);
    }
}

/// Sections and markers stay in order of start.
void sort_by_start(juce::ValueTree holder, juce::UndoManager* undo) {
    for (int i = 1; i < holder.getNumChildren(); ++i) {
        const double start = holder.getChild(i)[ids::start];
        int to = i;
        while (to > 0 && static_cast<double>(holder.getChild(to - 1)[ids::start]) > start)
            --to;
        if (to != i) holder.moveChild(i, to, undo);
    }
}

void move_automation(Track track, const Swap& swap, juce::UndoManager* undo) {
    for (AutomationLane lane : track.automation()) {
        std::vector<juce::ValueTree> nodes;
        for (const AutomationPoint& point : swap_ranges(lane.points(), swap.low, swap.middle, swap.high))
            nodes.push_back(node_of(point));
        if (!nodes.empty()) replace_children(lane.state.getChildWithName(ids::points), nodes, undo);
    }
}

void move_tempo(Session& session, const Swap& swap, juce::UndoManager* undo) {
    juce::ValueTree holder = session.state().getChildWithName(ids::tempo_map);
    if (holder.getNumChildren() == 0) return;
    AutomationPoints points{{0, session.tempo(), AutomationShape::kHold}};
    for (const TempoPoint& point : session.tempo_points())
        points.push_back(
            {point.start, point.tempo, point.ramp ? AutomationShape::kLinear : AutomationShape::kHold});
    points.back().shape = AutomationShape::kHold; // the last never ramps
    std::vector<juce::ValueTree> nodes;
    for (const AutomationPoint& point : swap_ranges(points, swap.low, swap.middle, swap.high)) {
        if (point.beat <= 0) session.state().setProperty(ids::tempo, point.value, undo);
        nodes.push_back({ids::tempo_point, {{ids::start, point.beat}, {ids::tempo, point.value}}});
        if (point.shape == AutomationShape::kLinear) nodes.back().setProperty(ids::ramp, true, nullptr);
    }
    replace_children(holder, nodes, undo);
}

void move_meter(Session& session, const Swap& swap, juce::UndoManager* undo) {
    juce::ValueTree holder = session.state().getChildWithName(ids::meter_map);
    if (holder.getNumChildren() == 0) return;
    std::vector<std::string> meters{session.meter()}; // as values of points that hold
    AutomationPoints points{{0, 0, AutomationShape::kHold}};
    for (const MeterPoint& point : session.meter_points()) {
        const auto known = std::find(meters.begin(), meters.end(), point.meter);
        points.push_back({point.start, static_cast<double>(known - meters.begin()), AutomationShape::kHold});
        if (known == meters.end()) meters.push_back(point.meter);
    }
    std::vector<juce::ValueTree> nodes;
    for (const AutomationPoint& point : swap_ranges(points, swap.low, swap.middle, swap.high)) {
        const juce::String meter = to_juce(meters[static_cast<std::size_t>(std::llround(point.value))]);
        if (point.beat <= 0) session.state().setProperty(ids::meter, meter, undo);
        nodes.push_back({ids::meter_point, {{ids::start, point.beat}, {ids::meter, meter}}});
    }
    replace_children(holder, nodes, undo);
}

Status check_sections(const Session& session, const Swap& swap) {
    for (const Section& section : session.sections()) {
        if (!swap.crosses(section.start(), section.end())) continue;
        return bad("sections." + section.name(), "crosses a border of what is moved",
                   "it goes from beat " + json_number(section.start()) + " to " + json_number(section.end()) +
                       ": resize it first");
    }
    return {};
}

} // namespace

Status move_time(Session& session, double start, double length, double to, juce::UndoManager* undo) {
    if (Status good = check_length(length, "time"); !good) return good;
    const double end = start + length;
    for (const double beat : {start, end, to}) {
        if (Status good = check_field(ids::clip, ids::start, beat, "time"); !good) return good;
    }
    if (to > start && to < end)
        return bad("time.to", "lies inside what is moved: " + json_number(to), "choose a beat outside it");
    if (to == start || to == end) return {};
    const Swap swap = to < start ? Swap{to, start, end} : Swap{start, end, to};
    if (Status whole = check_sections(session, swap); !whole) return whole;
    for (const Track& track : session.tracks()) {
        cut_clips(session, track, swap, undo);
        move_starts(track.state.getChildWithName(ids::clips), swap, undo);
        move_automation(track, swap, undo);
    }
    for (const juce::Identifier& list : {ids::sections, ids::markers}) {
        move_starts(session.state().getChildWithName(list), swap, undo);
        sort_by_start(session.state().getChildWithName(list), undo);
    }
    move_tempo(session, swap, undo);
    move_meter(session, swap, undo);
    return {};
}

Status move_section(Session& session, int index, int to, juce::UndoManager* undo) {
    const std::vector<Section> sections = session.sections();
    const int count = static_cast<int>(sections.size());
    for (const int wanted : {index, to}) {
        if (wanted < 0 || wanted >= count)
            return Error{ErrorCode::kNotFound,
                         "sections[" + std::to_string(wanted) + "]",
                         "is not in the session",
                         {}};
    }
    if (index == to) return {};
    const Section &moved = sections[static_cast<std::size_t>(index)],
                  &there = sections[static_cast<std::size_t>(to)];
    if (Status good = check_length(moved.length(), "sections[" + std::to_string(index) + "]"); !good)
        return good;
    // In a file the list may stand in any order: time decides which side of the other the section goes to.
    return move_time(session, moved.start(), moved.length(),
                     there.start() < moved.start() ? there.start() : there.end(), undo);
}

} // namespace loopmind::session::edit
