// Edits and their undo; macros and inserts in step both ways.
#include "engine/session/session.h"

#include <gtest/gtest.h>

#include <cmath>

namespace loopmind::session {
namespace {

TEST(SessionEdit, UndoAndRedoReproduceTheDocument) {
    Session session;
    juce::UndoManager undo;
    std::vector<std::string> states{session.to_json()};
    const auto step = [&](const auto& edit) {
        undo.beginNewTransaction();
        edit();
        states.push_back(session.to_json());
        ASSERT_NE(states.back(), states[states.size() - 2]);
    };
    step([&] { session.add_track(TrackType::kAudio, "drums", "Drums", &undo); });
    step([&] { session.track("drums")->set_gain_db(-6, &undo); });
    step([&] { session.track("drums")->add_clip("p", 0, 4, true, &undo); });
    step([&] { (void)session.set_fx("reverb", 0.5, &undo); });
    step([&] { (void)session.set_fx("eq", 0.25, &undo); });
    step([&] { session.set_master(-2.5, -1, &undo); });
    step([&] { session.set_tempo(97.3, &undo); });
    step([&] {
        session.set_param(*session.track(kReverbBusId)->insert_of("reverb"), param::kWet, 0.75, &undo);
    });
    for (std::size_t i = states.size() - 1; i > 0; --i) {
        ASSERT_TRUE(undo.undo());
        EXPECT_EQ(session.to_json(), states[i - 1]) << i;
    }
    EXPECT_FALSE(undo.canUndo());
    for (std::size_t i = 1; i < states.size(); ++i) {
        ASSERT_TRUE(undo.redo());
        EXPECT_EQ(session.to_json(), states[i]) << i;
    }
}

TEST(SessionEdit, MacrosAndInsertsKeepStep) {
    Session session;
    for (const char* name : {"reverb", "delay", "drive", "eq"}) {
        EXPECT_FALSE(session.fx(name).has_value());
        ASSERT_TRUE(session.set_fx(name, 0.5).ok());
    }
    const auto reverb = session.track(kReverbBusId)->insert_of(effect::kReverb);
    const auto delay = session.track(kDelayBusId)->insert_of(effect::kDelay);
    const auto drive = session.master().insert_of(effect::kDrive);
    const auto eq = session.master().insert_of(effect::kEq);
    EXPECT_EQ(reverb->param(param::kWet, 0), 0.5);
    EXPECT_EQ(reverb->param(param::kDry, 1), 0);
    EXPECT_EQ(delay->param(param::kWet, 0), 0.5);
    EXPECT_EQ(drive->param(param::kAmount, 0), 0.5);
    EXPECT_EQ(eq->param(param::kAmount, 0), 0.5);

    ASSERT_TRUE(session.set_fx("drive", 0.8).ok());
    EXPECT_EQ(drive->param(param::kAmount, 0), 0.8);
    session.set_param(*delay, param::kWet, 0.1);
    EXPECT_EQ(session.fx("delay"), 0.1);
    session.set_param(*delay, param::kFeedback, 0.7);
    EXPECT_EQ(session.fx("delay"), 0.1);
    ASSERT_TRUE(session.set_fx("eq", 0).ok());
    EXPECT_EQ(eq->param(param::kAmount, 1), 0);

    EXPECT_EQ(session.set_fx("chorus", 0.5).error().field, "fx.chorus");
    EXPECT_EQ(session.set_fx("eq", 1.5).error().field, "fx.eq");
    EXPECT_FALSE(session.set_fx("eq", std::nan("")).ok());
}

TEST(SessionEdit, MasterChainEndsInGainAndLimiter) {
    Session session;
    session.set_master(3, -1);
    ASSERT_TRUE(session.set_fx("drive", 0.5).ok());
    ASSERT_TRUE(session.set_fx("eq", 0.5).ok());
    session.set_master(-4.5, -2);
    std::vector<std::string> chain;
    for (const Insert& insert : session.master().inserts())
        chain.push_back(insert.effect());
    EXPECT_EQ(chain, (std::vector<std::string>{"eq", "drive", "gain", "limiter"}));
    EXPECT_EQ(session.master().insert_of("gain")->param(param::kGainDb, 0), -4.5);
    EXPECT_EQ(session.master().insert_of("limiter")->param(param::kCeilingDb, 0), -2);
}

TEST(SessionEdit, TracksStandBeforeBusesAndMaster) {
    Session session;
    session.add_track(TrackType::kBus, "bus", "Bus");
    session.add_track(TrackType::kAudio, "a", "A");
    session.add_track(TrackType::kMidi, "a", "A again");
    std::vector<std::string> order;
    for (const Track& track : session.tracks())
        order.push_back(track.id());
    EXPECT_EQ(order, (std::vector<std::string>{"a", "a-2", "bus", "master"}));
}

TEST(SessionEdit, TimelineFollowsClipsAndKeepsWhatItDoesNotKnow) {
    auto session = Session::from_json(R"({"timeline": [
        {"file": "a.wav", "start": 0, "length": 4, "mine": 1.50},
        {"video": "v.mp4", "start": 0, "length": 8},
        {"file": "b.wav", "start": 4, "length": 4, "gone": 1}]})");
    ASSERT_TRUE(session.ok());
    session->track("track-1")->add_clip("pattern-1", 8, 2, false);
    session->track("track-2")->state.getChildWithName("clips").removeAllChildren(nullptr);
    session->sync_timeline();
    const std::string text = session->to_json();
    const std::string timeline =
        text.substr(text.find("\"timeline\""), text.find("\"fx\"") - text.find("\"timeline\""));
    EXPECT_EQ(timeline, R"("timeline": [
    {
      "file": "a.wav",
      "start": 0,
      "length": 4,
      "mine": 1.50
    },
    {
      "file": "a.wav",
      "start": 8,
      "length": 2
    },
    {
      "video": "v.mp4",
      "start": 0,
      "length": 8
    }
  ],
  )");
}

TEST(SessionEdit, OutputsToTheMasterHaveOneName) {
    const auto session =
        Session::from_json(R"({"tracks": [{"id": "a", "output": "main"}, {"id": "b", "output": ""},
        {"id": "c"}, {"id": "d", "output": "a"}, {"id": "main", "type": "master"}]})");
    ASSERT_TRUE(session.ok());
    std::vector<std::string> outputs;
    for (const Track& track : session->tracks())
        outputs.push_back(track.output());
    EXPECT_EQ(outputs, (std::vector<std::string>{kMasterId, kMasterId, kMasterId, "a", kMasterId}));
    EXPECT_EQ(session->master().id(), "main");
}

TEST(SessionEdit, CloneIsIndependent) {
    Session session;
    Session copy = session.clone();
    copy.set_tempo(99);
    EXPECT_EQ(session.tempo(), 120);
    EXPECT_EQ(copy.tempo(), 99);
}

} // namespace
} // namespace loopmind::session
