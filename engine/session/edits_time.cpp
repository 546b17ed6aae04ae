// Tempo, meter, length, sections and markers.
#include "engine/session/edits_time.h"

#include "engine/session/edit_tools.h"
#include "engine/session/json_text.h"

namespace loopmind::session::edit {
namespace {

Status set_head(Session& session, const juce::Identifier& field, const juce::var& value,
                juce::UndoManager* undo) {
    Status good = check_field(ids::session, field, value, "session");
    if (!good) {
        Error error = good.error();
        error.field = field.toString().toStdString();
        return error;
    }
    session.state().setProperty(field, value, undo);
    return {};
}

/// Entries of a map that stand at 0 hold what the session's own field holds.
void set_at_zero(Session& session, const juce::Identifier& map, const juce::Identifier& field,
                 const juce::var& value, juce::UndoManager* undo) {
    for (juce::ValueTree point : session.state().getChildWithName(map)) {
        if (static_cast<double>(point[ids::start]) <= 0) point.setProperty(field, value, undo);
    }
}

/// Puts `point` in the place of what stands on its beat.
Status set_in_map(Session& session, const juce::Identifier& map, const juce::Identifier& field,
                  const juce::ValueTree& point, juce::UndoManager* undo) {
    if (Status good = check_fields(point, map.toString().toStdString()); !good) return good;
    juce::ValueTree holder = session.state().getOrCreateChildWithName(map, undo);
    const double start = point[ids::start];
    for (int i = holder.getNumChildren(); --i >= 0;) {
        if (static_cast<double>(holder.getChild(i)[ids::start]) == start) holder.removeChild(i, undo);
    }
    insert_by_start(holder, point, undo);
    if (start <= 0) session.state().setProperty(field, point[field], undo);
    return {};
}

Status remove_from_map(Session& session, const juce::Identifier& map, double beat, juce::UndoManager* undo) {
    juce::ValueTree holder = session.state().getChildWithName(map);
    bool found = false;
    for (int i = holder.getNumChildren(); --i >= 0;) {
        if (static_cast<double>(holder.getChild(i)[ids::start]) != beat) continue;
        holder.removeChild(i, undo);
        found = true;
    }
    if (found) return {};
    return Error{
        ErrorCode::kNotFound, map.toString().toStdString(), "has no change at beat " + json_number(beat), {}};
}

/// Takes a node of an ordered list to another start. Returns its new index.
int reorder(juce::ValueTree node, double start, juce::UndoManager* undo) {
    juce::ValueTree holder = node.getParent();
    const int from = holder.indexOf(node);
    node.setProperty(ids::start, start, undo);
    int to = 0;
    for (int i = 0; i < holder.getNumChildren(); ++i) {
        const double other = holder.getChild(i)[ids::start];
        if (i != from && (other < start || (other == start && i < from))) ++to;
    }
    if (to != from) holder.moveChild(from, to, undo);
    return to;
}

Result<juce::ValueTree> find_section(const Session& session, int index) {
    return find_child(session.state().getChildWithName(ids::sections), index, "sections");
}
Result<juce::ValueTree> find_marker(const Session& session, int index) {
    return find_child(session.state().getChildWithName(ids::markers), index, "markers");
}

std::string section_place(int index) {
    return "sections[" + std::to_string(index) + "]";
}

} // namespace

Status set_name(Session& session, const std::string& name, juce::UndoManager* undo) {
    return set_head(session, ids::name, to_juce(name), undo);
}
Status set_mode(Session& session, const std::string& mode, juce::UndoManager* undo) {
    return set_head(session, ids::mode, to_juce(mode), undo);
}
Status set_key(Session& session, const std::string& key, juce::UndoManager* undo) {
    return set_head(session, "key", to_juce(key), undo);
}
Status set_bars(Session& session, int bars, juce::UndoManager* undo) {
    return set_head(session, "bars", bars, undo);
}

Status set_tempo(Session& session, double bpm, juce::UndoManager* undo) {
    if (Status set = set_head(session, ids::tempo, bpm, undo); !set) return set;
    set_at_zero(session, ids::tempo_map, ids::tempo, bpm, undo);
    return {};
}

Status set_meter(Session& session, const std::string& meter, juce::UndoManager* undo) {
    if (Status set = set_head(session, ids::meter, to_juce(meter), undo); !set) return set;
    set_at_zero(session, ids::meter_map, ids::meter, to_juce(meter), undo);
    return {};
}

Status set_tempo_point(Session& session, const TempoPoint& point, juce::UndoManager* undo) {
    juce::ValueTree node(ids::tempo_point, {{ids::start, point.start}, {ids::tempo, point.tempo}});
    if (point.ramp) node.setProperty(ids::ramp, true, nullptr);
    return set_in_map(session, ids::tempo_map, ids::tempo, node, undo);
}

Status set_meter_point(Session& session, const MeterPoint& point, juce::UndoManager* undo) {
    const juce::ValueTree node(ids::meter_point,
                               {{ids::start, point.start}, {ids::meter, to_juce(point.meter)}});
    return set_in_map(session, ids::meter_map, ids::meter, node, undo);
}

Status remove_tempo_point(Session& session, double beat, juce::UndoManager* undo) {
    return remove_from_map(session, ids::tempo_map, beat, undo);
}
Status remove_meter_point(Session& session, double beat, juce::UndoManager* undo) {
    return remove_from_map(session, ids::meter_map, beat, undo);
}

Result<int> add_section(Session& session, const std::string& name, double start, double length,
                        juce::UndoManager* undo) {
    if (Status good = check_length(length, "sections"); !good) return good.error();
    const juce::ValueTree node(ids::section,
                               {{ids::name, to_juce(name)}, {ids::start, start}, {ids::length, length}});
    if (Status good = check_fields(node, "sections"); !good) return good.error();
    juce::ValueTree holder = session.state().getChildWithName(ids::sections);
    insert_by_start(holder, node, undo);
    return holder.indexOf(node);
}

Status remove_section(Session& session, int index, juce::UndoManager* undo) {
    const Result<juce::ValueTree> section = find_section(session, index);
    if (!section) return section.error();
    section->getParent().removeChild(index, undo);
    return {};
}

Status rename_section(Session& session, int index, const std::string& name, juce::UndoManager* undo) {
    const Result<juce::ValueTree> section = find_section(session, index);
    if (!section) return section.error();
    return set_fields(*section, {{ids::name, to_juce(name)}}, section_place(index), undo);
}

Result<int> resize_section(Session& session, int index, double start, double length,
                           juce::UndoManager* undo) {
    const Result<juce::ValueTree> section = find_section(session, index);
    if (!section) return section.error();
    if (Status good = check_length(length, section_place(index)); !good) return good.error();
    if (Status good = check_field(ids::section, ids::start, start, section_place(index)); !good)
        return good.error();
    if (Status set = set_fields(*section, {{ids::length, length}}, section_place(index), undo); !set)
        return set.error();
    return reorder(*section, start, undo);
}

Result<int> add_marker(Session& session, const std::string& name, double start, const std::string& kind,
                       juce::UndoManager* undo) {
    const juce::ValueTree node(ids::marker,
                               {{ids::name, to_juce(name)}, {"kind", to_juce(kind)}, {ids::start, start}});
    if (Status good = check_fields(node, "markers"); !good) return good.error();
    juce::ValueTree holder = session.state().getChildWithName(ids::markers);
    insert_by_start(holder, node, undo);
    return holder.indexOf(node);
}

Status remove_marker(Session& session, int index, juce::UndoManager* undo) {
    const Result<juce::ValueTree> marker = find_marker(session, index);
    if (!marker) return marker.error();
    marker->getParent().removeChild(index, undo);
    return {};
}

Status rename_marker(Session& session, int index, const std::string& name, juce::UndoManager* undo) {
    const Result<juce::ValueTree> marker = find_marker(session, index);
    if (!marker) return marker.error();
    return set_fields(*marker, {{ids::name, to_juce(name)}}, "markers[" + std::to_string(index) + "]", undo);
}

Result<int> move_marker(Session& session, int index, double start, juce::UndoManager* undo) {
    const Result<juce::ValueTree> marker = find_marker(session, index);
    if (!marker) return marker.error();
    if (Status good = check_field(ids::marker, ids::start, start, "markers[" + std::to_string(index) + "]");
        !good)
        return good.error();
    return reorder(*marker, start, undo);
}

} // namespace loopmind::session::edit
