// Views of the document's nodes and the edits that keep it whole.
#include "engine/session/session.h"

#include "engine/session/schema.h"

#include <cmath>
#include <map>
#include <set>

namespace loopmind::session {
namespace {

juce::String to_juce(std::string_view text) {
    return juce::String::fromUTF8(text.data(), static_cast<int>(text.size()));
}

template <typename View> std::vector<View> views(const juce::ValueTree& holder) {
    std::vector<View> out;
    out.reserve(static_cast<std::size_t>(holder.getNumChildren()));
    for (const juce::ValueTree& child : holder)
        out.emplace_back(child);
    return out;
}

template <typename View> std::optional<View> view_of(const juce::ValueTree& holder, std::string_view id) {
    juce::ValueTree found = holder.getChildWithProperty(ids::id, to_juce(id));
    if (!found.isValid()) return std::nullopt;
    return View(found);
}

/// `wanted`, or `wanted-2`, `wanted-3` ... when the holder has it already.
juce::String unique_id(const juce::ValueTree& holder, const juce::String& wanted) {
    juce::String id = wanted;
    for (int i = 2; holder.getChildWithProperty(ids::id, id).isValid(); ++i)
        id = wanted + "-" + juce::String(i);
    return id;
}

const char* type_name(TrackType type) {
    switch (type) {
    case TrackType::kMidi:
        return "midi";
    case TrackType::kBus:
        return "bus";
    case TrackType::kMaster:
        return "master";
    case TrackType::kVideo:
        return "video";
    default:
        return "audio";
    }
}

} // namespace

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
    const juce::String name = state.getProperty(ids::type, "audio").toString();
    for (TrackType type :
         {TrackType::kAudio, TrackType::kMidi, TrackType::kBus, TrackType::kMaster, TrackType::kVideo}) {
        if (name == type_name(type)) return type;
    }
    return TrackType::kOther;
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

Session::Session()
    : state_(ids::session, {{"format", "loopmind-project"},
                            {ids::version, juce::String(kVersionMajor) + "." + juce::String(kVersionMinor)},
                            {"units", "beats"},
                            {"mode", "creative"},
                            {"tempo", 120.0},
                            {"meter", "4/4"},
                            {"bars", 8},
                            {"sample_rate", 48000}}) {
    complete();
}

/// Adds the lists and the master track that every session has, and moves inserts to the published fx amounts.
void Session::complete() {
    for (const juce::Identifier& list : {ids::timeline, ids::fx, ids::tracks, ids::patterns, ids::sections,
                                         ids::markers, ids::layers, ids::media_list})
        state_.getOrCreateChildWithName(list, nullptr);
    juce::ValueTree tracks = state_.getChildWithName(ids::tracks);
    if (!tracks.getChildWithProperty(ids::type, "master").isValid()) {
        tracks.appendChild(
            {ids::track,
             {{ids::id, unique_id(tracks, kMasterId)}, {ids::name, "Master"}, {ids::type, "master"}}},
            nullptr);
    }
    for (const char* name : {"reverb", "delay", "drive", "eq"}) {
        const std::optional<double> amount = fx(name);
        if (amount) (void)set_fx(name, *amount, nullptr);
    }
}

Session Session::clone() const {
    return Session(state_.createCopy());
}

std::string Session::name() const {
    return state_["name"].toString().toStdString();
}
double Session::tempo() const {
    return state_.getProperty("tempo", 120.0);
}
std::string Session::meter() const {
    return state_.getProperty("meter", "4/4").toString().toStdString();
}

double Session::beats_per_bar() const {
    const juce::String meter = state_.getProperty("meter", "4/4").toString();
    const double top = meter.upToFirstOccurrenceOf("/", false, false).getIntValue();
    const double bottom = meter.fromFirstOccurrenceOf("/", false, false).getIntValue();
    return top > 0 && bottom > 0 ? top * 4 / bottom : 4;
}

std::string Session::key() const {
    return state_["key"].toString().toStdString();
}
int Session::bars() const {
    return state_.getProperty("bars", 1);
}
int Session::sample_rate() const {
    return state_.getProperty("sample_rate", 48000);
}
std::string Session::mode() const {
    return state_.getProperty("mode", "creative").toString().toStdString();
}

std::int64_t Session::frames_at(double beats) const {
    return static_cast<std::int64_t>(std::llround(beats * 60.0 / tempo() * sample_rate()));
}

void Session::set_tempo(double bpm, juce::UndoManager* undo) {
    state_.setProperty("tempo", bpm, undo);
}
void Session::set_mode(const std::string& mode, juce::UndoManager* undo) {
    state_.setProperty("mode", to_juce(mode), undo);
}

std::vector<Track> Session::tracks() const {
    return views<Track>(state_.getChildWithName(ids::tracks));
}
std::optional<Track> Session::track(std::string_view id) const {
    return view_of<Track>(state_.getChildWithName(ids::tracks), id);
}
Track Session::master() const {
    return Track(state_.getChildWithName(ids::tracks).getChildWithProperty(ids::type, "master"));
}
std::vector<Pattern> Session::patterns() const {
    return views<Pattern>(state_.getChildWithName(ids::patterns));
}
std::optional<Pattern> Session::pattern(std::string_view id) const {
    return view_of<Pattern>(state_.getChildWithName(ids::patterns), id);
}
std::vector<Media> Session::media() const {
    return views<Media>(state_.getChildWithName(ids::media_list));
}
std::optional<Media> Session::media(std::string_view id) const {
    return view_of<Media>(state_.getChildWithName(ids::media_list), id);
}
std::vector<Section> Session::sections() const {
    return views<Section>(state_.getChildWithName(ids::sections));
}
std::vector<Marker> Session::markers() const {
    return views<Marker>(state_.getChildWithName(ids::markers));
}
std::vector<Layer> Session::layers() const {
    return views<Layer>(state_.getChildWithName(ids::layers));
}

Track Session::add_track(TrackType type, const std::string& id, const std::string& name,
                         juce::UndoManager* undo) {
    juce::ValueTree holder = state_.getChildWithName(ids::tracks);
    juce::ValueTree track(ids::track, {{ids::id, unique_id(holder, to_juce(id))},
                                       {ids::name, to_juce(name)},
                                       {ids::type, type_name(type)},
                                       {"gain_db", 0.0},
                                       {"pan", 0.0},
                                       {"mute", false},
                                       {"solo", false}});
    int index = 0;
    while (index < holder.getNumChildren()) {
        const TrackType there = Track(holder.getChild(index)).type();
        if (there == TrackType::kMaster || (there == TrackType::kBus && type != TrackType::kBus)) break;
        ++index;
    }
    holder.addChild(track, index, undo);
    return Track(track);
}

void Session::sync_timeline(juce::UndoManager* undo) {
    juce::ValueTree timeline = state_.getChildWithName(ids::timeline);
    using Place = std::pair<juce::String, double>; // file and start
    std::multimap<Place, juce::ValueTree> old;
    std::vector<juce::ValueTree> videos;
    for (const juce::ValueTree& entry : timeline) {
        const juce::ValueTree copy = entry.createCopy();
        if (entry.hasProperty(ids::video)) {
            videos.push_back(copy);
        } else {
            old.emplace(Place{entry[ids::file].toString(), entry[ids::start]}, copy);
        }
    }
    std::map<std::string, juce::String> file_of; // by pattern
    for (const Pattern& pattern : patterns()) {
        const std::optional<Media> source = media(pattern.audio());
        if (source)
            file_of[pattern.id()] =
                to_juce(source->file().empty() ? "sha256:" + source->sha256() : source->file());
    }
    timeline.removeAllChildren(undo);
    for (const Track& track : tracks()) {
        for (const Clip& clip : track.clips()) {
            const auto file = file_of.find(clip.pattern());
            if (file == file_of.end()) continue;
            const auto known = old.find(Place{file->second, clip.start()});
            juce::ValueTree entry(ids::entry, {{ids::file, file->second}, {ids::start, clip.start()}});
            if (known != old.end()) {
                entry = known->second; // with the fields of it that we do not know
                old.erase(known);
            }
            entry.setProperty(ids::length, clip.length(), nullptr);
            timeline.appendChild(entry, undo);
        }
    }
    for (const juce::ValueTree& entry : videos)
        timeline.appendChild(entry, undo);
}

} // namespace loopmind::session
