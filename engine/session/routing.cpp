// Where signals go: outputs, sends, side-chains; nothing may come back to where it left.
#include "engine/session/edit_tools.h"
#include "engine/session/edits_inserts.h"
#include "engine/session/edits_tracks.h"
#include "engine/session/json_text.h"

#include <algorithm>
#include <deque>
#include <map>

namespace loopmind::session::edit {
namespace {

/// Tracks that a track feeds, by track.
std::map<std::string, std::vector<std::string>> feeds(const Session& session) {
    std::map<std::string, std::vector<std::string>> out;
    const std::string master = session.master().id();
    for (const Track& track : session.tracks()) {
        const std::string id = track.id();
        if (id != master) {
            const std::string to = track.output();
            out[id].push_back(to == kMasterId ? master : to);
        }
        for (const Send& send : track.sends())
            out[id].push_back(send.to());
        for (const Insert& insert : track.inserts()) {
            if (!insert.sidechain().empty()) out[insert.sidechain()].push_back(id);
        }
    }
    return out;
}

std::string with_arrows(const std::vector<std::string>& path) {
    std::string out;
    for (const std::string& id : path)
        out += (out.empty() ? "" : " -> ") + id;
    return out;
}

/// Whether `from` may feed `to`.
Status check_no_loop(const Session& session, const std::string& from, const std::string& to,
                     const std::string& place) {
    std::vector<std::string> back = signal_path(session, to, from);
    if (back.empty()) return {};
    back.insert(back.begin(), from);
    return bad(place, "would lead the signal in a circle: " + with_arrows(back),
               "cut one of these connections first");
}

Result<Track> find_bus(const Session& session, const std::string& id, const std::string& place) {
    const std::optional<Track> bus = session.track(id);
    if (!bus)
        return Error{ErrorCode::kNotFound, place, "names no track: " + json_quote(id.substr(0, 200)), {}};
    if (bus->type() != TrackType::kBus)
        return bad(place, "must be a bus: " + json_quote(id) + " is none", "add a bus track");
    return *bus;
}

} // namespace

std::vector<std::string> signal_path(const Session& session, const std::string& from, const std::string& to) {
    const auto next = feeds(session);
    std::map<std::string, std::string> came_from{{from, ""}};
    std::deque<std::string> open{from};
    while (!open.empty() && !came_from.contains(to)) {
        const std::string here = open.front();
        open.pop_front();
        const auto found = next.find(here);
        if (found == next.end()) continue;
        for (const std::string& there : found->second) {
            if (came_from.emplace(there, here).second) open.push_back(there);
        }
    }
    std::vector<std::string> path;
    if (!came_from.contains(to)) return path;
    for (std::string at = to; at != from; at = came_from[at])
        path.push_back(at);
    path.push_back(from);
    std::reverse(path.begin(), path.end());
    return path;
}

Status set_output(Session& session, const std::string& id, const std::string& bus, juce::UndoManager* undo) {
    const Result<Track> track = find_track(session, id);
    if (!track) return track.error();
    const std::string place = place_of(*track) + ".output";
    if (track->type() == TrackType::kMaster) return bad(place, "of the master is the sound device");
    juce::ValueTree state = track->state;
    if (bus.empty() || bus == kMasterId || bus == session.master().id()) {
        state.setProperty("output", "", undo);
        return {};
    }
    if (const Result<Track> target = find_bus(session, bus, place); !target) return target.error();
    if (Status open = check_no_loop(session, id, bus, place); !open) return open;
    state.setProperty("output", to_juce(bus), undo);
    return {};
}

Result<Send> add_send(Session& session, const std::string& id, const std::string& bus, double level, bool pre,
                      juce::UndoManager* undo) {
    Result<Track> track = find_track(session, id);
    if (!track) return track.error();
    const std::string place = place_of(*track) + ".sends";
    if (track->type() == TrackType::kMaster) return bad(place, "cannot be: the master sends to nothing");
    if (const Result<Track> target = find_bus(session, bus, place + ".to"); !target) return target.error();
    if (track->send(bus))
        return Error{ErrorCode::kAlreadyExists, place + "." + bus, "is there already", "set its level"};
    if (Status open = check_no_loop(session, id, bus, place + ".to"); !open) return open.error();
    if (Status good = check_field(ids::send, "level", level, place); !good) return good.error();
    juce::ValueTree send(ids::send, {{"to", to_juce(bus)}, {"level", level}, {"pre", pre}});
    track->state.getOrCreateChildWithName(ids::sends, undo).appendChild(send, undo);
    return Send(send);
}

Status set_sidechain(Session& session, const std::string& id, const std::string& insert_id,
                     const std::string& key, juce::UndoManager* undo) {
    Result<Insert> insert = find_insert(session, id, insert_id);
    if (!insert) return insert.error();
    const std::string place = place_of(*session.track(id), ids::inserts, insert_id) + ".sidechain";
    if (!key.empty()) {
        const std::optional<Track> source = session.track(key);
        if (!source)
            return Error{
                ErrorCode::kNotFound, place, "names no track: " + json_quote(key.substr(0, 200)), {}};
        if (key == id)
            return bad(place, "is the track itself", "leave it empty: an effect hears its own track");
        if (Status open = check_no_loop(session, key, id, place); !open) return open;
    }
    insert->state.setProperty("sidechain", to_juce(key), undo);
    return {};
}

} // namespace loopmind::session::edit
