// Fuzz targets of the `.loopmind` document and its journal. What loads must save to a form that loads and
// saves the same again, give finite answers, and take edits that undo exactly.
#include "engine/session/edits_automation.h"
#include "engine/session/edits_time.h"
#include "engine/session/edits_tracks.h"
#include "engine/session/history.h"

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

using namespace loopmind;

namespace {

void require(bool good) {
    if (!good) std::abort();
}

/// Whatever was read is in range: times go up, curves are finite.
void read_all(const session::Session& session) {
    double last = -1;
    for (const double beats : {0.0, 0.1, 7.0, 32.0, 1e4, 1e7}) {
        const double seconds = session.tempo_map().seconds_at(beats);
        require(std::isfinite(seconds) && seconds > last);
        require(session.tempo_at(beats) > 0.999 && session.tempo_at(beats) < 999.001);
        last = seconds;
    }
    require(session.total_beats() > 0 && session.total_frames() >= 0);
    for (const session::Track& track : session.tracks()) {
        for (const session::AutomationLane& lane : track.automation()) {
            const auto points = lane.points();
            for (const auto& point : points)
                require(std::isfinite(session::automation_value(points, point.beat + 0.25, 0)));
            (void)session::swap_ranges(points, 1, 2, 5);
        }
        for (const session::Clip& clip : track.clips()) {
            const double gain =
                session::clip_fade_gain(clip.length() / 3, clip.length(), clip.fade_in(),
                                        clip.fade_in_curve(), clip.fade_out(), clip.fade_out_curve());
            require(gain >= 0 && gain <= 1);
        }
    }
}

/// Edits that reach into every list; refused or not, undo brings the document back.
void edit_all(session::Session& session) {
    using namespace session;
    const std::string before = session.to_json();
    History history(session);
    history.begin_gesture("all");
    juce::UndoManager* undo = history.undo_manager();
    (void)edit::move_time(session, 1, 2, 5, undo);
    (void)edit::set_tempo_point(session, {3, 90, true}, undo);
    (void)session.set_fx("reverb", 0.3, undo);
    for (const Track& track : session.tracks()) {
        (void)edit::set_output(session, track.id(), kReverbBusId, undo);
        for (const AutomationLane& lane : track.automation())
            (void)edit::simplify_lane(session, {track.id(), lane.target()}, 0.1, undo);
    }
    const std::vector<Track> tracks = session.tracks();
    (void)edit::duplicate_track(session, tracks.front().id(), undo);
    (void)edit::remove_track(session, tracks.front().id(), undo);
    history.end_gesture();
    const std::string after = session.to_json();
    const auto again = Session::from_json(after);
    require(again.ok() && again->to_json() == after);
    while (history.undo()) {
    }
    require(session.to_json() == before);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto session = session::Session::from_json({reinterpret_cast<const char*>(data), size});
    if (!session.ok()) {
        require(!session.error().message.empty());
        return 0;
    }
    const std::string text = session->to_json();
    const auto again = session::Session::from_json(text);
    require(again.ok() && again->to_json() == text);
    read_all(*session);
    edit_all(*session);
    return 0;
}

std::vector<std::string> fuzz_seeds() {
    return {
        R"({"version":1,"units":"beats","mode":"creative","tempo":82,"key":"A minor","timeline":[{"file":"a.wav","start":0,)"
        R"("length":32}],"fx":{"reverb":0.3},"sections":[{"name":"Hook","start":0,"bars":8}],"tracks":[],"layers":[],)"
        R"("unknown":{"deep":[1,2.50,{"x":null}]}})",
        R"({"timeline":[],"fx":{},"mode":"studio"})",
        R"({"version":"1.1","tempo":90,"tempo_map":[{"start":0,"tempo":90,"ramp":true},{"start":4,"tempo":60},)"
        R"({"start":4,"tempo":120}],"meter_map":[{"start":8,"meter":"3/4"}],"pan_law":"linear","tracks":[{"id":"a",)"
        R"("color":"#ff8800","group":"g","phase_invert":true,"arm":false,"output":"b","sends":[{"to":"b","level":0.5}],)"
        R"("inserts":[{"id":"c","effect":"compressor","sidechain":"b","preset":"P","macro":"eq","params":{"amount":0.5}}],)"
        R"("clips":[{"id":"c","pattern":"p","start":0,"length":8,"offset":1,"fade_in":1,"fade_out":0.5,)"
        R"("fade_in_curve":"s_curve","fade_out_curve":"equal_power","reverse":true,"stretch":1.5,"pitch":-3}],)"
        R"("automation":[{"target":"gain_db","mode":"latch","points":[{"beat":0,"value":-6,"shape":"curve","tension":0.5},)"
        R"({"beat":4,"value":0,"shape":"hold"},{"beat":4,"value":1}]},{"target":"inserts.c.amount","points":[{"value":1}]},)"
        R"({"target":"sends.b.level","mode":"off","points":[]}]},{"id":"b","type":"bus"}],"groups":[{"id":"g","name":"G",)"
        R"("gain_db":-3,"mute":false,"solo":true}],"patterns":[{"id":"p","length":8,"notes":[{"start":0,"length":1,)"
        R"("pitch":60,"velocity":90}]}],"sections":[{"name":"A","start":1,"length":2},{"name":"B","start":3,"length":2}],)"
        R"("markers":[{"name":"m","kind":"cut","start":2}]})",
        R"({"version":"1.0","tracks":[{"color":7,"automation":"x","inserts":[{"id":"e"},{"id":"e"}],"clips":[{"pitch":{}}]}]})"};
}
