// Reading the document's nodes, and the edits of single fields.
#include "engine/session/views.h"

#include "engine/session/choices.h"
#include "engine/session/schema.h"
#include "engine/session/trees.h"

namespace loopmind::session {

std::string Node::text(const char* name, const char* fallback) const {
    const juce::Identifier id(name);
    return state.hasProperty(id) ? state[id].toString().toStdString() : fallback;
}
double Node::number(const char* name, double fallback) const {
    return state.getProperty(name, fallback);
}
std::int64_t Node::integer(const char* name, std::int64_t fallback) const {
    return static_cast<juce::int64>(state.getProperty(name, static_cast<juce::int64>(fallback)));
}
bool Node::flag(const char* name, bool fallback) const {
    return state.getProperty(name, fallback);
}
void Node::put(const char* name, const juce::var& value, juce::UndoManager* undo) {
    state.setProperty(name, value, undo);
}

bool Insert::has_param(const std::string& name) const {
    return state.getChildWithName(ids::params).getChildWithProperty(ids::name, to_juce(name)).isValid();
}

double Insert::param(const std::string& name, double fallback) const {
    const juce::ValueTree found =
        state.getChildWithName(ids::params).getChildWithProperty(ids::name, to_juce(name));
    if (!found.isValid() || found.hasProperty(ids::raw) || found[ids::value].isString()) return fallback;
    return found[ids::value];
}

std::vector<std::string> Insert::param_names() const {
    std::vector<std::string> names;
    for (const juce::ValueTree& param : state.getChildWithName(ids::params))
        names.push_back(param[ids::name].toString().toStdString());
    return names;
}

void Insert::set_param(const std::string& name, double value, juce::UndoManager* undo) {
    juce::ValueTree params = state.getOrCreateChildWithName(ids::params, undo);
    juce::ValueTree found = params.getChildWithProperty(ids::name, to_juce(name));
    if (found.isValid()) {
        found.removeProperty(ids::raw, undo);
        found.setProperty(ids::value, value, undo);
    } else {
        params.appendChild({ids::param, {{ids::name, to_juce(name)}, {ids::value, value}}}, undo);
    }
}

TrackType Track::type() const {
    return choice_of(kTrackTypes, state.getProperty(ids::type, "audio").toString(), TrackType::kOther);
}

FadeCurve Clip::fade_in_curve() const {
    return choice_of(kFadeCurves, state["fade_in_curve"].toString(), FadeCurve::kLinear);
}
FadeCurve Clip::fade_out_curve() const {
    return choice_of(kFadeCurves, state["fade_out_curve"].toString(), FadeCurve::kLinear);
}

AutomationMode AutomationLane::mode() const {
    return choice_of(kAutomationModes, state.getProperty(ids::mode, "read").toString(),
                     AutomationMode::kRead);
}

std::vector<AutomationPoint> AutomationLane::points() const {
    const juce::ValueTree holder = state.getChildWithName(ids::points);
    std::vector<AutomationPoint> out;
    out.reserve(static_cast<std::size_t>(holder.getNumChildren()));
    for (const juce::ValueTree& point : holder)
        out.push_back(point_of(point));
    return out;
}

double AutomationLane::value_at(double beat, double fallback) const {
    return automation_value(points(), beat, fallback);
}

std::vector<Insert> Track::inserts() const {
    return views<Insert>(state.getChildWithName(ids::inserts));
}
std::vector<Send> Track::sends() const {
    return views<Send>(state.getChildWithName(ids::sends));
}
std::vector<Clip> Track::clips() const {
    return views<Clip>(state.getChildWithName(ids::clips));
}

std::vector<AutomationLane> Track::automation() const {
    return views<AutomationLane>(state.getChildWithName(ids::automation));
}

std::optional<AutomationLane> Track::lane(std::string_view target) const {
    const juce::ValueTree found =
        state.getChildWithName(ids::automation).getChildWithProperty(ids::target, to_juce(target));
    if (!found.isValid()) return std::nullopt;
    return AutomationLane(found);
}
std::optional<Insert> Track::insert(std::string_view id) const {
    return view_of<Insert>(state.getChildWithName(ids::inserts), id);
}
std::optional<Send> Track::send(std::string_view to) const {
    const juce::ValueTree found = state.getChildWithName(ids::sends).getChildWithProperty("to", to_juce(to));
    if (!found.isValid()) return std::nullopt;
    return Send(found);
}
std::optional<Clip> Track::clip(std::string_view id) const {
    return view_of<Clip>(state.getChildWithName(ids::clips), id);
}

std::string Track::output() const {
    const std::string to = text("output", kMasterId);
    const juce::ValueTree target = state.getParent().getChildWithProperty(ids::id, to_juce(to));
    return to.empty() || target[ids::type].toString() == "master" ? kMasterId : to;
}

std::optional<Insert> Track::insert_of(std::string_view effect) const {
    juce::ValueTree found =
        state.getChildWithName(ids::inserts).getChildWithProperty(ids::effect, to_juce(effect));
    if (!found.isValid()) return std::nullopt;
    return Insert(found);
}

void Track::set_name(const std::string& name, juce::UndoManager* undo) {
    put("name", to_juce(name), undo);
}

Insert Track::add_insert(const std::string& effect, int index, juce::UndoManager* undo) {
    juce::ValueTree holder = state.getOrCreateChildWithName(ids::inserts, undo);
    juce::ValueTree insert(
        ids::insert,
        {{ids::id, unique_id(holder, to_juce(effect))}, {ids::effect, to_juce(effect)}, {"bypass", false}},
        {juce::ValueTree(ids::params)});
    holder.addChild(insert, index, undo);
    return Insert(insert);
}

Send Track::add_send(const std::string& to, double level, juce::UndoManager* undo) {
    juce::ValueTree send(ids::send, {{"to", to_juce(to)}, {"level", level}, {"pre", false}});
    state.getOrCreateChildWithName(ids::sends, undo).appendChild(send, undo);
    return Send(send);
}

Clip Track::add_clip(const std::string& pattern, double start, double length, bool loop,
                     juce::UndoManager* undo) {
    juce::ValueTree holder = state.getOrCreateChildWithName(ids::clips, undo);
    juce::ValueTree clip(ids::clip,
                         {{ids::id, unique_id(holder, "clip-" + juce::String(holder.getNumChildren() + 1))},
                          {"pattern", to_juce(pattern)},
                          {ids::start, start},
                          {ids::length, length},
                          {"offset", 0.0},
                          {"gain_db", 0.0},
                          {"loop", loop}});
    holder.appendChild(clip, undo);
    return Clip(clip);
}

std::vector<Note> Pattern::notes() const {
    std::vector<Note> out;
    for (const juce::ValueTree& note : state.getChildWithName(ids::notes)) {
        out.push_back({note.getProperty(ids::start, 0.0), note.getProperty(ids::length, 0.0),
                       note.getProperty("pitch", 60), note.getProperty("velocity", 100)});
    }
    return out;
}

std::vector<std::string> Layer::stems() const {
    std::vector<std::string> out;
    for (const juce::ValueTree& item : state.getChildWithName(ids::stems))
        out.push_back(item[ids::value].toString().toStdString());
    return out;
}

} // namespace loopmind::session
