// Edits of tempo, meter, length, sections and markers. See edits_clips.h for what all edits share.
#pragma once

#include "engine/session/session.h"
#include "proto/base/result.h"

#include <string>
#include <vector>

namespace loopmind::session::edit {

Status set_name(Session& session, const std::string& name, juce::UndoManager* undo = nullptr);
Status set_mode(Session& session, const std::string& mode, juce::UndoManager* undo = nullptr);
Status set_key(Session& session, const std::string& key, juce::UndoManager* undo = nullptr);
Status set_bars(Session& session, int bars, juce::UndoManager* undo = nullptr);

/// Tempo and meter at 0, 1..999 BPM and "4/4".
Status set_tempo(Session& session, double bpm, juce::UndoManager* undo = nullptr);
Status set_meter(Session& session, const std::string& meter, juce::UndoManager* undo = nullptr);
/// A change at a beat; takes the place of changes on that beat. At 0 it sets the session's own value too.
Status set_tempo_point(Session& session, const TempoPoint& point, juce::UndoManager* undo = nullptr);
Status set_meter_point(Session& session, const MeterPoint& point, juce::UndoManager* undo = nullptr);
/// Takes changes on a beat away; not_found without one.
Status remove_tempo_point(Session& session, double beat, juce::UndoManager* undo = nullptr);
Status remove_meter_point(Session& session, double beat, juce::UndoManager* undo = nullptr);

/// A section; the list stays in order of start. Returns its index.
Result<int> add_section(Session& session, const std::string& name, double start, double length,
                        juce::UndoManager* undo = nullptr);
Status remove_section(Session& session, int index,
                      juce::UndoManager* undo = nullptr); ///< what it spans stays
Status rename_section(Session& session, int index, const std::string& name,
                      juce::UndoManager* undo = nullptr);
/// Other borders; what sounds stays. Returns its new index.
Result<int> resize_section(Session& session, int index, double start, double length,
                           juce::UndoManager* undo = nullptr);
/// Moves a section with all it holds to the place of section `to` in the order of time; the sections in
/// between close up. Clips that cross a border are cut there; automation, tempo, meter and markers come
/// along. Video entries of timeline[] stay. Refused when another section crosses a border of the move.
Status move_section(Session& session, int index, int to, juce::UndoManager* undo = nullptr);
/// The same for any stretch of time: [start, start + length) goes to where beat `to` is now, `to` outside it.
Status move_time(Session& session, double start, double length, double to, juce::UndoManager* undo = nullptr);

Result<int> add_marker(Session& session, const std::string& name, double start,
                       const std::string& kind = "marker", juce::UndoManager* undo = nullptr);
Status remove_marker(Session& session, int index, juce::UndoManager* undo = nullptr);
Status rename_marker(Session& session, int index, const std::string& name, juce::UndoManager* undo = nullptr);
Result<int> move_marker(Session& session, int index, double start, juce::UndoManager* undo = nullptr);

} // namespace loopmind::session::edit
