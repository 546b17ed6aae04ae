// Patterns, notes and layers.
#include "engine/session/edits_patterns.h"

#include "engine/session/edit_tools.h"
#include "engine/session/json_text.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace loopmind::session::edit {
namespace {

std::string place_of(const std::string& pattern) {
    return "patterns." + pattern;
}

juce::ValueTree node_of(const Note& note) {
    return {ids::note,
            {{ids::start, note.start},
             {ids::length, note.length},
             {"pitch", note.pitch},
             {"velocity", note.velocity}}};
}

Status check_note(const Note& note, const std::string& place) {
    if (Status good = check_fields(node_of(note), place); !good) return good;
    return check_length(note.length, place);
}

Status check_notes(const std::vector<Note>& notes, const std::string& place, int first) {
    for (std::size_t i = 0; i < notes.size(); ++i) {
        const std::string at = place + ".notes[" + std::to_string(first + static_cast<int>(i)) + "]";
        if (Status good = check_note(notes[i], at); !good) return good;
    }
    if (notes.size() + static_cast<std::size_t>(first) > 1000000)
        return bad(place + ".notes", "are more than a million");
    return {};
}

/// The notes of a pattern, made on demand.
Result<juce::ValueTree> notes_of(Session& session, const std::string& id, juce::UndoManager* undo) {
    const Result<Pattern> pattern = find_pattern(session, id);
    if (!pattern) return pattern.error();
    juce::ValueTree state = pattern->state;
    return state.getOrCreateChildWithName(ids::notes, undo);
}

/// The nodes of some notes, each once, checked to be there.
Result<std::vector<juce::ValueTree>> chosen(const Session& session, const std::string& id,
                                            const std::vector<int>& indices) {
    const Result<Pattern> pattern = find_pattern(session, id);
    if (!pattern) return pattern.error();
    const juce::ValueTree holder = pattern->state.getChildWithName(ids::notes);
    std::vector<juce::ValueTree> out;
    for (const int index : std::set<int>(indices.begin(), indices.end())) {
        const Result<juce::ValueTree> note = find_child(holder, index, place_of(id) + ".notes");
        if (!note) return note.error();
        out.push_back(*note);
    }
    return out;
}

Status set_one(Session& session, const std::string& id, const juce::Identifier& field, const juce::var& value,
               juce::UndoManager* undo) {
    const Result<Pattern> pattern = find_pattern(session, id);
    if (!pattern) return pattern.error();
    return set_fields(pattern->state, {{field, value}}, place_of(id), undo);
}

Result<juce::ValueTree> find_layer(const Session& session, const std::string& id) {
    const juce::ValueTree found =
        session.state().getChildWithName(ids::layers).getChildWithProperty(ids::id, to_juce(id));
    if (!found.isValid()) return Error{ErrorCode::kNotFound, "layers." + id, "is not in the session", {}};
    return found;
}

} // namespace

Result<Pattern> add_pattern(Session& session, const std::string& name, double length,
                            juce::UndoManager* undo) {
    if (Status good = check_length(length, "patterns"); !good) return good.error();
    juce::ValueTree holder = session.state().getChildWithName(ids::patterns);
    const juce::ValueTree pattern(
        ids::pattern,
        {{ids::id, unique_id(holder, "pattern-" + juce::String(holder.getNumChildren() + 1))},
         {ids::name, to_juce(name)},
         {ids::length, length}},
        {juce::ValueTree(ids::notes)});
    if (Status good = check_fields(pattern, "patterns"); !good) return good.error();
    holder.appendChild(pattern, undo);
    return Pattern(pattern);
}

Result<Pattern> duplicate_pattern(Session& session, const std::string& id, juce::UndoManager* undo) {
    const Result<Pattern> pattern = find_pattern(session, id);
    if (!pattern) return pattern;
    juce::ValueTree holder = pattern->state.getParent(), copy = pattern->state.createCopy();
    copy.setProperty(ids::id, unique_id(holder, copy[ids::id].toString()), nullptr);
    holder.addChild(copy, holder.indexOf(pattern->state) + 1, undo);
    return Pattern(copy);
}

Status remove_pattern(Session& session, const std::string& id, juce::UndoManager* undo) {
    const Result<Pattern> pattern = find_pattern(session, id);
    if (!pattern) return pattern.error();
    const std::string hint = "remove what refers to it first";
    for (const Track& track : session.tracks()) {
        for (const Clip& clip : track.clips()) {
            if (clip.pattern() == id)
                return bad(place_of(id), "is played by clip " + clip.id() + " of track " + track.id(), hint);
        }
    }
    for (const Layer& layer : session.layers()) {
        const std::vector<std::string> stems = layer.stems();
        if (std::find(stems.begin(), stems.end(), id) != stems.end())
            return bad(place_of(id), "belongs to layer " + layer.id(), hint);
    }
    pattern->state.getParent().removeChild(pattern->state, undo);
    return {};
}

Status rename_pattern(Session& session, const std::string& pattern, const std::string& name,
                      juce::UndoManager* undo) {
    return set_one(session, pattern, ids::name, to_juce(name), undo);
}

Status set_pattern_length(Session& session, const std::string& pattern, double beats,
                          juce::UndoManager* undo) {
    if (Status good = check_length(beats, place_of(pattern)); !good) return good;
    return set_one(session, pattern, ids::length, beats, undo);
}

Status set_pattern_program(Session& session, const std::string& id, int program, int channel,
                           juce::UndoManager* undo) {
    const Result<Pattern> pattern = find_pattern(session, id);
    if (!pattern) return pattern.error();
    return set_fields(pattern->state, {{"program", program}, {"midi_channel", channel}}, place_of(id), undo);
}

Status set_notes(Session& session, const std::string& id, const std::vector<Note>& notes,
                 juce::UndoManager* undo) {
    if (const Result<Pattern> pattern = find_pattern(session, id); !pattern) return pattern.error();
    if (Status good = check_notes(notes, place_of(id), 0); !good) return good;
    std::vector<juce::ValueTree> nodes;
    for (const Note& note : notes)
        nodes.push_back(node_of(note));
    replace_children(*notes_of(session, id, undo), nodes, undo);
    return {};
}

Status add_notes(Session& session, const std::string& id, const std::vector<Note>& notes,
                 juce::UndoManager* undo) {
    const Result<Pattern> pattern = find_pattern(session, id);
    if (!pattern) return pattern.error();
    const int first = pattern->state.getChildWithName(ids::notes).getNumChildren();
    if (Status good = check_notes(notes, place_of(id), first); !good) return good;
    juce::ValueTree holder = *notes_of(session, id, undo);
    for (const Note& note : notes)
        holder.appendChild(node_of(note), undo);
    return {};
}

Status set_note(Session& session, const std::string& id, int index, const Note& note,
                juce::UndoManager* undo) {
    const auto nodes = chosen(session, id, {index});
    if (!nodes) return nodes.error();
    const std::string place = place_of(id) + ".notes[" + std::to_string(index) + "]";
    if (Status good = check_length(note.length, place); !good) return good;
    return set_fields((*nodes)[0],
                      {{ids::start, note.start},
                       {ids::length, note.length},
                       {"pitch", note.pitch},
                       {"velocity", note.velocity}},
                      place, undo);
}

Status remove_notes(Session& session, const std::string& id, std::vector<int> indices,
                    juce::UndoManager* undo) {
    const auto nodes = chosen(session, id, indices);
    if (!nodes) return nodes.error();
    std::sort(indices.begin(), indices.end(), std::greater<>());
    indices.erase(std::unique(indices.begin(), indices.end()), indices.end());
    juce::ValueTree holder = session.pattern(id)->state.getChildWithName(ids::notes);
    for (const int index : indices)
        holder.removeChild(index, undo);
    return {};
}

Status move_notes(Session& session, const std::string& id, const std::vector<int>& indices, double beats,
                  int semitones, juce::UndoManager* undo) {
    auto nodes = chosen(session, id, indices);
    if (!nodes) return nodes.error();
    const auto start = [&](const juce::ValueTree& node) {
        return static_cast<double>(node.getProperty(ids::start, 0.0)) + beats;
    };
    const auto pitch = [&](const juce::ValueTree& node) {
        return static_cast<int>(node.getProperty("pitch", 60)) + semitones;
    };
    for (const juce::ValueTree& node : *nodes) {
        for (const auto& [field, value] : {FieldValue{ids::start, start(node)}, {"pitch", pitch(node)}}) {
            if (Status good = check_field(ids::note, field, value, place_of(id) + ".notes"); !good)
                return good;
        }
    }
    for (juce::ValueTree& node : *nodes) {
        const int to = pitch(node);
        node.setProperty(ids::start, start(node), undo);
        node.setProperty("pitch", to, undo);
    }
    return {};
}

Result<int> quantize_notes(Session& session, const std::string& id, double grid, double strength,
                           juce::UndoManager* undo) {
    const Result<Pattern> pattern = find_pattern(session, id);
    if (!pattern) return pattern.error();
    if (!(grid >= 1.0 / 1024 && grid <= 1024)) return bad("grid", "must be 1/1024 to 1024 beats");
    if (!(strength >= 0 && strength <= 1)) return bad("strength", "must be 0 to 1");
    int moved = 0;
    for (juce::ValueTree note : pattern->state.getChildWithName(ids::notes)) {
        const double start = note.getProperty(ids::start, 0.0);
        const double to = start + (std::round(start / grid) * grid - start) * strength;
        if (to == start || !check_field(ids::note, ids::start, to, place_of(id))) continue;
        note.setProperty(ids::start, to, undo);
        ++moved;
    }
    return moved;
}

Status rename_layer(Session& session, const std::string& id, const std::string& name,
                    juce::UndoManager* undo) {
    const Result<juce::ValueTree> layer = find_layer(session, id);
    if (!layer) return layer.error();
    return set_fields(*layer, {{ids::name, to_juce(name)}}, "layers." + id, undo);
}

Status star_layer(Session& session, const std::string& id, bool on, juce::UndoManager* undo) {
    const Result<juce::ValueTree> layer = find_layer(session, id);
    if (!layer) return layer.error();
    Layer(*layer).set_starred(on, undo);
    return {};
}

Status remove_layer(Session& session, const std::string& id, juce::UndoManager* undo) {
    const Result<juce::ValueTree> layer = find_layer(session, id);
    if (!layer) return layer.error();
    layer->getParent().removeChild(*layer, undo);
    return {};
}

Status move_layer(Session& session, const std::string& id, int index, juce::UndoManager* undo) {
    const Result<juce::ValueTree> layer = find_layer(session, id);
    if (!layer) return layer.error();
    juce::ValueTree holder = layer->getParent();
    if (index < 0 || index >= holder.getNumChildren())
        return bad("layers." + id, "cannot be moved to place " + std::to_string(index),
                   "the places are 0 to " + std::to_string(holder.getNumChildren() - 1));
    holder.moveChild(holder.indexOf(*layer), index, undo);
    return {};
}

} // namespace loopmind::session::edit
