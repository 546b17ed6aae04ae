// Lanes and their points.
#include "engine/session/edits_automation.h"

#include "engine/session/automation_target.h"
#include "engine/session/edit_tools.h"
#include "engine/session/json_text.h"

#include <algorithm>
#include <cmath>

namespace loopmind::session::edit {
namespace {

struct Found {
    Track track;
    std::string place;
    std::optional<AutomationLane> lane;
    AutomationTarget target;
};

Result<Found> find(const Session& session, const LaneRef& ref) {
    const Result<Track> track = find_track(session, ref.track);
    if (!track) return track.error();
    const std::string place = place_of(*track, ids::automation, ref.target.substr(0, 600));
    const auto target = parse_automation_target(ref.target);
    if (!target || ref.target.size() > 600)
        return bad(place, "is nothing that can be automated",
                   "use gain_db, pan, mute, sends.<bus id>.level or inserts.<insert id>.<parameter>");
    return Found{*track, place, track->lane(ref.target), *target};
}

Result<Found> find_existing(const Session& session, const LaneRef& ref) {
    Result<Found> found = find(session, ref);
    if (found && !found->lane) return Error{ErrorCode::kNotFound, found->place, "is not in the session", {}};
    return found;
}

/// Whether what the target names is in the track.
Status check_target(const Found& found) {
    using Kind = AutomationTarget::Kind;
    const AutomationTarget& target = found.target;
    if (target.kind == Kind::kSend && !found.track.send(target.id))
        return Error{ErrorCode::kNotFound, found.place, "names a send that the track does not have", {}};
    if (target.kind == Kind::kInsert && !found.track.insert(target.id))
        return Error{ErrorCode::kNotFound, found.place, "names an insert that the track does not have", {}};
    return {};
}

AutomationLane make(Found& found, const LaneRef& ref, juce::UndoManager* undo) {
    if (found.lane) return *found.lane;
    juce::ValueTree lane(ids::lane, {{ids::target, to_juce(ref.target)}, {ids::mode, "read"}},
                         {juce::ValueTree(ids::points)});
    found.track.state.getOrCreateChildWithName(ids::automation, undo).appendChild(lane, undo);
    return AutomationLane(lane);
}

Status check_point(const Found& found, const AutomationPoint& point) {
    const AutomationTarget& target = found.target;
    if (!(point.value >= target.minimum && point.value <= target.maximum))
        return bad(found.place + ".value",
                   std::isfinite(point.value) ? "is out of range: " + json_number(point.value)
                                              : "is not a number",
                   "allowed is " + json_number(target.minimum) + " to " + json_number(target.maximum));
    return check_fields(node_of(point), found.place);
}

/// What a file says of a point beyond what we know stays with it.
void overwrite(juce::ValueTree node, const AutomationPoint& point, juce::UndoManager* undo) {
    const juce::ValueTree wanted = node_of(point);
    for (const juce::Identifier& name : {ids::beat, ids::value, ids::shape, ids::tension}) {
        if (wanted.hasProperty(name)) {
            node.setProperty(name, wanted[name], undo);
        } else {
            node.removeProperty(name, undo);
        }
    }
}

} // namespace

Status set_lane_mode(Session& session, const LaneRef& ref, AutomationMode mode, juce::UndoManager* undo) {
    Result<Found> found = find(session, ref);
    if (!found) return found.error();
    if (Status there = check_target(*found); !there) return there;
    make(*found, ref, undo).state.setProperty(ids::mode, word_of(kAutomationModes, mode), undo);
    return {};
}

Status remove_lane(Session& session, const LaneRef& ref, juce::UndoManager* undo) {
    const Result<Found> found = find_existing(session, ref);
    if (!found) return found.error();
    found->lane->state.getParent().removeChild(found->lane->state, undo);
    return {};
}

Result<int> add_point(Session& session, const LaneRef& ref, const AutomationPoint& point,
                      juce::UndoManager* undo) {
    Result<Found> found = find(session, ref);
    if (!found) return found.error();
    if (Status there = check_target(*found); !there) return there.error();
    if (Status good = check_point(*found, point); !good) return good.error();
    AutomationLane lane = make(*found, ref, undo);
    const AutomationPoints points = lane.points();
    const int index = static_cast<int>(automation_index(points, point.beat)) + 1;
    lane.state.getOrCreateChildWithName(ids::points, undo).addChild(node_of(point), index, undo);
    return index;
}

Result<int> move_point(Session& session, const LaneRef& ref, int index, const AutomationPoint& point,
                       juce::UndoManager* undo) {
    const Result<Found> found = find_existing(session, ref);
    if (!found) return found.error();
    juce::ValueTree holder = found->lane->state.getChildWithName(ids::points);
    const Result<juce::ValueTree> node = find_child(holder, index, found->place + ".points");
    if (!node) return node.error();
    if (Status good = check_point(*found, point); !good) return good.error();
    AutomationPoints others = found->lane->points();
    others.erase(others.begin() + index);
    // Among others on its beat it stays on the side it came from.
    int to = static_cast<int>(automation_index(others, point.beat)) + 1;
    while (to > index && others[static_cast<std::size_t>(to - 1)].beat == point.beat)
        --to;
    overwrite(*node, point, undo);
    if (to != index) holder.moveChild(index, to, undo);
    return to;
}

Status remove_point(Session& session, const LaneRef& ref, int index, juce::UndoManager* undo) {
    const Result<Found> found = find_existing(session, ref);
    if (!found) return found.error();
    juce::ValueTree holder = found->lane->state.getChildWithName(ids::points);
    if (const Result<juce::ValueTree> node = find_child(holder, index, found->place + ".points"); !node)
        return node.error();
    holder.removeChild(index, undo);
    return {};
}

Result<int> remove_points(Session& session, const LaneRef& ref, double from, double to,
                          juce::UndoManager* undo) {
    const Result<Found> found = find_existing(session, ref);
    if (!found) return found.error();
    juce::ValueTree holder = found->lane->state.getChildWithName(ids::points);
    int gone = 0;
    for (int i = holder.getNumChildren(); --i >= 0;) {
        const double beat = point_of(holder.getChild(i)).beat;
        if (beat < from || beat >= to) continue;
        holder.removeChild(i, undo);
        ++gone;
    }
    return gone;
}

Status set_points(Session& session, const LaneRef& ref, const AutomationPoints& points,
                  juce::UndoManager* undo) {
    Result<Found> found = find(session, ref);
    if (!found) return found.error();
    if (Status there = check_target(*found); !there) return there;
    if (points.size() > 1000000) return bad(found->place + ".points", "are more than a million");
    std::vector<juce::ValueTree> nodes;
    nodes.reserve(points.size());
    for (std::size_t i = 0; i < points.size(); ++i) {
        if (Status good = check_point(*found, points[i]); !good) return good;
        if (i > 0 && points[i].beat < points[i - 1].beat)
            return bad(found->place + ".points[" + std::to_string(i) + "].beat",
                       "comes before the point ahead of it: " + json_number(points[i].beat));
        nodes.push_back(node_of(points[i]));
    }
    AutomationLane lane = make(*found, ref, undo);
    // Equal points keep their nodes, and with them what a newer version said of them.
    juce::ValueTree holder = lane.state.getOrCreateChildWithName(ids::points, undo);
    const AutomationPoints now = lane.points();
    for (std::size_t i = 0; i < std::min(now.size(), points.size()) && now[i] == points[i]; ++i)
        nodes[i] = holder.getChild(static_cast<int>(i)).createCopy();
    for (std::size_t i = 1; i <= std::min(now.size(), points.size()); ++i) {
        if (now[now.size() - i] != points[points.size() - i]) break;
        nodes[nodes.size() - i] = holder.getChild(static_cast<int>(now.size() - i)).createCopy();
    }
    replace_children(holder, nodes, undo);
    return {};
}

Result<int> simplify_lane(Session& session, const LaneRef& ref, double tolerance, juce::UndoManager* undo) {
    const Result<Found> found = find_existing(session, ref);
    if (!found) return found.error();
    if (!(tolerance >= 0)) return bad(found->place, "needs a tolerance of at least 0");
    const AutomationPoints before = found->lane->points(), after = simplified(before, tolerance);
    if (Status set = set_points(session, ref, after, undo); !set) return set.error();
    return static_cast<int>(before.size() - after.size());
}

} // namespace loopmind::session::edit
