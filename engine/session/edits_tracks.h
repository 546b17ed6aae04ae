// Edits of tracks, their mixer settings, routing and groups. See edits_clips.h for what all edits share.
#pragma once

#include "engine/session/session.h"
#include "proto/base/result.h"

#include <string>
#include <vector>

namespace loopmind::session::edit {

/// Ahead of the buses and the master (a bus: ahead of the master); the id is made unique. A second master is
/// refused.
Result<Track> add_track(Session& session, TrackType type, const std::string& id, const std::string& name,
                        juce::UndoManager* undo = nullptr);
/// Takes a track out with all that needs it: outputs to it go to the master, sends to it and their automation
/// go, side-chains that listen to it listen to nothing. The master stays.
Status remove_track(Session& session, const std::string& track, juce::UndoManager* undo = nullptr);
/// To another place in the document, 0 first. The master stays last.
Status move_track(Session& session, const std::string& track, int index, juce::UndoManager* undo = nullptr);
/// A copy behind the original, with clips, inserts, sends and automation; published fx amounts go on
/// following the original only.
Result<Track> duplicate_track(Session& session, const std::string& track, juce::UndoManager* undo = nullptr);
Status rename_track(Session& session, const std::string& track, const std::string& name,
                    juce::UndoManager* undo = nullptr);
/// "#rrggbb", or "" for the program's choice.
Status set_color(Session& session, const std::string& track, const std::string& color,
                 juce::UndoManager* undo = nullptr);
Status set_role(Session& session, const std::string& track, const std::string& role,
                juce::UndoManager* undo = nullptr);

Status set_gain(Session& session, const std::string& track, double db, juce::UndoManager* undo = nullptr);
Status set_pan(Session& session, const std::string& track, double pan, juce::UndoManager* undo = nullptr);
Status set_mute(Session& session, const std::string& track, bool on, juce::UndoManager* undo = nullptr);
Status set_solo(Session& session, const std::string& track, bool on, juce::UndoManager* undo = nullptr);
Status set_phase_invert(Session& session, const std::string& track, bool on,
                        juce::UndoManager* undo = nullptr);
Status set_arm(Session& session, const std::string& track, bool on, juce::UndoManager* undo = nullptr);
Status set_pan_law(Session& session, PanLaw law, juce::UndoManager* undo = nullptr);

/// To a bus, or to the master ("" or its id). Refused when the signal would come back to the track; the error
/// names the tracks on the way.
Status set_output(Session& session, const std::string& track, const std::string& bus,
                  juce::UndoManager* undo = nullptr);

Result<Group> add_group(Session& session, const std::string& name, juce::UndoManager* undo = nullptr);
/// Its tracks belong to no group then.
Status remove_group(Session& session, const std::string& group, juce::UndoManager* undo = nullptr);
Status rename_group(Session& session, const std::string& group, const std::string& name,
                    juce::UndoManager* undo = nullptr);
Status set_group_gain(Session& session, const std::string& group, double db,
                      juce::UndoManager* undo = nullptr);
Status set_group_mute(Session& session, const std::string& group, bool on, juce::UndoManager* undo = nullptr);
Status set_group_solo(Session& session, const std::string& group, bool on, juce::UndoManager* undo = nullptr);
/// "" takes the track out of its group.
Status set_group(Session& session, const std::string& track, const std::string& group,
                 juce::UndoManager* undo = nullptr);

/// Ids of the tracks that a signal passes from `from` to `to` (both among them) over outputs, sends and
/// side-chains; empty when it never gets there.
std::vector<std::string> signal_path(const Session& session, const std::string& from, const std::string& to);

} // namespace loopmind::session::edit
