// Edits of patterns, their notes, and layers. See edits_clips.h for what all edits share.
#pragma once

#include "engine/session/session.h"
#include "proto/base/result.h"

#include <string>
#include <vector>

namespace loopmind::session::edit {

/// A pattern of notes, `length` in beats.
Result<Pattern> add_pattern(Session& session, const std::string& name, double length,
                            juce::UndoManager* undo = nullptr);
/// A copy with its notes, of the same media.
Result<Pattern> duplicate_pattern(Session& session, const std::string& pattern,
                                  juce::UndoManager* undo = nullptr);
/// Refused while clips or layers refer to it.
Status remove_pattern(Session& session, const std::string& pattern, juce::UndoManager* undo = nullptr);
Status rename_pattern(Session& session, const std::string& pattern, const std::string& name,
                      juce::UndoManager* undo = nullptr);
Status set_pattern_length(Session& session, const std::string& pattern, double beats,
                          juce::UndoManager* undo = nullptr);
/// General MIDI program 0..127 and channel 1..16.
Status set_pattern_program(Session& session, const std::string& pattern, int program, int channel,
                           juce::UndoManager* undo = nullptr);

/// All notes at once; indices of the others are those of Pattern::notes(). Notes of no length are refused.
Status set_notes(Session& session, const std::string& pattern, const std::vector<Note>& notes,
                 juce::UndoManager* undo = nullptr);
/// Behind the others.
Status add_notes(Session& session, const std::string& pattern, const std::vector<Note>& notes,
                 juce::UndoManager* undo = nullptr);
Status set_note(Session& session, const std::string& pattern, int index, const Note& note,
                juce::UndoManager* undo = nullptr);
Status remove_notes(Session& session, const std::string& pattern, std::vector<int> indices,
                    juce::UndoManager* undo = nullptr);
/// Moves notes in time and pitch together; refused when one would leave the pattern's start or MIDI's range.
Status move_notes(Session& session, const std::string& pattern, const std::vector<int>& indices, double beats,
                  int semitones, juce::UndoManager* undo = nullptr);
/// Brings starts to multiples of `grid` beats, `strength` 0..1 of the way. Returns how many moved.
Result<int> quantize_notes(Session& session, const std::string& pattern, double grid, double strength,
                           juce::UndoManager* undo = nullptr);

Status rename_layer(Session& session, const std::string& layer, const std::string& name,
                    juce::UndoManager* undo = nullptr);
Status star_layer(Session& session, const std::string& layer, bool on, juce::UndoManager* undo = nullptr);
/// Its patterns stay.
Status remove_layer(Session& session, const std::string& layer, juce::UndoManager* undo = nullptr);
Status move_layer(Session& session, const std::string& layer, int index, juce::UndoManager* undo = nullptr);

} // namespace loopmind::session::edit
