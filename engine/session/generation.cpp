// A generation becomes media, patterns, a layer, and clips on tracks.
#include "engine/session/generation.h"

#include "engine/session/json_text.h"
#include "engine/session/schema.h"
#include "engine/session/trees.h"

#include <set>

namespace loopmind::session {
namespace {

/// Id of the medium; one that has the same hash and file, or the same hash where one side names no file, is
/// shared.
juce::String add_media(Session& session, const MediaRef& ref, const char* kind,
                       const juce::String& wanted_id) {
    juce::ValueTree holder = session.state().getChildWithName(ids::media_list);
    for (juce::ValueTree known : holder) {
        const juce::String file = known[ids::file].toString();
        if (ref.sha256.empty() || known["sha256"].toString() != to_juce(ref.sha256)) continue;
        if (!ref.file.empty() && file.isNotEmpty() && file != to_juce(ref.file)) continue;
        if (!ref.file.empty()) known.setProperty(ids::file, to_juce(ref.file), nullptr);
        return known[ids::id].toString();
    }
    juce::ValueTree media(ids::media, {{ids::id, unique_id(holder, wanted_id)}, {"kind", kind}});
    if (!ref.file.empty()) media.setProperty(ids::file, to_juce(ref.file), nullptr);
    if (!ref.sha256.empty()) media.setProperty("sha256", to_juce(ref.sha256), nullptr);
    const auto number = [&](const char* name, std::int64_t value) {
        if (value > 0) media.setProperty(name, static_cast<juce::int64>(value), nullptr);
    };
    number("size", ref.size);
    number("frames", ref.frames);
    number("sample_rate", ref.sample_rate);
    number("channels", ref.channels);
    holder.appendChild(media, nullptr);
    return media[ids::id].toString();
}

juce::String add_pattern(Session& session, const StemTrack& stem, const SessionRecipe& recipe, double beats) {
    juce::ValueTree holder = session.state().getChildWithName(ids::patterns);
    juce::String id = unique_id(holder, to_juce(stem.id));
    juce::ValueTree pattern(ids::pattern, {{ids::id, id},
                                           {ids::name, to_juce(stem.name)},
                                           {"role", to_juce(stem.role)},
                                           {ids::length, beats},
                                           {"tempo", recipe.tempo}});
    if (!stem.audio.empty())
        pattern.setProperty("audio", add_media(session, stem.audio, "audio", "audio-" + id), nullptr);
    if (!stem.midi.empty())
        pattern.setProperty("midi", add_media(session, stem.midi, "midi", "midi-" + id), nullptr);
    pattern.setProperty("program", stem.program, nullptr);
    pattern.setProperty("midi_channel", stem.midi_channel, nullptr);
    holder.appendChild(pattern, nullptr);
    return id;
}

std::optional<Track> track_of_role(const Session& session, const std::string& role,
                                   const std::set<std::string>& taken) {
    for (const Track& track : session.tracks()) {
        const bool plays = track.type() == TrackType::kAudio || track.type() == TrackType::kMidi;
        if (plays && !role.empty() && track.role() == role && !taken.contains(track.id())) return track;
    }
    return std::nullopt;
}

Track new_track(Session& session, const StemTrack& stem, const SessionRecipe& recipe) {
    const TrackType type = stem.audio.empty() ? TrackType::kMidi : TrackType::kAudio;
    Track track = session.add_track(type, stem.id, stem.name);
    if (!stem.role.empty()) track.state.setProperty("role", to_juce(stem.role), nullptr);
    track.set_gain_db(stem.gain_db);
    track.set_pan(stem.pan);
    if (recipe.print_fx) return track;
    for (const auto& [bus, name, level] : {std::tuple{kReverbBusId, "reverb", stem.reverb_send},
                                           std::tuple{kDelayBusId, "delay", stem.delay_send}}) {
        if (recipe.fx.contains(name) && level > 0 && session.track(bus)) track.add_send(bus, level);
    }
    return track;
}

void add_layer(Session& session, const SessionRecipe& recipe, const std::vector<juce::String>& patterns) {
    juce::ValueTree holder = session.state().getChildWithName(ids::layers);
    const juce::String number(holder.getNumChildren() + 1);
    const juce::String name = recipe.layer_name.empty() ? "Generation " + number : to_juce(recipe.layer_name);
    juce::ValueTree layer(ids::layer, {{ids::id, unique_id(holder, "layer-" + number)},
                                       {ids::name, name},
                                       {"params", to_juce(recipe.params_json)},
                                       {"seed", static_cast<juce::int64>(recipe.seed)}});
    if (!recipe.created_at.empty()) layer.setProperty("created_at", to_juce(recipe.created_at), nullptr);
    layer.setProperty("starred", false, nullptr);
    juce::ValueTree stems(ids::stems);
    for (const juce::String& id : patterns)
        stems.appendChild({ids::item, {{ids::value, id}}}, nullptr);
    layer.appendChild(stems, nullptr);
    holder.appendChild(layer, nullptr);
}

void add_sections(Session& session, const SessionRecipe& recipe, double start) {
    juce::ValueTree holder = session.state().getChildWithName(ids::sections);
    const double bar = session.beats_per_bar();
    for (const SectionSpan& section : recipe.sections) {
        juce::ValueTree span{
            ids::section,
            {{ids::name, to_juce(section.name)}, {ids::start, start}, {ids::length, section.bars * bar}}};
        if (!section.material.empty()) {
            span.setProperty(ids::material, to_juce(section.material), nullptr);
            span.setProperty(ids::variant, section.variant, nullptr);
        }
        holder.appendChild(span, nullptr);
        start += section.bars * bar;
    }
    if (!recipe.video_sync) return;
    juce::ValueTree markers = session.state().getChildWithName(ids::markers);
    const double first = start - recipe.bars * bar;
    for (int i = 0; i < recipe.bars; ++i) {
        markers.appendChild({ids::marker,
                             {{ids::name, "Cut " + juce::String(markers.getNumChildren() + 1)},
                              {"kind", "cut"},
                              {ids::start, first + i * bar}}},
                            nullptr);
    }
}

Status check_media(const MediaRef& ref, const std::string& path) {
    if (!ref.file.empty()) {
        if (const auto inside = media_path(".", ref.file); !inside) {
            Error error = inside.error();
            error.field = path + ".file";
            return error;
        }
    }
    const bool hexadecimal = ref.sha256.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (!ref.sha256.empty() && (ref.sha256.size() != 64 || !hexadecimal))
        return bad(path + ".sha256", "must be 64 lower-case hexadecimal digits");
    return {};
}

} // namespace

Status check_recipe(const SessionRecipe& recipe) {
    if (recipe.mode != "creative" && recipe.mode != "studio")
        return bad("mode", "must be creative or studio");
    if (!(recipe.tempo >= 1 && recipe.tempo <= 999)) return bad("tempo", "must be 1 to 999 BPM");
    if (recipe.bars < 1 || recipe.bars > 1000000) return bad("bars", "must be 1 to 1000000");
    if (recipe.sample_rate < 8000 || recipe.sample_rate > 384000)
        return bad("sample_rate", "must be 8000 to 384000 Hz");
    if (recipe.seed > (std::uint64_t{1} << 53)) return bad("seed", "must be at most 2^53");
    if (recipe.stems.empty()) return bad("stems", "must not be empty");
    if (!(recipe.ceiling_db >= -24 && recipe.ceiling_db <= 0))
        return bad("ceiling_db", "must be -24 to 0 dBTP");
    const Result<JsonValue> params = parse_json(recipe.params_json);
    if (!params || params->kind != JsonValue::Kind::kObject)
        return bad("params_json", "must be a JSON object");
    int bars = 0;
    for (const SectionSpan& section : recipe.sections) {
        if (section.bars < 1) return bad("sections", "must be at least one bar long each");
        bars += section.bars;
    }
    if (!recipe.sections.empty() && bars != recipe.bars)
        return bad("sections", "are " + std::to_string(bars) + " bars long together, the session has " +
                                   std::to_string(recipe.bars));
    for (const auto& [name, amount] : recipe.fx) {
        if (name != "reverb" && name != "delay" && name != "drive" && name != "eq")
            return bad("fx." + name, "is no effect amount", "use reverb, delay, drive or eq");
        if (!(amount >= 0 && amount <= 1)) return bad("fx." + name, "must be between 0 and 1");
    }
    std::set<std::string> seen;
    for (std::size_t i = 0; i < recipe.stems.size(); ++i) {
        const StemTrack& stem = recipe.stems[i];
        const std::string path = "stems[" + std::to_string(i) + "]";
        if (stem.id.empty() || stem.id.size() > 200 || !seen.insert(stem.id).second)
            return bad(path + ".id", "must be unique and not empty");
        if (stem.audio.empty() && stem.midi.empty()) return bad(path, "has neither audio nor midi");
        if (!(stem.gain_db >= -144 && stem.gain_db <= 48))
            return bad(path + ".gain_db", "must be -144 to 48");
        if (!(stem.pan >= -1 && stem.pan <= 1)) return bad(path + ".pan", "must be -1 to 1");
        if (!(stem.reverb_send >= 0 && stem.reverb_send <= 4))
            return bad(path + ".reverb_send", "must be 0 to 4");
        if (!(stem.delay_send >= 0 && stem.delay_send <= 4))
            return bad(path + ".delay_send", "must be 0 to 4");
        if (stem.program < 0 || stem.program > 127) return bad(path + ".program", "must be 0 to 127");
        if (stem.midi_channel < 1 || stem.midi_channel > 16)
            return bad(path + ".midi_channel", "must be 1 to 16");
        if (Status good = check_media(stem.audio, path + ".audio"); !good) return good;
        if (Status good = check_media(stem.midi, path + ".midi"); !good) return good;
    }
    return {};
}

Session session_for(const SessionRecipe& recipe) {
    Session session;
    juce::ValueTree state = session.state();
    if (!recipe.name.empty()) state.setProperty(ids::name, to_juce(recipe.name), nullptr);
    state.setProperty("mode", to_juce(recipe.mode), nullptr);
    state.setProperty("tempo", recipe.tempo, nullptr);
    state.setProperty("meter", to_juce(recipe.meter), nullptr);
    if (!recipe.key.empty()) state.setProperty("key", to_juce(recipe.key), nullptr);
    state.setProperty("bars", recipe.bars, nullptr);
    state.setProperty("sample_rate", recipe.sample_rate, nullptr);
    return session;
}

void add_to_session(Session& session, const SessionRecipe& recipe, Placement placement, bool first) {
    const double beats = recipe.bars * session.beats_per_bar();
    const double start = first || placement == Placement::kReplace ? 0 : session.total_beats();
    const double length = first || placement != Placement::kReplace ? beats : session.total_beats();
    if (!recipe.print_fx && placement != Placement::kShelf) {
        for (const char* name : {"reverb", "delay", "eq", "drive"}) {
            const auto amount = recipe.fx.find(name);
            if (amount == recipe.fx.end() || session.fx(name)) continue;
            (void)session.set_fx(name, amount->second); // in range: the recipe was checked
        }
    }
    std::vector<juce::String> patterns;
    std::set<std::string> taken;
    for (const StemTrack& stem : recipe.stems) {
        const juce::String pattern = add_pattern(session, stem, recipe, beats);
        patterns.push_back(pattern);
        if (placement == Placement::kShelf) continue;
        std::optional<Track> track = track_of_role(session, stem.role, taken);
        if (!track) track = new_track(session, stem, recipe);
        taken.insert(track->id());
        if (placement == Placement::kReplace)
            track->state.getChildWithName(ids::clips).removeAllChildren(nullptr);
        track->add_clip(pattern.toStdString(), start, length, true);
    }
    add_layer(session, recipe, patterns);
    if (placement == Placement::kShelf) return;
    if (first) {
        session.state().setProperty("bars", recipe.bars, nullptr);
    } else if (placement == Placement::kAppend) {
        session.state().setProperty("bars", session.bars() + recipe.bars, nullptr);
    }
    if (first || placement == Placement::kAppend) add_sections(session, recipe, start);
    session.sync_timeline();
}

} // namespace loopmind::session
