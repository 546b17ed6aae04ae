// Tracks: made, ordered, set, grouped.
#include "engine/session/edits_tracks.h"

#include "engine/session/automation_target.h"
#include "engine/session/edit_tools.h"
#include "engine/session/json_text.h"

#include <algorithm>

namespace loopmind::session::edit {
namespace {

Status set_one(Session& session, const std::string& id, const char* field, const juce::var& value,
               juce::UndoManager* undo) {
    const Result<Track> track = find_track(session, id);
    if (!track) return track.error();
    return set_fields(track->state, {{field, value}}, place_of(*track), undo);
}

Status set_group_field(Session& session, const std::string& id, const char* field, const juce::var& value,
                       juce::UndoManager* undo) {
    const std::optional<Group> group = session.group(id);
    if (!group) return Error{ErrorCode::kNotFound, "groups." + id, "is not in the session", {}};
    return set_fields(group->state, {{field, value}}, "groups." + id, undo);
}

/// What other tracks have of a track that goes.
void forget_track(Session& session, const std::string& id, juce::UndoManager* undo) {
    for (Track track : session.tracks()) {
        if (track.state["output"].toString().toStdString() == id) track.state.setProperty("output", "", undo);
        juce::ValueTree sends = track.state.getChildWithName(ids::sends);
        for (int i = sends.getNumChildren(); --i >= 0;) {
            if (Send(sends.getChild(i)).to() == id) sends.removeChild(i, undo);
        }
        if (const auto lane = track.lane(send_target(id)))
            track.state.getChildWithName(ids::automation).removeChild(lane->state, undo);
        for (Insert insert : track.inserts()) {
            if (insert.sidechain() == id) insert.state.setProperty("sidechain", "", undo);
        }
    }
}

/// Place of the last track that is not the master.
int last_place(const juce::ValueTree& holder) {
    return holder.getNumChildren() - 2;
}

} // namespace

Result<Track> add_track(Session& session, TrackType type, const std::string& id, const std::string& name,
                        juce::UndoManager* undo) {
    if (type == TrackType::kMaster || type == TrackType::kOther)
        return bad("tracks." + id + ".type", "cannot be added", "a session has one master track");
    const juce::ValueTree wanted(ids::track, {{ids::id, to_juce(id)}, {ids::name, to_juce(name)}});
    if (Status good = check_fields(wanted, "tracks." + id.substr(0, 200)); !good) return good.error();
    return session.add_track(type, id.empty() ? word_of(kTrackTypes, type) : id, name, undo);
}

Status remove_track(Session& session, const std::string& id, juce::UndoManager* undo) {
    const Result<Track> track = find_track(session, id);
    if (!track) return track.error();
    if (track->type() == TrackType::kMaster)
        return bad(place_of(*track), "cannot be removed", "every session has its master");
    const std::vector<Insert> inserts = track->inserts();
    forget_track(session, id, undo);
    track->state.getParent().removeChild(track->state, undo);
    for (const Insert& insert : inserts)
        session.release_macro(insert, undo);
    return {};
}

Status move_track(Session& session, const std::string& id, int index, juce::UndoManager* undo) {
    const Result<Track> track = find_track(session, id);
    if (!track) return track.error();
    juce::ValueTree holder = track->state.getParent();
    if (track->type() == TrackType::kMaster) return bad(place_of(*track), "stays the last track");
    if (index < 0 || index > last_place(holder))
        return bad(place_of(*track), "cannot be moved to place " + std::to_string(index),
                   "the places are 0 to " + std::to_string(last_place(holder)));
    holder.moveChild(holder.indexOf(track->state), index, undo);
    return {};
}

Result<Track> duplicate_track(Session& session, const std::string& id, juce::UndoManager* undo) {
    const Result<Track> track = find_track(session, id);
    if (!track) return track;
    if (track->type() == TrackType::kMaster)
        return bad(place_of(*track), "cannot be doubled", "a session has one master track");
    juce::ValueTree holder = track->state.getParent(), copy = track->state.createCopy();
    copy.setProperty(ids::id, unique_id(holder, copy[ids::id].toString()), nullptr);
    copy.removeProperty("arm", nullptr); // one input, one recording
    for (juce::ValueTree insert : copy.getChildWithName(ids::inserts))
        insert.removeProperty(ids::macro, nullptr);
    holder.addChild(copy, holder.indexOf(track->state) + 1, undo);
    return Track(copy);
}

Status rename_track(Session& session, const std::string& track, const std::string& name,
                    juce::UndoManager* undo) {
    return set_one(session, track, "name", to_juce(name), undo);
}

Status set_color(Session& session, const std::string& track, const std::string& color,
                 juce::UndoManager* undo) {
    const bool hex = color.size() == 7 && color[0] == '#' &&
                     color.find_first_not_of("0123456789abcdefABCDEF", 1) == std::string::npos;
    if (!color.empty() && !hex)
        return bad("tracks." + track + ".color", "is no colour: " + json_quote(color.substr(0, 40)),
                   "write it as \"#ff8800\"");
    return set_one(session, track, "color", to_juce(color), undo);
}

Status set_role(Session& session, const std::string& track, const std::string& role,
                juce::UndoManager* undo) {
    return set_one(session, track, "role", to_juce(role), undo);
}
Status set_gain(Session& session, const std::string& track, double db, juce::UndoManager* undo) {
    return set_one(session, track, "gain_db", db, undo);
}
Status set_pan(Session& session, const std::string& track, double pan, juce::UndoManager* undo) {
    return set_one(session, track, "pan", pan, undo);
}
Status set_mute(Session& session, const std::string& track, bool on, juce::UndoManager* undo) {
    return set_one(session, track, "mute", on, undo);
}
Status set_solo(Session& session, const std::string& track, bool on, juce::UndoManager* undo) {
    return set_one(session, track, "solo", on, undo);
}
Status set_phase_invert(Session& session, const std::string& track, bool on, juce::UndoManager* undo) {
    return set_one(session, track, "phase_invert", on, undo);
}
Status set_arm(Session& session, const std::string& track, bool on, juce::UndoManager* undo) {
    return set_one(session, track, "arm", on, undo);
}
Status set_pan_law(Session& session, PanLaw law, juce::UndoManager* undo) {
    session.state().setProperty("pan_law", word_of(kPanLaws, law), undo);
    return {};
}

Result<Group> add_group(Session& session, const std::string& name, juce::UndoManager* undo) {
    juce::ValueTree group(ids::group,
                          {{ids::name, to_juce(name)}, {"gain_db", 0.0}, {"mute", false}, {"solo", false}});
    if (Status good = check_fields(group, "groups"); !good) return good.error();
    juce::ValueTree holder = session.state().getOrCreateChildWithName(ids::groups, undo);
    group.setProperty(ids::id, unique_id(holder, "group-" + juce::String(holder.getNumChildren() + 1)),
                      nullptr);
    holder.appendChild(group, undo);
    return Group(group);
}

Status remove_group(Session& session, const std::string& id, juce::UndoManager* undo) {
    const std::optional<Group> group = session.group(id);
    if (!group) return Error{ErrorCode::kNotFound, "groups." + id, "is not in the session", {}};
    for (Track track : session.tracks()) {
        if (track.group() == id) track.state.setProperty("group", "", undo);
    }
    session.state().getChildWithName(ids::groups).removeChild(group->state, undo);
    return {};
}

Status rename_group(Session& session, const std::string& group, const std::string& name,
                    juce::UndoManager* undo) {
    return set_group_field(session, group, "name", to_juce(name), undo);
}
Status set_group_gain(Session& session, const std::string& group, double db, juce::UndoManager* undo) {
    return set_group_field(session, group, "gain_db", db, undo);
}
Status set_group_mute(Session& session, const std::string& group, bool on, juce::UndoManager* undo) {
    return set_group_field(session, group, "mute", on, undo);
}
Status set_group_solo(Session& session, const std::string& group, bool on, juce::UndoManager* undo) {
    return set_group_field(session, group, "solo", on, undo);
}

Status set_group(Session& session, const std::string& track, const std::string& group,
                 juce::UndoManager* undo) {
    if (!group.empty() && !session.group(group))
        return Error{ErrorCode::kNotFound, "groups." + group, "is not in the session", {}};
    return set_one(session, track, "group", to_juce(group), undo);
}

} // namespace loopmind::session::edit
