// What each edit means, and what it refuses.
#include "engine/session/edits_automation.h"
#include "engine/session/edits_clips.h"
#include "engine/session/edits_inserts.h"
#include "engine/session/edits_patterns.h"
#include "engine/session/edits_time.h"
#include "engine/session/edits_tracks.h"

#include "engine/session/automation_target.h"

#include <gtest/gtest.h>

namespace loopmind::session {
namespace {

using namespace edit;

/// Drums and bass with a bus each behind the other, patterns of 8 beats.
Session small_session() {
    auto session = Session::from_json(R"({"bars": 8,
      "tracks": [
        {"id": "drums", "sends": [{"to": "room", "level": 0.5}], "inserts": [{"id": "comp", "effect": "compressor"}],
         "clips": [{"id": "c", "pattern": "p", "start": 4, "length": 8, "offset": 1, "fade_in": 1, "fade_out": 2, "mine": 1.50}]},
        {"id": "bass", "output": "band", "inserts": [{"id": "comp", "effect": "compressor"}]},
        {"id": "band", "type": "bus", "output": "room"},
        {"id": "room", "type": "bus", "inserts": [{"id": "comp", "effect": "compressor"}]}],
      "patterns": [{"id": "p", "length": 16}]})");
    EXPECT_TRUE(session.ok()) << session.error().text();
    return std::move(*session);
}

std::string refused(const Status& status) {
    return status.ok() ? "accepted" : status.error().field + ": " + status.error().message;
}
template <typename Value> std::string refused(const Result<Value>& result) {
    return result.ok() ? "accepted" : result.error().field + ": " + result.error().message;
}

TEST(EditClips, SplitPartsPlayAsBefore) {
    Session session = small_session();
    const auto right = split_clip(session, {"drums", "c"}, 5.5);
    ASSERT_TRUE(right.ok()) << right.error().text();
    const Track drums = *session.track("drums");
    ASSERT_EQ(drums.clips().size(), 2u);
    const Clip a = drums.clips()[0], b = *drums.clip(right->clip);
    EXPECT_EQ(a.end(), 5.5);
    EXPECT_EQ(a.fade_in(), 1);
    EXPECT_EQ(a.fade_out(), 0);
    EXPECT_EQ(b.start(), 5.5);
    EXPECT_EQ(b.end(), 12);
    EXPECT_EQ(b.offset(), 2.5);
    EXPECT_EQ(b.fade_in(), 0);
    EXPECT_EQ(b.fade_out(), 2);
    EXPECT_NE(session.to_json().find("\"mine\": 1.50", session.to_json().find("\"mine\": 1.50") + 1),
              std::string::npos);
    EXPECT_EQ(refused(split_clip(session, {"drums", "c"}, 5.5)),
              "tracks.drums.clips.c: has nothing to split at beat 5.5");
}

TEST(EditClips, TrimmingKeepsTheSoundInPlace) {
    Session session = small_session();
    const ClipRef ref{"drums", "c"};
    ASSERT_TRUE(trim_clip_start(session, ref, 6).ok());
    Clip clip = *session.track("drums")->clip("c");
    EXPECT_EQ(clip.offset(), 3);
    EXPECT_EQ(clip.end(), 12);
    ASSERT_TRUE(trim_clip_start(session, ref, 3).ok()); // back to the pattern's start
    EXPECT_EQ(clip.offset(), 0);
    EXPECT_EQ(refused(trim_clip_start(session, ref, 2.5)),
              "tracks.drums.clips.c.start: lies ahead of its pattern's start");
    ASSERT_TRUE(set_clip_loop(session, ref, true).ok());
    ASSERT_TRUE(trim_clip_start(session, ref, 2.5).ok()); // the end of the round before
    EXPECT_EQ(clip.offset(), 15.5);
    ASSERT_TRUE(trim_clip_end(session, ref, 4.5).ok());
    EXPECT_EQ(clip.length(), 2);
    EXPECT_EQ(clip.fade_in() + clip.fade_out(), 2); // fades never pass the clip
    EXPECT_EQ(refused(trim_clip_end(session, ref, 2.5)),
              "tracks.drums.clips.c.length: must be more than 0 beats");
}

TEST(EditClips, ZeroAndBadLengthsAreRefused) {
    Session session = small_session();
    EXPECT_EQ(refused(add_clip(session, "drums", "p", 0, 0, false)),
              "tracks.drums.clips.length: must be more than 0 beats");
    EXPECT_EQ(refused(add_clip(session, "drums", "p", 0, std::nan(""), false)),
              "tracks.drums.clips.length: must be more than 0 beats");
    EXPECT_EQ(refused(add_clip(session, "drums", "p", -1, 4, false)),
              "tracks.drums.clips.start: is out of range: -1");
    EXPECT_EQ(refused(add_clip(session, "drums", "q", 0, 4, false)), "patterns.q: is not in the session");
    EXPECT_EQ(refused(add_clip(session, "room", "p", 0, 4, false)),
              "tracks.room.clips: cannot be: a bus and the master hold no clips");
    EXPECT_EQ(refused(set_clip_fades(session, {"drums", "c"}, {5, 4})),
              "tracks.drums.clips.c.fade_in: and fade_out are longer than the clip: 9");
    EXPECT_EQ(refused(set_clip_pitch(session, {"drums", "c"}, 25)),
              "tracks.drums.clips.c.pitch: is out of range: 25");
    EXPECT_EQ(refused(move_clip(session, {"drums", "x"}, 0)), "tracks.drums.clips.x: is not in the session");
}

TEST(EditClips, MovesAndCopiesBetweenTracks) {
    Session session = small_session();
    const auto copy = duplicate_clip(session, {"drums", "c"}, 20, "bass");
    ASSERT_TRUE(copy.ok());
    EXPECT_EQ(copy->track, "bass");
    EXPECT_EQ(session.track("bass")->clip(copy->clip)->start(), 20);
    const auto moved = move_clip(session, {"drums", "c"}, 0, "bass");
    ASSERT_TRUE(moved.ok());
    EXPECT_TRUE(session.track("drums")->clips().empty());
    EXPECT_EQ(session.track("bass")->clip(moved->clip)->fade_out(), 2);
    EXPECT_EQ(session.track("bass")->clips().size(), 2u);
}

TEST(EditClips, ReverseAndStretchKeepThePartThatPlays) {
    Session session = small_session();
    const ClipRef ref{"drums", "c"};
    const Clip clip = *session.track("drums")->clip("c");
    ASSERT_TRUE(set_clip_reverse(session, ref, true).ok());
    EXPECT_EQ(clip.offset(), 7); // beats 1..9 of 16, turned round
    ASSERT_TRUE(set_clip_stretch(session, ref, 2).ok());
    EXPECT_EQ(clip.length(), 16);
    EXPECT_EQ(clip.offset(), 14);
    EXPECT_EQ(round_beats(session, clip), 32);
    ASSERT_TRUE(set_clip_reverse(session, ref, false).ok());
    EXPECT_EQ(clip.offset(), 2);
    ASSERT_TRUE(set_clip_stretch(session, ref, 1).ok());
    EXPECT_EQ(clip.offset(), 1);
    EXPECT_EQ(clip.length(), 8);
}

TEST(EditTracks, CirclesAreRefusedByName) {
    Session session = small_session();
    EXPECT_EQ(refused(set_output(session, "room", "band")),
              "tracks.room.output: would lead the signal in a circle: room -> band -> room");
    EXPECT_EQ(refused(add_send(session, "room", "band", 1, false)),
              "tracks.room.sends.to: would lead the signal in a circle: room -> band -> room");
    EXPECT_EQ(refused(set_output(session, "band", "band")),
              "tracks.band.output: would lead the signal in a circle: band -> band");
    EXPECT_EQ(refused(set_output(session, "bass", "drums")),
              "tracks.bass.output: must be a bus: \"drums\" is none");
    EXPECT_EQ(refused(set_output(session, "master", "room")),
              "tracks.master.output: of the master is the sound device");
    // A key is a dependency too: drums would wait for room, which hears drums.
    EXPECT_EQ(
        refused(set_sidechain(session, "drums", "comp", "room")),
        "tracks.drums.inserts.comp.sidechain: would lead the signal in a circle: room -> drums -> room");
    ASSERT_TRUE(set_sidechain(session, "bass", "comp", "drums").ok());
    EXPECT_EQ(
        refused(set_sidechain(session, "drums", "comp", "bass")),
        "tracks.drums.inserts.comp.sidechain: would lead the signal in a circle: bass -> drums -> bass");
    EXPECT_EQ(refused(set_sidechain(session, "bass", "comp", "bass")),
              "tracks.bass.inserts.comp.sidechain: is the track itself");
    EXPECT_EQ(signal_path(session, "drums", "master"), (std::vector<std::string>{"drums", "master"}));
    EXPECT_TRUE(signal_path(session, "room", "bass").empty());
    ASSERT_TRUE(set_output(session, "bass", "").ok());
    EXPECT_EQ(session.track("bass")->output(), kMasterId);
    ASSERT_TRUE(set_output(session, "band", "master").ok());
    ASSERT_TRUE(set_output(session, "room", "band").ok()); // open now
}

TEST(EditTracks, RemovingABusLeavesNothingOfItBehind) {
    Session session = small_session();
    ASSERT_TRUE(set_points(session, {"drums", send_target("room")}, {{0, 1}}).ok());
    ASSERT_TRUE(set_sidechain(session, "bass", "comp", "drums").ok());
    ASSERT_TRUE(remove_track(session, "room").ok());
    EXPECT_EQ(session.track("band")->output(), kMasterId);
    EXPECT_TRUE(session.track("drums")->sends().empty());
    EXPECT_TRUE(session.track("drums")->automation().empty());
    ASSERT_TRUE(remove_track(session, "drums").ok());
    EXPECT_EQ(session.track("bass")->insert("comp")->sidechain(), "");
    EXPECT_EQ(refused(remove_track(session, "master")), "tracks.master: cannot be removed");
}

TEST(EditTracks, OrderCopiesAndGroups) {
    Session session = small_session();
    ASSERT_TRUE(move_track(session, "drums", 3).ok());
    EXPECT_EQ(session.tracks()[3].id(), "drums");
    EXPECT_EQ(session.tracks()[4].id(), "master");
    EXPECT_FALSE(move_track(session, "drums", 4).ok());
    EXPECT_FALSE(move_track(session, "master", 0).ok());
    const auto copy = duplicate_track(session, "drums");
    ASSERT_TRUE(copy.ok());
    EXPECT_EQ(copy->id(), "drums-2");
    EXPECT_EQ(copy->clips().size(), 1u);
    EXPECT_EQ(copy->sends()[0].to(), "room");
    EXPECT_EQ(duplicate_track(session, "drums-2")->id(), "drums-3");
    const auto group = add_group(session, "Rhythm");
    ASSERT_TRUE(group.ok());
    ASSERT_TRUE(set_group(session, "drums", group->id()).ok());
    ASSERT_TRUE(set_group_gain(session, group->id(), -6).ok());
    EXPECT_EQ(refused(set_group(session, "drums", "none")), "groups.none: is not in the session");
    ASSERT_TRUE(remove_group(session, group->id()).ok());
    EXPECT_EQ(session.track("drums")->group(), "");
    EXPECT_EQ(refused(set_gain(session, "drums", 100)), "tracks.drums.gain_db: is out of range: 100");
    EXPECT_EQ(refused(set_color(session, "drums", "blue")), "tracks.drums.color: is no colour: \"blue\"");
    EXPECT_EQ(refused(add_track(session, TrackType::kMaster, "m", "")), "tracks.m.type: cannot be added");
}

TEST(EditInserts, AutomationGoesWithItsInsert) {
    Session session = small_session();
    ASSERT_TRUE(set_points(session, {"drums", "inserts.comp.ratio"}, {{0, 2}, {4, 8}}).ok());
    ASSERT_TRUE(set_points(session, {"drums", "gain_db"}, {{0, -6}}).ok());
    EXPECT_EQ(refused(add_point(session, {"drums", "inserts.eq.amount"}, {0, 1})),
              "tracks.drums.automation.inserts.eq.amount: names an insert that the track does not have");
    ASSERT_TRUE(add_insert(session, "drums", "eq", 0).ok());
    EXPECT_EQ(session.track("drums")->inserts()[0].effect(), "eq");
    ASSERT_TRUE(move_insert(session, "drums", "eq", 1).ok());
    EXPECT_EQ(session.track("drums")->inserts()[1].effect(), "eq");
    ASSERT_TRUE(remove_insert(session, "drums", "comp").ok());
    ASSERT_EQ(session.track("drums")->automation().size(), 1u);
    EXPECT_EQ(session.track("drums")->automation()[0].target(), "gain_db");
    EXPECT_EQ(refused(set_insert_param(session, "drums", "eq", "amount", std::nan(""))),
              "tracks.drums.inserts.eq.params.amount: is not a number");
    ASSERT_TRUE(set_preset(session, "drums", "eq", "Bright", {{"band8_db", 3}, {"amount", 1}}).ok());
    EXPECT_EQ(session.track("drums")->insert("eq")->preset(), "Bright");
    EXPECT_EQ(session.track("drums")->insert("eq")->param("band8_db", 0), 3);
}

TEST(EditAutomation, PointsStayInOrder) {
    Session session = small_session();
    const LaneRef lane{"master", "gain_db"};
    for (const double beat : {8.0, 0.0, 4.0})
        ASSERT_TRUE(add_point(session, lane, {beat, -beat}).ok());
    EXPECT_EQ(*add_point(session, lane, {4, -40}), 2); // behind the other one there: a jump
    EXPECT_EQ(*move_point(session, lane, 0, {6, 0}), 2);
    const AutomationPoints points = session.master().lane("gain_db")->points();
    EXPECT_EQ(points, (AutomationPoints{{4, -4}, {4, -40}, {6, 0}, {8, -8}}));
    EXPECT_EQ(*move_point(session, lane, 1, {4, -30}), 1); // stays behind
    EXPECT_EQ(refused(add_point(session, lane, {4, 49})),
              "tracks.master.automation.gain_db.value: is out of range: 49");
    EXPECT_EQ(refused(add_point(session, lane, {-1, 0})),
              "tracks.master.automation.gain_db.beat: is out of range: -1");
    EXPECT_EQ(refused(set_points(session, lane, {{2, 0}, {1, 0}})),
              "tracks.master.automation.gain_db.points[1].beat: comes before the point ahead of it: 1");
    EXPECT_EQ(refused(add_point(session, {"master", "volume"}, {0, 0})),
              "tracks.master.automation.volume: is nothing that can be automated");
    EXPECT_EQ(*remove_points(session, lane, 4, 6), 2);
    ASSERT_TRUE(set_lane_mode(session, lane, AutomationMode::kOff).ok());
    EXPECT_FALSE(session.master().lane("gain_db")->plays());
    ASSERT_TRUE(remove_lane(session, lane).ok());
    EXPECT_FALSE(remove_lane(session, lane).ok());
}

TEST(EditAutomation, BulkEditsKeepWhatTheyDoNotTouch) {
    auto session = Session::from_json(R"({"tracks": [{"id": "a", "automation": [{"target": "pan", "points": [
        {"beat": 0, "value": 0, "mine": 1.50}, {"beat": 1, "value": 0.5}, {"beat": 8, "value": 1, "mine": 2.50}]}]}]})");
    ASSERT_TRUE(session.ok());
    ASSERT_TRUE(set_points(*session, {"a", "pan"}, {{0, 0}, {2, -1}, {3, 0}, {8, 1}}).ok());
    const std::string text = session->to_json();
    EXPECT_NE(text.find("1.50"), std::string::npos);
    EXPECT_NE(text.find("2.50"), std::string::npos);
    EXPECT_EQ(session->track("a")->lane("pan")->value_at(2), -1);
}

TEST(EditTime, SectionsMoveWithAllTheyHold) {
    auto session = Session::from_json(R"({"bars": 6, "tempo": 100,
      "tempo_map": [{"start": 8, "tempo": 100, "ramp": true}, {"start": 16, "tempo": 80}, {"start": 16, "tempo": 100}],
      "meter_map": [{"start": 16, "meter": "2/4"}],
      "tracks": [{"id": "t",
        "clips": [{"id": "all", "pattern": "p", "start": 0, "length": 24, "loop": true},
                  {"id": "hook", "pattern": "p", "start": 9, "length": 2}],
        "automation": [{"target": "gain_db", "points": [{"beat": 8, "value": 0}, {"beat": 16, "value": -8}]}]}],
      "patterns": [{"id": "p", "length": 4}],
      "sections": [{"name": "Verse", "start": 0, "length": 8}, {"name": "Hook", "start": 8, "length": 8},
                   {"name": "Outro", "start": 16, "length": 8}],
      "markers": [{"name": "v", "start": 1}, {"name": "h", "start": 8}, {"name": "o", "start": 20}]})");
    ASSERT_TRUE(session.ok()) << session.error().text();
    ASSERT_TRUE(move_section(*session, 1, 0).ok());
    std::vector<std::string> names;
    for (const Section& section : session->sections())
        names.push_back(section.name() + std::to_string(static_cast<int>(section.start())));
    EXPECT_EQ(names, (std::vector<std::string>{"Hook0", "Verse8", "Outro16"}));
    names.clear();
    for (const Marker& marker : session->markers())
        names.push_back(marker.name() + std::to_string(static_cast<int>(marker.start())));
    EXPECT_EQ(names, (std::vector<std::string>{"h0", "v9", "o20"}));
    const Track track = *session->track("t");
    EXPECT_EQ(track.clip("hook")->start(), 1);
    double covered = 0;
    for (const Clip& clip : track.clips()) {
        if (clip.id() == "hook") continue;
        covered += clip.length();
        // Every part plays what it played: beat b of the song was beat b' of the pattern.
        const double was = clip.start() < 8    ? clip.start() + 8
                           : clip.start() < 16 ? clip.start() - 8
                                               : clip.start();
        EXPECT_EQ(std::fmod(clip.offset(), 4), std::fmod(was, 4));
    }
    EXPECT_EQ(covered, 24);
    const AutomationLane lane = *track.lane("gain_db");
    EXPECT_EQ(lane.value_at(0), 0);
    EXPECT_EQ(lane.value_at(4), -4);
    EXPECT_EQ(lane.value_at(8), 0);
    EXPECT_EQ(lane.value_at(15.9), 0);
    EXPECT_EQ(lane.value_at(16), -8);
    EXPECT_EQ(session->tempo(), 100);
    EXPECT_EQ(session->tempo_at(4), 90); // the ritardando of the hook
    EXPECT_EQ(session->tempo_at(8), 100);
    EXPECT_EQ(session->tempo_at(20), 100);
    EXPECT_EQ(session->meter_map().meter_at(17), "2/4");
    EXPECT_EQ(session->meter_map().meter_at(15), "4/4");
    const auto again = Session::from_json(session->to_json());
    ASSERT_TRUE(again.ok()) << again.error().text();

    ASSERT_TRUE(move_section(*session, 0, 2).ok()); // to the end
    EXPECT_EQ(session->sections()[2].name(), "Hook");
    EXPECT_EQ(session->sections()[2].start(), 16);
    EXPECT_EQ(session->meter_map().meter_at(9), "2/4");
    EXPECT_EQ(session->tempo_at(20), 90);
}

TEST(EditTime, MovesThatCutASectionAreRefused) {
    auto session = Session::from_json(
        R"({"sections": [{"name": "A", "start": 0, "length": 8}, {"name": "B", "start": 8, "length": 8}]})");
    ASSERT_TRUE(session.ok());
    EXPECT_EQ(refused(move_time(*session, 4, 8, 16)), "sections.A: crosses a border of what is moved");
    EXPECT_EQ(refused(move_time(*session, 0, 8, 4)), "time.to: lies inside what is moved: 4");
    EXPECT_EQ(refused(move_time(*session, 0, 0, 4)), "time.length: must be more than 0 beats");
    EXPECT_EQ(refused(move_section(*session, 0, 2)), "sections[2]: is not in the session");
    EXPECT_EQ(refused(add_section(*session, "C", 16, 0)), "sections.length: must be more than 0 beats");
}

TEST(EditTime, MapsStayInOrderAndAtZeroInStep) {
    Session session;
    ASSERT_TRUE(set_tempo_point(session, {8, 90}).ok());
    ASSERT_TRUE(set_tempo_point(session, {4, 60, true}).ok());
    ASSERT_TRUE(set_tempo_point(session, {8, 100}).ok());
    EXPECT_EQ(session.tempo_points(), (std::vector<TempoPoint>{{4, 60, true}, {8, 100}}));
    EXPECT_EQ(session.tempo_at(6), 80);
    ASSERT_TRUE(set_tempo_point(session, {0, 70}).ok());
    EXPECT_EQ(session.tempo(), 70);
    ASSERT_TRUE(set_tempo(session, 75).ok());
    EXPECT_EQ(session.tempo_points()[0].tempo, 75);
    EXPECT_EQ(refused(set_tempo_point(session, {4, 0})), "tempo_map.tempo: is out of range: 0");
    EXPECT_EQ(refused(set_tempo(session, 1000)), "tempo: is out of range: 1000");
    EXPECT_EQ(refused(set_meter_point(session, {4, "5/5"})), "meter_map.meter: is no meter");
    EXPECT_EQ(refused(remove_tempo_point(session, 5)), "tempo_map: has no change at beat 5");
    ASSERT_TRUE(remove_tempo_point(session, 4).ok());
    ASSERT_TRUE(set_meter_point(session, {16, "3/4"}).ok());
    EXPECT_EQ(session.total_beats(), 16 + 4 * 3);
}

TEST(EditPatterns, NotesAreCheckedTogether) {
    Session session = small_session();
    const auto pattern = add_pattern(session, "Riff", 4);
    ASSERT_TRUE(pattern.ok());
    const std::string id = pattern->id();
    ASSERT_TRUE(add_notes(session, id, {{0.1, 1, 60, 100}, {1, 0.5, 64, 90}, {2.6, 1, 127, 1}}).ok());
    EXPECT_EQ(refused(add_notes(session, id, {{0, 1, 60, 100}, {0, 0, 60, 100}})),
              "patterns." + id + ".notes[4].length: must be more than 0 beats");
    EXPECT_EQ(refused(move_notes(session, id, {0, 2}, 0, 1)),
              "patterns." + id + ".notes.pitch: is out of range: 128");
    EXPECT_EQ(refused(move_notes(session, id, {0}, -1, 0)),
              "patterns." + id + ".notes.start: is out of range: -0.9");
    ASSERT_TRUE(move_notes(session, id, {0, 1}, 1, -12).ok());
    EXPECT_EQ(pattern->notes()[1], (Note{2, 0.5, 52, 90}));
    EXPECT_EQ(*quantize_notes(session, id, 0.5, 1), 2);
    EXPECT_EQ(pattern->notes()[0].start, 1);
    EXPECT_EQ(pattern->notes()[2].start, 2.5);
    ASSERT_TRUE(remove_notes(session, id, {2, 0, 2}).ok());
    EXPECT_EQ(pattern->notes(), (std::vector<Note>{{2, 0.5, 52, 90}}));
    EXPECT_EQ(refused(set_note(session, id, 1, {})), "patterns." + id + ".notes[1]: is not in the session");
    EXPECT_EQ(refused(remove_pattern(session, "p")), "patterns.p: is played by clip c of track drums");
    EXPECT_TRUE(remove_pattern(session, id).ok());
}

} // namespace
} // namespace loopmind::session
