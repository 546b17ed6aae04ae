// Undo and redo: exact over random edits of every kind, named, whole gestures, room for many.
#include "engine/session/history.h"

#include "engine/session/build.h"
#include "engine/session/edits_clips.h"
#include "engine/session/edits_patterns.h"
#include "engine/session/edits_time.h"
#include "engine/session/edits_tracks.h"
#include "tests/engine/session/random_edits.h"
#include "tests/engine/session/recipe_example.h"

#include <gtest/gtest.h>

#include <map>

namespace loopmind::session {
namespace {

Session example_session() {
    SessionRecipe recipe = example_recipe();
    recipe.fx = default_fx({"reverb", "delay", "eq"});
    auto session = Session::from_json(*build_session_json(recipe));
    EXPECT_TRUE(session.ok());
    // A field of a newer version inside what is edited.
    session->track("drums")->state.setProperty("_extra", R"({"mine":{"n":0.30000000000000004}})", nullptr);
    return std::move(*session);
}

TEST(History, FiftyRandomSessionsUndoToTheStartAndRedoToTheEnd) {
    std::map<std::string, int> done, refused;
    for (unsigned seed = 0; seed < 50; ++seed) {
        std::mt19937 random(20261125 + seed);
        Session session = example_session();
        History history(session);
        std::vector<std::string> states{session.to_json()};
        const auto draw = [&] {
            const auto& edits = random_edits();
            return edits[std::uniform_int_distribution<std::size_t>(0, edits.size() - 1)(random)];
        };
        for (int step = 0; step < 150; ++step) {
            const std::string before = session.to_json();
            const int edits_in_gesture = step % 10 == 9 ? 5 : 1;
            history.begin_gesture("step " + std::to_string(step));
            for (int i = 0; i < edits_in_gesture; ++i) {
                const RandomEdit edit = draw();
                const std::string here = session.to_json();
                const Status result = edit.run(session, random, history.undo_manager());
                ++(result.ok() ? done : refused)[edit.name];
                if (result.ok()) continue;
                EXPECT_FALSE(result.error().field.empty()) << edit.name;
                EXPECT_FALSE(result.error().message.empty()) << edit.name;
                ASSERT_EQ(session.to_json(), here) << edit.name << " failed and changed something";
            }
            if (step % 17 == 16) {
                history.cancel_gesture();
                ASSERT_EQ(session.to_json(), before) << "cancelled";
                continue;
            }
            history.end_gesture();
            const std::string after = session.to_json();
            const auto again = Session::from_json(after); // every edit leaves what can be read again
            ASSERT_TRUE(again.ok()) << again.error().text();
            ASSERT_EQ(again->to_json(), after);
            // A gesture may make a step that changes nothing (to and fro): the history says which.
            while (history.undo_names().size() >= states.size())
                states.push_back(after);
            ASSERT_EQ(history.undo_names().size() + 1, states.size());
        }
        ASSERT_GT(states.size(), 40u);
        for (std::size_t i = states.size() - 1; i > 0; --i) {
            ASSERT_TRUE(history.undo());
            ASSERT_EQ(session.to_json(), states[i - 1]) << "seed " << seed << ", undo to " << i - 1;
        }
        EXPECT_FALSE(history.can_undo());
        for (std::size_t i = 1; i < states.size(); ++i) {
            ASSERT_TRUE(history.redo());
            ASSERT_EQ(session.to_json(), states[i]) << "seed " << seed << ", redo to " << i;
        }
        EXPECT_FALSE(history.can_redo());
    }
    for (const RandomEdit& edit : random_edits())
        EXPECT_GT(done[edit.name], 0) << edit.name << " never worked, refused " << refused[edit.name];
}

TEST(History, StepsHaveNames) {
    Session session = example_session();
    History history(session);
    EXPECT_TRUE(
        history.perform("Fader", [&](auto* undo) { return edit::set_gain(session, "drums", -3, undo); })
            .ok());
    EXPECT_TRUE(
        history.perform("Tempo", [&](auto* undo) { return edit::set_tempo(session, 90, undo); }).ok());
    EXPECT_EQ(history.undo_names(), (std::vector<std::string>{"Tempo", "Fader"}));
    EXPECT_TRUE(history.undo());
    EXPECT_EQ(history.undo_names(), std::vector<std::string>{"Fader"});
    EXPECT_EQ(history.redo_names(), std::vector<std::string>{"Tempo"});
    const Status refused =
        history.perform("Bad", [&](auto* undo) { return edit::set_tempo(session, -1, undo); });
    EXPECT_FALSE(refused.ok());
    EXPECT_EQ(history.redo_names(), std::vector<std::string>{"Tempo"}); // what failed leaves nothing behind
}

TEST(History, AGestureIsOneStep) {
    Session session = example_session();
    History history(session);
    const std::string before = session.to_json();
    history.begin_gesture("Drag");
    for (int i = 0; i < 500; ++i) {
        ASSERT_TRUE(edit::set_gain(session, "drums", -i / 10.0, history.undo_manager()).ok());
        ASSERT_TRUE(edit::set_pan(session, "bass", i / 500.0, history.undo_manager()).ok());
        EXPECT_FALSE(history.can_undo());
    }
    history.end_gesture();
    EXPECT_EQ(history.undo_names().size(), 1u);
    EXPECT_TRUE(history.undo());
    EXPECT_EQ(session.to_json(), before);
    history.begin_gesture("Nothing");
    history.end_gesture();
    EXPECT_TRUE(history.can_redo()); // an empty gesture is no step
}

TEST(History, ACancelledGestureIsForgotten) {
    Session session = example_session();
    History history(session);
    EXPECT_TRUE(
        history.perform("Kept", [&](auto* undo) { return edit::set_gain(session, "drums", -3, undo); }).ok());
    ASSERT_TRUE(history.undo());
    const std::string before = session.to_json();
    history.begin_gesture("Escape");
    ASSERT_TRUE(edit::add_track(session, TrackType::kBus, "b", "B", history.undo_manager()).ok());
    history.cancel_gesture();
    EXPECT_EQ(session.to_json(), before);
    EXPECT_EQ(history.redo_names(), std::vector<std::string>{"Kept"});
    ASSERT_TRUE(history.redo());
    EXPECT_EQ(session.track("drums")->gain_db(), -3);
}

TEST(History, AThousandNotesPushNothingOut) {
    Session session = example_session();
    History history(session);
    const std::string before = session.to_json();
    const std::string pattern = session.patterns()[0].id();
    for (int i = 0; i < 40; ++i) {
        EXPECT_TRUE(history
                        .perform("Small",
                                 [&](auto* undo) { return edit::set_gain(session, "drums", -i - 1.0, undo); })
                        .ok());
        std::vector<Note> notes(1000);
        for (std::size_t n = 0; n < notes.size(); ++n)
            notes[n] = {n * 0.25, 0.25, static_cast<int>(n % 128), 1 + i};
        EXPECT_TRUE(
            history
                .perform("Notes", [&](auto* undo) { return edit::set_notes(session, pattern, notes, undo); })
                .ok());
    }
    EXPECT_EQ(history.undo_names().size(), 80u);
    while (history.can_undo())
        history.undo();
    EXPECT_EQ(session.to_json(), before);
}

TEST(History, TheTimelineFollowsInsideTheStep) {
    Session session = example_session();
    History history(session);
    const auto timeline = [&] {
        const std::string text = session.to_json();
        const std::size_t start = text.find("\"timeline\"");
        return text.substr(start, text.find("\"fx\"") - start);
    };
    const std::string before = timeline();
    EXPECT_TRUE(history
                    .perform("Move",
                             [&](auto* undo) {
                                 return edit::move_clip(session, {"drums", "clip-1"}, 7, {}, undo);
                             })
                    .ok());
    EXPECT_NE(timeline().find("\"start\": 7"), std::string::npos);
    EXPECT_EQ(history.undo_names().size(), 1u);
    ASSERT_TRUE(history.undo());
    EXPECT_EQ(timeline(), before);
}

TEST(History, KnowsWhetherSomethingIsUnsaved) {
    Session session = example_session();
    History history(session);
    EXPECT_FALSE(history.unsaved());
    const auto step = [&](double db) {
        EXPECT_TRUE(
            history.perform("Gain", [&](auto* undo) { return edit::set_gain(session, "drums", db, undo); })
                .ok());
    };
    step(-1);
    EXPECT_TRUE(history.unsaved());
    history.mark_saved();
    step(-2);
    EXPECT_TRUE(history.unsaved());
    history.undo();
    EXPECT_FALSE(history.unsaved());
    history.undo();
    EXPECT_TRUE(history.unsaved());
    step(-3); // the saved document cannot be reached any more
    history.undo();
    EXPECT_TRUE(history.unsaved());
}

} // namespace
} // namespace loopmind::session
