// Edits of insert chains and sends. See edits_clips.h for what all edits share.
#pragma once

#include "engine/session/session.h"
#include "proto/base/result.h"

#include <map>
#include <string>

namespace loopmind::session::edit {

/// An effect at `index` of the chain (-1: last). Any type: the graph refuses what it does not have.
Result<Insert> add_insert(Session& session, const std::string& track, const std::string& effect,
                          int index = -1, juce::UndoManager* undo = nullptr);
/// A plug-in by its URI, as an insert of type effect::kLv2. Whether it is installed is the graph's business.
Result<Insert> add_plugin(Session& session, const std::string& track, const std::string& uri, int index = -1,
                          juce::UndoManager* undo = nullptr);
/// What a plug-in wants to find again, as its host gave it ("" nothing).
Status set_plugin_state(Session& session, const std::string& track, const std::string& insert,
                        const std::string& state, juce::UndoManager* undo = nullptr);
/// With its automation; a published fx amount that only it followed goes too.
Status remove_insert(Session& session, const std::string& track, const std::string& insert,
                     juce::UndoManager* undo = nullptr);
/// To another place of its chain, 0 first.
Status move_insert(Session& session, const std::string& track, const std::string& insert, int index,
                   juce::UndoManager* undo = nullptr);
Status set_bypass(Session& session, const std::string& track, const std::string& insert, bool on,
                  juce::UndoManager* undo = nullptr);
/// A finite value; the effect limits it. The published fx amount that follows the parameter moves along.
Status set_insert_param(Session& session, const std::string& track, const std::string& insert,
                        const std::string& param, double value, juce::UndoManager* undo = nullptr);
/// Sets parameters together and remembers the preset's name ("" none).
Status set_preset(Session& session, const std::string& track, const std::string& insert,
                  const std::string& preset, const std::map<std::string, double>& params,
                  juce::UndoManager* undo = nullptr);
/// The track whose signal keys the insert, "" none. Refused when that track hears this one.
Status set_sidechain(Session& session, const std::string& track, const std::string& insert,
                     const std::string& key, juce::UndoManager* undo = nullptr);

/// One send for each bus; refused when the signal would come back to the track.
Result<Send> add_send(Session& session, const std::string& track, const std::string& bus, double level,
                      bool pre, juce::UndoManager* undo = nullptr);
/// With its automation.
Status remove_send(Session& session, const std::string& track, const std::string& bus,
                   juce::UndoManager* undo = nullptr);
Status set_send_level(Session& session, const std::string& track, const std::string& bus, double level,
                      juce::UndoManager* undo = nullptr);
Status set_send_pre(Session& session, const std::string& track, const std::string& bus, bool pre,
                    juce::UndoManager* undo = nullptr);

/// A published amount (reverb delay drive eq, 0..1) and what follows it: Session::set_fx.
Status set_fx(Session& session, const std::string& name, double amount, juce::UndoManager* undo = nullptr);

} // namespace loopmind::session::edit
