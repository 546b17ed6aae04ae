// What the edits share: finding things by id, and setting fields inside the schema's ranges. Private to
// engine/session.
#pragma once

#include "engine/session/session.h"
#include "engine/session/trees.h"

#include <initializer_list>
#include <utility>

namespace loopmind::session::edit {

/// Where something stands in errors: "tracks.drums.clips.clip-1".
std::string place_of(const Track& track);
std::string place_of(const Track& track, const juce::Identifier& list, const std::string& id);

/// not_found, naming the place, when the document does not hold it.
Result<Track> find_track(const Session& session, const std::string& id);
Result<Clip> find_clip(const Session& session, const std::string& track, const std::string& clip);
Result<Insert> find_insert(const Session& session, const std::string& track, const std::string& insert);
Result<Pattern> find_pattern(const Session& session, const std::string& id);
/// Child `index` of a list of the document that has no ids.
Result<juce::ValueTree> find_child(const juce::ValueTree& holder, int index, const std::string& list);

/// Whether the schema lets the field of such a node have the value: invalid_argument otherwise.
Status check_field(const juce::Identifier& node_type, const juce::Identifier& field, const juce::var& value,
                   const std::string& place);

using FieldValue = std::pair<juce::Identifier, juce::var>;
/// Sets fields when all of them may have their values, none otherwise.
Status set_fields(juce::ValueTree node, std::initializer_list<FieldValue> fields, const std::string& place,
                  juce::UndoManager* undo);
/// The same for a node that is not in the document yet.
Status check_fields(const juce::ValueTree& node, const std::string& place);

/// Refuses clips, notes and sections without length.
Status check_length(double length, const std::string& place);

/// Puts `node` where the list stays in order of its start.
void insert_by_start(juce::ValueTree holder, const juce::ValueTree& node, juce::UndoManager* undo);

/// Makes a list hold `wanted`, leaving alone what is the same at its start and end.
void replace_children(juce::ValueTree holder, const std::vector<juce::ValueTree>& wanted,
                      juce::UndoManager* undo);

} // namespace loopmind::session::edit
