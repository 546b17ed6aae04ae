// The document as a whole: its lists, its time, its timeline.
#include "engine/session/session.h"

#include "engine/session/choices.h"
#include "engine/session/schema.h"
#include "engine/session/trees.h"

#include <cmath>
#include <map>
#include <set>

namespace loopmind::session {

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
    settle_macros();
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
    return session::beats_per_bar(meter());
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

PanLaw Session::pan_law() const {
    return choice_of(kPanLaws, state_["pan_law"].toString(), PanLaw::kConstantPower);
}

std::vector<TempoPoint> Session::tempo_points() const {
    std::vector<TempoPoint> out;
    for (const juce::ValueTree& point : state_.getChildWithName(ids::tempo_map))
        out.push_back({point.getProperty(ids::start, 0.0), point.getProperty(ids::tempo, 120.0),
                       point.getProperty(ids::ramp, false)});
    return out;
}

std::vector<MeterPoint> Session::meter_points() const {
    std::vector<MeterPoint> out;
    for (const juce::ValueTree& point : state_.getChildWithName(ids::meter_map))
        out.push_back({point.getProperty(ids::start, 0.0),
                       point.getProperty(ids::meter, "4/4").toString().toStdString()});
    return out;
}

TempoMap Session::tempo_map() const {
    return TempoMap(tempo(), tempo_points());
}
MeterMap Session::meter_map() const {
    return MeterMap(meter(), meter_points());
}
double Session::tempo_at(double beats) const {
    return tempo_map().tempo_at(beats);
}
std::int64_t Session::frames_at(double beats) const {
    return static_cast<std::int64_t>(std::llround(tempo_map().seconds_at(beats) * sample_rate()));
}
double Session::beats_at(std::int64_t frames) const {
    return tempo_map().beats_at(static_cast<double>(frames) / sample_rate());
}
double Session::total_beats() const {
    return meter_map().bar_start(bars());
}

void Session::set_tempo(double bpm, juce::UndoManager* undo) {
    state_.setProperty(ids::tempo, bpm, undo);
    for (juce::ValueTree point : state_.getChildWithName(ids::tempo_map)) {
        if (static_cast<double>(point[ids::start]) <= 0) point.setProperty(ids::tempo, bpm, undo);
    }
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
std::vector<Group> Session::groups() const {
    return views<Group>(state_.getChildWithName(ids::groups));
}
std::optional<Group> Session::group(std::string_view id) const {
    return view_of<Group>(state_.getChildWithName(ids::groups), id);
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
                                       {ids::type, word_of(kTrackTypes, type)},
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
    std::vector<juce::ValueTree> entries;
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
            entries.push_back(entry);
        }
    }
    entries.insert(entries.end(), videos.begin(), videos.end());
    int same = 0; // what stands as it should at the start stays
    while (same < timeline.getNumChildren() && same < static_cast<int>(entries.size()) &&
           timeline.getChild(same).isEquivalentTo(entries[static_cast<std::size_t>(same)]))
        ++same;
    while (timeline.getNumChildren() > same)
        timeline.removeChild(timeline.getNumChildren() - 1, undo);
    for (std::size_t i = static_cast<std::size_t>(same); i < entries.size(); ++i)
        timeline.appendChild(entries[i], undo);
}

} // namespace loopmind::session
