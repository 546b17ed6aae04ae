// The draws. Ids come from the session, now and then one that it does not have; numbers lie in range, now and
// then outside.
#include "tests/engine/session/random_edits.h"

#include "engine/session/automation_recorder.h"
#include "engine/session/automation_target.h"
#include "engine/session/edits_automation.h"
#include "engine/session/edits_clips.h"
#include "engine/session/edits_inserts.h"
#include "engine/session/edits_patterns.h"
#include "engine/session/edits_time.h"
#include "engine/session/edits_tracks.h"

#include <algorithm>
#include <cmath>

namespace loopmind::session {
namespace {

using namespace edit;

struct Draw {
    Session& session;
    std::mt19937& random;

    int whole(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); }
    double real(double low, double high) {
        if (whole(0, 40) == 0) return high * 1e9; // out of range
        if (whole(0, 60) == 0) return std::nan("");
        // Musical values and odd ones: thirds, and what no binary fraction holds.
        if (whole(0, 1)) return std::clamp(std::round(low + (high - low) * whole(0, 16) / 16.0), low, high);
        return std::uniform_real_distribution<double>(low, high)(random);
    }
    bool coin() { return whole(0, 1) == 1; }
    double beat() { return real(0, 64); }
    template <typename View> std::string id_of(const std::vector<View>& views) {
        if (views.empty() || whole(0, 30) == 0) return "nobody";
        return views[static_cast<std::size_t>(whole(0, static_cast<int>(views.size()) - 1))].id();
    }
    std::string track() { return id_of(session.tracks()); }
    std::string bus() {
        std::vector<Track> buses;
        for (const Track& track : session.tracks()) {
            if (track.type() == TrackType::kBus) buses.push_back(track);
        }
        return id_of(buses);
    }
    ClipRef clip() {
        std::vector<ClipRef> all;
        for (const Track& track : session.tracks()) {
            for (const Clip& clip : track.clips())
                all.push_back({track.id(), clip.id()});
        }
        return all.empty() ? ClipRef{"nobody", "none"}
                           : all[static_cast<std::size_t>(whole(0, static_cast<int>(all.size()) - 1))];
    }
    double inside(const ClipRef& ref) {
        const auto track = session.track(ref.track);
        const auto clip = track ? track->clip(ref.clip) : std::nullopt;
        return clip ? clip->start() + clip->length() * real(0, 1) : 0;
    }
    std::pair<std::string, std::string> insert() {
        std::vector<std::pair<std::string, std::string>> all;
        for (const Track& track : session.tracks()) {
            for (const Insert& insert : track.inserts())
                all.push_back({track.id(), insert.id()});
        }
        return all.empty() ? std::pair<std::string, std::string>{"nobody", "none"}
                           : all[static_cast<std::size_t>(whole(0, static_cast<int>(all.size()) - 1))];
    }
    std::pair<std::string, std::string> send() {
        std::vector<std::pair<std::string, std::string>> all;
        for (const Track& track : session.tracks()) {
            for (const Send& send : track.sends())
                all.push_back({track.id(), send.to()});
        }
        return all.empty() ? std::pair<std::string, std::string>{"nobody", "none"}
                           : all[static_cast<std::size_t>(whole(0, static_cast<int>(all.size()) - 1))];
    }
    std::string pattern() { return id_of(session.patterns()); }
    std::string group() { return id_of(session.groups()); }
    std::string layer() { return id_of(session.layers()); }
    std::string text() {
        static const char* kTexts[] = {"", "Kick", "Søng \"1\"", "日本", "a\nb\\", "x/y"};
        return whole(0, 50) == 0 ? std::string(5000, 'x') : kTexts[whole(0, 5)];
    }
    LaneRef lane() {
        const std::string id = track();
        switch (whole(0, 4)) {
        case 0:
            return {id, "gain_db"};
        case 1:
            return {id, "pan"};
        case 2:
            return {id, "mute"};
        case 3: {
            const auto [track, bus] = send();
            return {track, send_target(bus)};
        }
        default: {
            const auto [track, insert_id] = insert();
            return {track, insert_target(insert_id, coin() ? "wet" : "amount")};
        }
        }
    }
    LaneRef lane_there() {
        std::vector<LaneRef> all;
        for (const Track& track : session.tracks()) {
            for (const AutomationLane& lane : track.automation())
                all.push_back({track.id(), lane.target()});
        }
        return all.empty() ? lane()
                           : all[static_cast<std::size_t>(whole(0, static_cast<int>(all.size()) - 1))];
    }
    AutomationPoint point() {
        return {beat(), real(0, 1), static_cast<AutomationShape>(whole(0, 2)), real(-1, 1)};
    }
    AutomationPoints points() {
        AutomationPoints out(static_cast<std::size_t>(whole(0, 12)));
        for (AutomationPoint& at : out)
            at = point();
        out.erase(std::remove_if(out.begin(), out.end(), [](const auto& at) { return std::isnan(at.beat); }),
                  out.end()); // cannot be put in order
        std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.beat < b.beat; });
        return out;
    }
    Note note() { return {real(0, 16), real(0.1, 4), whole(0, 127), whole(1, 127)}; }
    std::vector<Note> notes() {
        std::vector<Note> out(static_cast<std::size_t>(whole(0, 20)));
        for (Note& at : out)
            at = note();
        return out;
    }
    std::vector<int> some(int below) {
        std::vector<int> out;
        for (int i = 0; i < below; ++i) {
            if (coin()) out.push_back(i);
        }
        if (whole(0, 20) == 0) out.push_back(below);
        return out;
    }
    int note_count(const std::string& id) {
        const auto found = session.pattern(id);
        return found ? static_cast<int>(found->notes().size()) : 0;
    }
    int section() { return whole(0, static_cast<int>(session.sections().size())) - (whole(0, 9) ? 1 : 0); }
    int marker() { return whole(0, static_cast<int>(session.markers().size())) - (whole(0, 9) ? 1 : 0); }
};

template <typename Value> Status status(const Result<Value>& result) {
    return result.ok() ? Status{} : Status{result.error()};
}
Status status(const Status& result) {
    return result;
}

#define EDIT(name, ...)                                                                                      \
    RandomEdit {                                                                                             \
        name, [](Session& s, std::mt19937& random, juce::UndoManager* u) -> Status {                         \
            [[maybe_unused]] Draw d{s, random};                                                              \
            return status(__VA_ARGS__);                                                                      \
        }                                                                                                    \
    }

Status record(Draw d, juce::UndoManager* undo) {
    const LaneRef ref = d.lane();
    const auto track = d.session.track(ref.track);
    const auto lane = track ? track->lane(ref.target) : std::nullopt;
    AutomationRecorder recorder(d.coin() ? AutomationMode::kWrite : AutomationMode::kLatch,
                                lane ? lane->points() : AutomationPoints{}, 0.01);
    double at = d.whole(0, 32);
    recorder.start(at, 0.5);
    recorder.touch(at += 1, 0.25);
    for (int i = d.whole(0, 30); i > 0; --i)
        recorder.move(at += 0.1 * d.whole(0, 4), d.whole(0, 8) / 8.0);
    recorder.release(at);
    recorder.stop(at + 2);
    return set_points(d.session, ref, recorder.result(), undo);
}

std::vector<RandomEdit> make() {
    return {
        EDIT("add_clip", add_clip(s, d.track(), d.pattern(), d.beat(), d.real(0, 16), d.coin(), u)),
        EDIT("remove_clip", remove_clip(s, d.clip(), u)),
        EDIT("move_clip", move_clip(s, d.clip(), d.beat(), d.coin() ? d.track() : "", u)),
        EDIT("duplicate_clip", duplicate_clip(s, d.clip(), d.beat(), d.coin() ? d.track() : "", u)),
        RandomEdit{"split_clip",
                   [](Session& s, std::mt19937& random, juce::UndoManager* u) -> Status {
                       Draw d{s, random};
                       const ClipRef ref = d.clip();
                       return status(split_clip(s, ref, d.inside(ref), u));
                   }},
        RandomEdit{"trim_clip_start",
                   [](Session& s, std::mt19937& random, juce::UndoManager* u) -> Status {
                       Draw d{s, random};
                       const ClipRef ref = d.clip();
                       return trim_clip_start(s, ref, std::max(0.0, d.inside(ref) - d.whole(0, 2)), u);
                   }},
        RandomEdit{"trim_clip_end",
                   [](Session& s, std::mt19937& random, juce::UndoManager* u) -> Status {
                       Draw d{s, random};
                       const ClipRef ref = d.clip();
                       return trim_clip_end(s, ref, d.inside(ref) + d.whole(0, 4), u);
                   }},
        EDIT("set_clip_fades", set_clip_fades(s, d.clip(),
                                              {d.real(0, 2), d.real(0, 2), static_cast<FadeCurve>(d.whole(0, 4)),
                                               static_cast<FadeCurve>(d.whole(0, 4))},
                                              u)),
        EDIT("set_clip_gain", set_clip_gain(s, d.clip(), d.real(-24, 12), u)),
        EDIT("set_clip_offset", set_clip_offset(s, d.clip(), d.real(0, 8), u)),
        EDIT("set_clip_loop", set_clip_loop(s, d.clip(), d.coin(), u)),
        EDIT("set_clip_mute", set_clip_mute(s, d.clip(), d.coin(), u)),
        EDIT("set_clip_reverse", set_clip_reverse(s, d.clip(), d.coin(), u)),
        EDIT("set_clip_stretch", set_clip_stretch(s, d.clip(), d.real(0.5, 2), u)),
        EDIT("set_clip_pitch", set_clip_pitch(s, d.clip(), d.real(-12, 12), u)),
        EDIT("set_clip_pattern", set_clip_pattern(s, d.clip(), d.pattern(), u)),

        EDIT("add_track", add_track(s, static_cast<TrackType>(d.whole(0, 4)), d.coin() ? "new" : "", d.text(), u)),
        EDIT("remove_track", remove_track(s, d.track(), u)),
        EDIT("move_track", move_track(s, d.track(), d.whole(0, 6), u)),
        EDIT("duplicate_track", duplicate_track(s, d.track(), u)),
        EDIT("rename_track", rename_track(s, d.track(), d.text(), u)),
        EDIT("set_color", set_color(s, d.track(), d.coin() ? "#12abEF" : "red", u)),
        EDIT("set_role", set_role(s, d.track(), "bass", u)),
        EDIT("set_gain", set_gain(s, d.track(), d.real(-60, 12), u)),
        EDIT("set_pan", set_pan(s, d.track(), d.real(-1, 1), u)),
        EDIT("set_mute", set_mute(s, d.track(), d.coin(), u)),
        EDIT("set_solo", set_solo(s, d.track(), d.coin(), u)),
        EDIT("set_phase_invert", set_phase_invert(s, d.track(), d.coin(), u)),
        EDIT("set_arm", set_arm(s, d.track(), d.coin(), u)),
        EDIT("set_pan_law", set_pan_law(s, static_cast<PanLaw>(d.whole(0, 3)), u)),
        EDIT("set_output", set_output(s, d.track(), d.whole(0, 3) ? d.bus() : "", u)),
        EDIT("add_group", add_group(s, d.text(), u)),
        EDIT("remove_group", remove_group(s, d.group(), u)),
        EDIT("rename_group", rename_group(s, d.group(), d.text(), u)),
        EDIT("set_group_gain", set_group_gain(s, d.group(), d.real(-20, 6), u)),
        EDIT("set_group_mute", set_group_mute(s, d.group(), d.coin(), u)),
        EDIT("set_group_solo", set_group_solo(s, d.group(), d.coin(), u)),
        EDIT("set_group", set_group(s, d.track(), d.coin() ? d.group() : "", u)),

        EDIT("add_insert", add_insert(s, d.track(), d.coin() ? "compressor" : "eq", d.whole(-1, 2), u)),
        RandomEdit{"remove_insert",
                   [](Session& s, std::mt19937& random, juce::UndoManager* u) -> Status {
                       const auto [track, insert] = Draw{s, random}.insert();
                       return remove_insert(s, track, insert, u);
                   }},
        RandomEdit{"move_insert",
                   [](Session& s, std::mt19937& random, juce::UndoManager* u) -> Status {
                       Draw d{s, random};
                       const auto [track, insert] = d.insert();
                       return move_insert(s, track, insert, d.whole(0, 2), u);
                   }},
        RandomEdit{"set_bypass",
                   [](Session& s, std::mt19937& random, juce::UndoManager* u) -> Status {
                       Draw d{s, random};
                       const auto [track, insert] = d.insert();
                       return set_bypass(s, track, insert, d.coin(), u);
                   }},
        RandomEdit{"set_insert_param",
                   [](Session& s, std::mt19937& random, juce::UndoManager* u) -> Status {
                       Draw d{s, random};
                       const auto [track, insert] = d.insert();
                       static const char* kNames[] = {"wet", "amount", "threshold_db", "no.name"};
                       return set_insert_param(s, track, insert, kNames[d.whole(0, 3)], d.real(-2, 2), u);
                   }},
        RandomEdit{"set_preset",
                   [](Session& s, std::mt19937& random, juce::UndoManager* u) -> Status {
                       Draw d{s, random};
                       const auto [track, insert] = d.insert();
                       return set_preset(s, track, insert, d.text(), {{"wet", d.real(0, 1)}, {"ratio", 4}}, u);
                   }},
        RandomEdit{"set_sidechain",
                   [](Session& s, std::mt19937& random, juce::UndoManager* u) -> Status {
                       Draw d{s, random};
                       const auto [track, insert] = d.insert();
                       return set_sidechain(s, track, insert, d.whole(0, 3) ? d.track() : "", u);
                   }},
        EDIT("add_send", add_send(s, d.track(), d.bus(), d.real(0, 1), d.coin(), u)),
        RandomEdit{"remove_send",
                   [](Session& s, std::mt19937& random, juce::UndoManager* u) -> Status {
                       const auto [track, bus] = Draw{s, random}.send();
                       return remove_send(s, track, bus, u);
                   }},
        RandomEdit{"set_send_level",
                   [](Session& s, std::mt19937& random, juce::UndoManager* u) -> Status {
                       Draw d{s, random};
                       const auto [track, bus] = d.send();
                       return set_send_level(s, track, bus, d.real(0, 2), u);
                   }},
        RandomEdit{"set_send_pre",
                   [](Session& s, std::mt19937& random, juce::UndoManager* u) -> Status {
                       Draw d{s, random};
                       const auto [track, bus] = d.send();
                       return set_send_pre(s, track, bus, d.coin(), u);
                   }},
        RandomEdit{"set_fx",
                   [](Session& s, std::mt19937& random, juce::UndoManager* u) -> Status {
                       Draw d{s, random};
                       static const char* kNames[] = {"reverb", "delay", "drive", "eq", "chorus"};
                       return set_fx(s, kNames[d.whole(0, 4)], d.real(0, 1), u);
                   }},
        RandomEdit{"set_master",
                   [](Session& s, std::mt19937& random, juce::UndoManager* u) -> Status {
                       s.set_master(Draw{s, random}.whole(-9, 9), -1, u);
                       return {};
                   }},

        EDIT("set_lane_mode", set_lane_mode(s, d.lane(), static_cast<AutomationMode>(d.whole(0, 3)), u)),
        EDIT("remove_lane", remove_lane(s, d.lane_there(), u)),
        EDIT("add_point", add_point(s, d.lane(), d.point(), u)),
        EDIT("move_point", move_point(s, d.lane_there(), d.whole(0, 3), d.point(), u)),
        EDIT("remove_point", remove_point(s, d.lane_there(), d.whole(0, 3), u)),
        EDIT("remove_points", remove_points(s, d.lane_there(), d.beat(), d.beat() + 8, u)),
        EDIT("set_points", set_points(s, d.lane(), d.points(), u)),
        EDIT("simplify_lane", simplify_lane(s, d.lane_there(), d.real(0, 0.5), u)),
        RandomEdit{"record", [](Session& s, std::mt19937& random,
                                juce::UndoManager* u) { return record(Draw{s, random}, u); }},

        EDIT("set_name", set_name(s, d.text(), u)),
        EDIT("set_mode", set_mode(s, d.coin() ? "studio" : "party", u)),
        EDIT("set_key", set_key(s, "A minor", u)),
        EDIT("set_bars", set_bars(s, d.whole(0, 64), u)),
        EDIT("set_tempo", set_tempo(s, d.real(40, 240), u)),
        EDIT("set_meter", set_meter(s, d.coin() ? "7/8" : "5/5", u)),
        EDIT("set_tempo_point", set_tempo_point(s, {d.beat(), d.real(40, 240), d.coin()}, u)),
        EDIT("set_meter_point", set_meter_point(s, {4.0 * d.whole(0, 8), d.coin() ? "3/4" : "4/4"}, u)),
        RandomEdit{"remove_tempo_point",
                   [](Session& s, std::mt19937& random, juce::UndoManager* u) -> Status {
                       const auto points = s.tempo_points();
                       return remove_tempo_point(s, points.empty() ? 3 : points.back().start, u);
                   }},
        RandomEdit{"remove_meter_point",
                   [](Session& s, std::mt19937& random, juce::UndoManager* u) -> Status {
                       const auto points = s.meter_points();
                       return remove_meter_point(s, points.empty() ? 3 : points.front().start, u);
                   }},
        EDIT("add_section", add_section(s, d.text(), 8.0 * d.whole(0, 6), 8, u)),
        EDIT("remove_section", remove_section(s, d.section(), u)),
        EDIT("rename_section", rename_section(s, d.section(), d.text(), u)),
        EDIT("resize_section", resize_section(s, d.section(), 8.0 * d.whole(0, 6), 8.0 * d.whole(0, 2), u)),
        EDIT("move_section", move_section(s, d.section(), d.section(), u)),
        EDIT("move_time", move_time(s, d.beat(), d.real(0, 8), d.beat(), u)),
        EDIT("add_marker", add_marker(s, d.text(), d.beat(), d.coin() ? "cut" : "marker", u)),
        EDIT("remove_marker", remove_marker(s, d.marker(), u)),
        EDIT("rename_marker", rename_marker(s, d.marker(), d.text(), u)),
        EDIT("move_marker", move_marker(s, d.marker(), d.beat(), u)),

        EDIT("add_pattern", add_pattern(s, d.text(), d.real(0, 8), u)),
        EDIT("duplicate_pattern", duplicate_pattern(s, d.pattern(), u)),
        EDIT("remove_pattern", remove_pattern(s, d.pattern(), u)),
        EDIT("rename_pattern", rename_pattern(s, d.pattern(), d.text(), u)),
        EDIT("set_pattern_length", set_pattern_length(s, d.pattern(), d.real(0, 8), u)),
        EDIT("set_pattern_program", set_pattern_program(s, d.pattern(), d.whole(0, 130), d.whole(1, 16), u)),
        EDIT("set_notes", set_notes(s, d.pattern(), d.notes(), u)),
        EDIT("add_notes", add_notes(s, d.pattern(), d.notes(), u)),
        EDIT("set_note", set_note(s, d.pattern(), d.whole(0, 3), d.note(), u)),
        RandomEdit{"remove_notes",
                   [](Session& s, std::mt19937& random, juce::UndoManager* u) -> Status {
                       Draw d{s, random};
                       const std::string id = d.pattern();
                       return remove_notes(s, id, d.some(d.note_count(id)), u);
                   }},
        RandomEdit{"move_notes",
                   [](Session& s, std::mt19937& random, juce::UndoManager* u) -> Status {
                       Draw d{s, random};
                       const std::string id = d.pattern();
                       return move_notes(s, id, d.some(d.note_count(id)), d.real(0, 2), d.whole(-3, 3), u);
                   }},
        EDIT("quantize_notes", quantize_notes(s, d.pattern(), 0.25, d.real(0, 1), u)),

        EDIT("rename_layer", rename_layer(s, d.layer(), d.text(), u)),
        EDIT("star_layer", star_layer(s, d.layer(), d.coin(), u)),
        EDIT("remove_layer", remove_layer(s, d.layer(), u)),
        EDIT("move_layer", move_layer(s, d.layer(), d.whole(0, 1), u)),
    };
}

#undef EDIT

} // namespace

const std::vector<RandomEdit>& random_edits() {
    static const std::vector<RandomEdit> edits = make();
    return edits;
}

} // namespace loopmind::session
