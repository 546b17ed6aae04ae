// Lookups and checked setting of fields.
#include "engine/session/edit_tools.h"

#include "engine/session/json_text.h"

#include <algorithm>
#include <cmath>

namespace loopmind::session::edit {
namespace {

Error missing(const std::string& place) {
    return {ErrorCode::kNotFound, place, "is not in the session", {}};
}

Status check_number(const FieldRule& rule, double value, const std::string& place) {
    if (!(value >= rule.min && value <= rule.max)) {
        return bad(place, std::isfinite(value) ? "is out of range: " + json_number(value) : "is not a number",
                   "allowed is " + json_number(rule.min) + " to " + json_number(rule.max));
    }
    if (rule.kind == FieldKind::kInteger && value != std::floor(value))
        return bad(place, "must be a whole number");
    return {};
}

Status check_choice(const FieldRule& rule, const juce::String& word, const std::string& place) {
    std::string list;
    for (const char* choice : rule.choices) {
        if (word == choice) return {};
        list += (list.empty() ? "" : ", ") + std::string(choice);
    }
    return bad(place, "is unknown: " + json_quote(word.toStdString()), "use one of " + list);
}

} // namespace

std::string place_of(const Track& track) {
    return "tracks." + track.id();
}
std::string place_of(const Track& track, const juce::Identifier& list, const std::string& id) {
    return place_of(track) + "." + list.toString().toStdString() + "." + id;
}

Result<Track> find_track(const Session& session, const std::string& id) {
    const std::optional<Track> track = session.track(id);
    if (!track) return missing("tracks." + id);
    return *track;
}

Result<Clip> find_clip(const Session& session, const std::string& track, const std::string& clip) {
    const Result<Track> owner = find_track(session, track);
    if (!owner) return owner.error();
    const std::optional<Clip> found = owner->clip(clip);
    if (!found) return missing(place_of(*owner, ids::clips, clip));
    return *found;
}

Result<Insert> find_insert(const Session& session, const std::string& track, const std::string& insert) {
    const Result<Track> owner = find_track(session, track);
    if (!owner) return owner.error();
    const std::optional<Insert> found = owner->insert(insert);
    if (!found) return missing(place_of(*owner, ids::inserts, insert));
    return *found;
}

Result<Pattern> find_pattern(const Session& session, const std::string& id) {
    const std::optional<Pattern> pattern = session.pattern(id);
    if (!pattern) return missing("patterns." + id);
    return *pattern;
}

Result<juce::ValueTree> find_child(const juce::ValueTree& holder, int index, const std::string& list) {
    if (index < 0 || index >= holder.getNumChildren())
        return missing(list + "[" + std::to_string(index) + "]");
    return holder.getChild(index);
}

Status check_field(const juce::Identifier& node_type, const juce::Identifier& field, const juce::var& value,
                   const std::string& place) {
    const NodeRule* node = rule_of(node_type);
    const std::string at = place + "." + field.toString().toStdString();
    for (const FieldRule& rule : node->fields) {
        if (rule.name != field) continue;
        switch (rule.kind) {
        case FieldKind::kNumber:
        case FieldKind::kInteger:
            return check_number(rule, value, at);
        case FieldKind::kChoice:
            return check_choice(rule, value.toString(), at);
        case FieldKind::kText:
            if (static_cast<double>(value.toString().getNumBytesAsUTF8()) > rule.max)
                return bad(at, "is longer than " + json_number(rule.max) + " bytes");
            return {};
        case FieldKind::kMeter:
            if (!is_meter(value.toString().toStdString()))
                return bad(at, "is no meter", "write it as \"4/4\" or \"3/4\"");
            return {};
        default:
            return {};
        }
    }
    return Error{ErrorCode::kInternal, at, "is no field of the document", {}};
}

Status set_fields(juce::ValueTree node, std::initializer_list<FieldValue> fields, const std::string& place,
                  juce::UndoManager* undo) {
    for (const auto& [name, value] : fields) {
        if (Status good = check_field(node.getType(), name, value, place); !good) return good;
    }
    for (const auto& [name, value] : fields)
        node.setProperty(name, value, undo);
    return {};
}

Status check_fields(const juce::ValueTree& node, const std::string& place) {
    for (int i = 0; i < node.getNumProperties(); ++i) {
        const juce::Identifier name = node.getPropertyName(i);
        if (name == ids::extra) continue;
        if (Status good = check_field(node.getType(), name, node[name], place); !good) return good;
    }
    return {};
}

Status check_length(double length, const std::string& place) {
    if (length > 0) return {};
    return bad(place + ".length", "must be more than 0 beats", "make it longer or remove it");
}

void insert_by_start(juce::ValueTree holder, const juce::ValueTree& node, juce::UndoManager* undo) {
    const double start = node[ids::start];
    int index = holder.getNumChildren();
    while (index > 0 && static_cast<double>(holder.getChild(index - 1)[ids::start]) > start)
        --index;
    holder.addChild(node, index, undo);
}

void replace_children(juce::ValueTree holder, const std::vector<juce::ValueTree>& wanted,
                      juce::UndoManager* undo) {
    const int have = holder.getNumChildren(), want = static_cast<int>(wanted.size());
    const auto alike = [&](int mine, int theirs) {
        return holder.getChild(mine).isEquivalentTo(wanted[static_cast<std::size_t>(theirs)]);
    };
    int head = 0, tail = 0;
    while (head < std::min(have, want) && alike(head, head))
        ++head;
    while (tail < std::min(have, want) - head && alike(have - 1 - tail, want - 1 - tail))
        ++tail;
    for (int i = have - tail - 1; i >= head; --i)
        holder.removeChild(i, undo);
    for (int i = head; i < want - tail; ++i)
        holder.addChild(wanted[static_cast<std::size_t>(i)], i, undo);
}

} // namespace loopmind::session::edit
