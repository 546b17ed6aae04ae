// What a session's fields become in the graph.
#include "engine/graph/exact_math.h"
#include "engine/graph/from_session.h"
#include "engine/session/automation_curve.h"
#include "engine/session/fade_curve.h"
#include "engine/session/session.h"
#include "tests/engine/graph/loops.h"

#include <gtest/gtest.h>

namespace loopmind::graph {
namespace {

Result<GraphSpec> spec_of(const std::string& json) {
    auto session = session::Session::from_json(json);
    if (!session.ok()) return session.error();
    return graph_spec_from(*session);
}

const char* kMedia = R"("patterns":[{"id":"p","audio":"m","length":4},{"id":"free","audio":"m"},
    {"id":"slow","audio":"m","length":4,"tempo":60}],
  "media":[{"id":"m","file":"m.wav","frames":96000,"sample_rate":48000,"channels":2}])";

TEST(GraphSpecFrom, ReadsTheConsole) {
    const auto spec = spec_of(std::string(R"({"tempo":120,"pan_law":"constant_power_-3db",
      "groups":[{"id":"g","gain_db":-3,"mute":true}],
      "tracks":[{"id":"a","type":"audio","phase_invert":true,"group":"g","inserts":[
         {"id":"i","effect":"gain","sidechain":"b","params":{"gain_db":1}}],
         "automation":[{"target":"gain_db","points":[{"beat":0,"value":-6},
            {"beat":2,"value":0,"shape":"curve","tension":0.5},{"beat":4,"value":-3,"shape":"hold"}]},
            {"target":"pan","mode":"off","points":[{"beat":0,"value":1}]},
            {"target":"mute","mode":"latch","points":[{"beat":1,"value":1}]}]},
       {"id":"b","type":"audio"},
       {"id":"out","type":"master","gain_db":-2,"pan":0.1,"automation":[
          {"target":"gain_db","points":[{"beat":8,"value":-20}]}]}],)") +
                              kMedia + "}");
    ASSERT_TRUE(spec.ok()) << spec.error().text();
    EXPECT_EQ(spec->pan_law, PanLaw::kConstantPowerCut);
    ASSERT_EQ(spec->groups.size(), 1u);
    EXPECT_EQ(spec->groups[0].gain_db, -3);
    EXPECT_TRUE(spec->groups[0].mute);
    const TrackSpec& a = spec->tracks[0];
    EXPECT_TRUE(a.phase_invert);
    EXPECT_EQ(a.group, "g");
    EXPECT_EQ(a.inserts[0].sidechain, "b");
    ASSERT_EQ(a.automation.size(), 2u); // off is not played
    EXPECT_EQ(a.automation[0].points[1].frame, 48000);
    EXPECT_EQ(a.automation[0].points[1].shape, PointShape::kCurve);
    EXPECT_EQ(a.automation[0].points[1].tension, 0.5);
    EXPECT_EQ(a.automation[0].points[2].shape, PointShape::kHold);
    EXPECT_EQ(a.automation[1].target, "mute");
    EXPECT_EQ(spec->master_gain_db, -2);
    ASSERT_EQ(spec->master_automation.size(), 1u);
    EXPECT_EQ(spec->master_automation[0].points[0].frame, 192000);
}

TEST(GraphSpecFrom, ReadsClips) {
    const auto spec = spec_of(std::string(R"({"tempo":120,"tracks":[{"id":"a","type":"audio","clips":[
      {"id":"c","pattern":"p","start":1,"length":10,"offset":1,"loop":true,"fade_in":5,"fade_out":2,
       "fade_in_curve":"s_curve","fade_out_curve":"logarithmic","reverse":true,"pitch":-3,"gain_db":-1},
      {"id":"d","pattern":"slow","start":20,"length":4},
      {"id":"e","pattern":"free","start":30,"length":4,"stretch":2,"reverse":true}]}],)") +
                              kMedia + "}");
    ASSERT_TRUE(spec.ok()) << spec.error().text();
    const auto& clips = spec->tracks[0].clips;
    ASSERT_EQ(clips.size(), 5u); // 3 beats, 4, 3; then d and e
    for (int i = 0; i < 3; ++i) {
        const ClipSpec& clip = clips[static_cast<size_t>(i)];
        EXPECT_EQ(clip.fade_from, 24000);
        EXPECT_EQ(clip.fade_to, 24000 * 11);
        EXPECT_EQ(clip.fade_in, 24000 * 5);
        EXPECT_EQ(clip.fade_out, 24000 * 2);
        EXPECT_EQ(clip.fade_in_curve, FadeCurve::kSCurve);
        EXPECT_EQ(clip.fade_out_curve, FadeCurve::kLogarithmic);
        EXPECT_TRUE(clip.reverse);
        EXPECT_EQ(clip.reverse_frames, 96000); // one round
        EXPECT_EQ(clip.media_offset, i == 0 ? 24000 : 0);
        EXPECT_EQ(clip.pitch, -3);
    }
    EXPECT_EQ(clips[1].start, 24000 * 4);
    EXPECT_EQ(clips[2].start, 24000 * 8);
    EXPECT_EQ(clips[2].end, 24000 * 11);
    EXPECT_EQ(clips[3].stretch, 0.5); // 60 BPM in a session of 120
    EXPECT_EQ(clips[4].stretch, 2);
    EXPECT_EQ(clips[4].reverse_frames, 0); // the media as it is
}

TEST(GraphSpecFrom, FollowsTheTempoMap) {
    const auto spec = spec_of(std::string(R"({"tempo":120,"bars":4,"tempo_map":[{"start":4,"tempo":60},
      {"start":8,"tempo":60,"ramp":true},{"start":12,"tempo":120}],"tracks":[{"id":"a","type":"audio","clips":[
      {"id":"c","pattern":"p","start":0,"length":8,"loop":true}]}],)") +
                              kMedia + "}");
    ASSERT_TRUE(spec.ok()) << spec.error().text();
    EXPECT_EQ(spec->tracks[0].clips[1].start, 96000); // beat 4
    EXPECT_EQ(spec->tracks[0].clips[1].end, 96000 + 192000);
    const TempoMap map(spec->tempo, spec->tempo_map);
    EXPECT_EQ(map.at(95999), 120);
    EXPECT_EQ(map.at(96000), 60);
    auto session = session::Session::from_json(std::string(R"({"tempo":120,"bars":4,"tempo_map":[
      {"start":4,"tempo":60},{"start":8,"tempo":60,"ramp":true},{"start":12,"tempo":120}]})"));
    for (double beat : {8.5, 10.0, 11.9, 13.0})
        EXPECT_NEAR(map.at(session->frames_at(beat)), session->tempo_at(beat), 0.01) << beat;
}

TEST(GraphCurves, AreThoseOfTheSession) {
    const std::pair<FadeCurve, session::FadeCurve> curves[] = {
        {FadeCurve::kLinear, session::FadeCurve::kLinear},
        {FadeCurve::kEqualPower, session::FadeCurve::kEqualPower},
        {FadeCurve::kSCurve, session::FadeCurve::kSCurve},
        {FadeCurve::kExponential, session::FadeCurve::kExponential},
        {FadeCurve::kLogarithmic, session::FadeCurve::kLogarithmic}};
    for (double x = -0.1; x < 1.1; x += 0.013) {
        for (const auto& [ours, theirs] : curves)
            ASSERT_NEAR(fade_gain(ours, x), session::fade_gain(theirs, x), 1e-12) << x;
    }
    for (double tension : {-1.0, -0.3, 0.0, 0.7}) {
        const Lane lane({{0, -3, PointShape::kCurve, tension}, {1000, 5, PointShape::kLinear, 0}}, -9, 9);
        for (std::int64_t frame : {0, 10, 500, 999}) {
            const session::AutomationPoint from{0, -3, session::AutomationShape::kCurve, tension};
            const session::AutomationPoint to{1000, 5, session::AutomationShape::kLinear, 0};
            ASSERT_NEAR(lane.at(frame), session::automation_between(from, to, static_cast<double>(frame)),
                        1e-9);
        }
    }
}

} // namespace
} // namespace loopmind::graph
