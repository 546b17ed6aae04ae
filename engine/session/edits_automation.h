// Edits of automation lanes on any track, buses and the master included. See edits_clips.h for what all edits
// share.
#pragma once

#include "engine/session/automation_points.h"
#include "engine/session/session.h"
#include "proto/base/result.h"

#include <string>

namespace loopmind::session::edit {

/// A lane by its track's id and its target (parse_automation_target). Edits that add make it, in mode "read".
struct LaneRef {
    std::string track;
    std::string target;
};

/// A send or insert that the target names must be there.
Status set_lane_mode(Session& session, const LaneRef& lane, AutomationMode mode,
                     juce::UndoManager* undo = nullptr);
/// Takes the lane away.
Status remove_lane(Session& session, const LaneRef& lane, juce::UndoManager* undo = nullptr);
/// Index of the new point: behind others on its beat.
Result<int> add_point(Session& session, const LaneRef& lane, const AutomationPoint& point,
                      juce::UndoManager* undo = nullptr);
/// Point `index` becomes `point`; it may pass others. Returns its new index.
Result<int> move_point(Session& session, const LaneRef& lane, int index, const AutomationPoint& point,
                       juce::UndoManager* undo = nullptr);
Status remove_point(Session& session, const LaneRef& lane, int index, juce::UndoManager* undo = nullptr);
/// Those with from <= beat < to; returns how many.
Result<int> remove_points(Session& session, const LaneRef& lane, double from, double to,
                          juce::UndoManager* undo = nullptr);
/// The whole lane at once, e.g. AutomationRecorder::result(); points must ascend.
Status set_points(Session& session, const LaneRef& lane, const AutomationPoints& points,
                  juce::UndoManager* undo = nullptr);
/// See simplified(). Returns how many points went.
Result<int> simplify_lane(Session& session, const LaneRef& lane, double tolerance,
                          juce::UndoManager* undo = nullptr);

} // namespace loopmind::session::edit
