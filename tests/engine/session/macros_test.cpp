// Published fx amounts and the inserts that follow them: in step by every way in, and through undo.
#include "engine/session/build.h"
#include "engine/session/edits_inserts.h"
#include "engine/session/edits_tracks.h"
#include "engine/session/history.h"
#include "tests/engine/session/recipe_example.h"

#include <gtest/gtest.h>

namespace loopmind::session {
namespace {

/// Every insert that follows an amount has it.
void expect_in_step(const Session& session) {
    for (const auto& [name, param] :
         {std::pair{"reverb", "wet"}, {"delay", "wet"}, {"drive", "amount"}, {"eq", "amount"}}) {
        for (const Track& track : session.tracks()) {
            for (const Insert& insert : track.inserts()) {
                if (insert.macro() != name) continue;
                ASSERT_TRUE(session.fx(name).has_value()) << name;
                EXPECT_EQ(insert.param(param, -1), *session.fx(name)) << name;
            }
        }
    }
}

TEST(Macros, KeepStepThroughUndo) {
    Session session;
    History history(session);
    std::vector<std::string> states{session.to_json()};
    const auto step = [&](const auto& edit) {
        const Status done = history.perform("step", edit);
        ASSERT_TRUE(done.ok()) << done.error().text();
        expect_in_step(session);
        states.push_back(session.to_json());
    };
    for (const char* name : {"reverb", "delay", "drive", "eq"})
        step([&](auto* undo) { return edit::set_fx(session, name, 0.5, undo); });
    step([&](auto* undo) {
        return edit::set_insert_param(session, "bus-reverb", "reverb", "wet", 0.75, undo);
    });
    EXPECT_EQ(session.fx("reverb"), 0.75);
    step([&](auto* undo) { return edit::set_insert_param(session, "master", "drive", "amount", 7, undo); });
    EXPECT_EQ(session.fx("drive"), 1); // both stop at full
    step([&](auto* undo) {
        return edit::set_preset(session, "master", "eq", "Flat", {{"amount", 0}}, undo);
    });
    EXPECT_EQ(session.fx("eq"), 0);
    step([&](auto* undo) { return edit::remove_insert(session, "master", "drive", undo); });
    EXPECT_FALSE(session.fx("drive").has_value());
    step([&](auto* undo) { return edit::remove_track(session, "bus-delay", undo); });
    EXPECT_FALSE(session.fx("delay").has_value());
    step([&](auto* undo) { return edit::set_fx(session, "delay", 0.25, undo); }); // comes back
    EXPECT_TRUE(session.track("bus-delay").has_value());
    for (std::size_t i = states.size() - 1; i > 0; --i) {
        ASSERT_TRUE(history.undo());
        EXPECT_EQ(session.to_json(), states[i - 1]);
        expect_in_step(session);
    }
    for (std::size_t i = 1; i < states.size(); ++i) {
        ASSERT_TRUE(history.redo());
        EXPECT_EQ(session.to_json(), states[i]);
        expect_in_step(session);
    }
}

TEST(Macros, RemovedInsertsStayAwayAfterReading) {
    Session session;
    ASSERT_TRUE(session.set_fx("drive", 0.5).ok());
    ASSERT_TRUE(edit::remove_insert(session, "master", "drive").ok());
    const auto again = Session::from_json(session.to_json());
    ASSERT_TRUE(again.ok());
    EXPECT_FALSE(again->master().insert_of("drive").has_value());
}

TEST(Macros, AnInsertNamesTheAmountThatAFileLeavesOut) {
    const auto session = Session::from_json(R"({"fx": {"eq": 0.25}, "tracks": [
        {"id": "bus-reverb", "type": "bus", "inserts": [{"effect": "reverb", "macro": "reverb", "params": {"wet": 0.7}}]},
        {"id": "m", "type": "master", "inserts": [
            {"effect": "eq", "macro": "eq", "params": {"amount": 0.9}},
            {"effect": "drive", "macro": "drive", "params": {"amount": 3}},
            {"effect": "gain", "macro": "sparkle", "params": {"gain_db": 1}}]}]})");
    ASSERT_TRUE(session.ok()) << session.error().text();
    EXPECT_EQ(session->fx("reverb"), 0.7);
    EXPECT_EQ(session->fx("eq"), 0.25); // the amount wins
    EXPECT_EQ(session->fx("drive"), 1);
    expect_in_step(*session);
    const auto again = Session::from_json(session->to_json());
    EXPECT_EQ(again->to_json(), session->to_json());
}

TEST(Macros, TwoInsertsOfOneAmountMoveTogether) {
    auto session = Session::from_json(R"({"fx": {"drive": 0.5}, "tracks": [{"id": "a", "inserts": [
        {"id": "x", "effect": "drive", "macro": "drive"}, {"id": "y", "effect": "drive", "macro": "drive"}]}]})");
    ASSERT_TRUE(session.ok());
    expect_in_step(*session);
    ASSERT_TRUE(edit::set_insert_param(*session, "a", "y", "amount", 0.75).ok());
    expect_in_step(*session);
    ASSERT_TRUE(edit::remove_insert(*session, "a", "x").ok());
    EXPECT_EQ(session->fx("drive"), 0.75); // y still follows it
}

TEST(Macros, ACopyOfATrackFollowsNothing) {
    auto session = Session::from_json(*build_session_json(example_recipe()));
    ASSERT_TRUE(session.ok());
    const auto copy = edit::duplicate_track(*session, kReverbBusId);
    ASSERT_TRUE(copy.ok());
    EXPECT_EQ(copy->inserts()[0].macro(), "");
    ASSERT_TRUE(session->set_fx("reverb", 0.9).ok());
    EXPECT_EQ(copy->inserts()[0].param("wet", 0), 0.5);
    expect_in_step(*session);
}

} // namespace
} // namespace loopmind::session
