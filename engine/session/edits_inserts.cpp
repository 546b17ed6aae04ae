// Insert chains and the levels of sends.
#include "engine/session/edits_inserts.h"

#include "engine/session/automation_target.h"
#include "engine/session/edit_tools.h"
#include "engine/session/json_text.h"
#include "engine/session/vocabulary.h"

#include <cmath>

namespace loopmind::session::edit {
namespace {

Status check_param(const std::string& name, double value, const std::string& place) {
    if (name.empty() || name.size() > 256 || name.find('.') != std::string::npos)
        return bad(place, "cannot be a parameter's name: " + json_quote(name.substr(0, 40)));
    if (!std::isfinite(value)) return bad(place + "." + name, "is not a number");
    return {};
}

Status set_send_field(Session& session, const std::string& id, const std::string& bus, const char* field,
                      const juce::var& value, juce::UndoManager* undo) {
    const Result<Track> track = find_track(session, id);
    if (!track) return track.error();
    const std::string place = place_of(*track, ids::sends, bus);
    const std::optional<Send> send = track->send(bus);
    if (!send) return Error{ErrorCode::kNotFound, place, "is not in the session", {}};
    return set_fields(send->state, {{field, value}}, place, undo);
}

} // namespace

Result<Insert> add_insert(Session& session, const std::string& id, const std::string& effect, int index,
                          juce::UndoManager* undo) {
    Result<Track> track = find_track(session, id);
    if (!track) return track.error();
    const int count = static_cast<int>(track->inserts().size());
    const std::string place = place_of(*track) + ".inserts";
    if (effect.empty() || effect.size() > 200) return bad(place + ".effect", "is no effect's name");
    if (index < -1 || index > count)
        return bad(place, "have no place " + std::to_string(index),
                   "use 0 to " + std::to_string(count) + ", or -1 for the end");
    return track->add_insert(effect, index, undo);
}

Result<Insert> add_plugin(Session& session, const std::string& id, const std::string& uri, int index,
                          juce::UndoManager* undo) {
    if (uri.empty()) return bad("uri", "is empty", "name the plug-in's URI");
    // Checked before anything changes: what cannot be written must not be added.
    Insert checked{juce::ValueTree(ids::insert)};
    if (Status good = set_fields(checked.state, {{ids::uri, to_juce(uri)}}, "insert", nullptr); !good)
        return good.error();
    auto insert = add_insert(session, id, effect::kLv2, index, undo);
    if (insert) insert->state.setProperty(ids::uri, to_juce(uri), undo);
    return insert;
}

Status set_plugin_state(Session& session, const std::string& id, const std::string& insert_id,
                        const std::string& state, juce::UndoManager* undo) {
    const Result<Insert> insert = find_insert(session, id, insert_id);
    if (!insert) return insert.error();
    const std::string place = place_of(*session.track(id), ids::inserts, insert_id);
    if (insert->effect() != effect::kLv2) return bad(place, "holds no plug-in");
    return set_fields(insert->state, {{ids::plugin_state, to_juce(state)}}, place, undo);
}

Status remove_insert(Session& session, const std::string& id, const std::string& insert_id,
                     juce::UndoManager* undo) {
    const Result<Insert> insert = find_insert(session, id, insert_id);
    if (!insert) return insert.error();
    juce::ValueTree lanes = session.track(id)->state.getChildWithName(ids::automation);
    for (int i = lanes.getNumChildren(); --i >= 0;) {
        const auto target = parse_automation_target(AutomationLane(lanes.getChild(i)).target());
        if (target && target->kind == AutomationTarget::Kind::kInsert && target->id == insert_id)
            lanes.removeChild(i, undo);
    }
    insert->state.getParent().removeChild(insert->state, undo);
    session.release_macro(*insert, undo);
    return {};
}

Status move_insert(Session& session, const std::string& id, const std::string& insert_id, int index,
                   juce::UndoManager* undo) {
    const Result<Insert> insert = find_insert(session, id, insert_id);
    if (!insert) return insert.error();
    juce::ValueTree chain = insert->state.getParent();
    if (index < 0 || index >= chain.getNumChildren())
        return bad(place_of(*session.track(id), ids::inserts, insert_id),
                   "cannot be moved to place " + std::to_string(index),
                   "the places are 0 to " + std::to_string(chain.getNumChildren() - 1));
    chain.moveChild(chain.indexOf(insert->state), index, undo);
    return {};
}

Status set_bypass(Session& session, const std::string& id, const std::string& insert_id, bool on,
                  juce::UndoManager* undo) {
    Result<Insert> insert = find_insert(session, id, insert_id);
    if (!insert) return insert.error();
    insert->set_bypass(on, undo);
    return {};
}

Status set_insert_param(Session& session, const std::string& id, const std::string& insert_id,
                        const std::string& param, double value, juce::UndoManager* undo) {
    const Result<Insert> insert = find_insert(session, id, insert_id);
    if (!insert) return insert.error();
    const std::string place = place_of(*session.track(id), ids::inserts, insert_id) + ".params";
    if (Status good = check_param(param, value, place); !good) return good;
    session.set_param(*insert, param, value, undo);
    return {};
}

Status set_preset(Session& session, const std::string& id, const std::string& insert_id,
                  const std::string& preset, const std::map<std::string, double>& params,
                  juce::UndoManager* undo) {
    const Result<Insert> insert = find_insert(session, id, insert_id);
    if (!insert) return insert.error();
    const std::string place = place_of(*session.track(id), ids::inserts, insert_id);
    for (const auto& [name, value] : params) {
        if (Status good = check_param(name, value, place + ".params"); !good) return good;
    }
    if (Status set = set_fields(insert->state, {{"preset", to_juce(preset)}}, place, undo); !set) return set;
    for (const auto& [name, value] : params)
        session.set_param(*insert, name, value, undo);
    return {};
}

Status remove_send(Session& session, const std::string& id, const std::string& bus, juce::UndoManager* undo) {
    const Result<Track> track = find_track(session, id);
    if (!track) return track.error();
    const std::optional<Send> send = track->send(bus);
    if (!send)
        return Error{ErrorCode::kNotFound, place_of(*track, ids::sends, bus), "is not in the session", {}};
    send->state.getParent().removeChild(send->state, undo);
    const std::optional<AutomationLane> lane = track->lane(send_target(bus));
    if (lane && !track->send(bus)) lane->state.getParent().removeChild(lane->state, undo);
    return {};
}

Status set_send_level(Session& session, const std::string& track, const std::string& bus, double level,
                      juce::UndoManager* undo) {
    return set_send_field(session, track, bus, "level", level, undo);
}
Status set_send_pre(Session& session, const std::string& track, const std::string& bus, bool pre,
                    juce::UndoManager* undo) {
    return set_send_field(session, track, bus, "pre", pre, undo);
}

Status set_fx(Session& session, const std::string& name, double amount, juce::UndoManager* undo) {
    return session.set_fx(name, amount, undo);
}

} // namespace loopmind::session::edit
