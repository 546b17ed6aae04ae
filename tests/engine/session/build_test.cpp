// Sessions built from generations.
#include "engine/session/build.h"

#include "engine/session/session.h"
#include "tests/engine/session/recipe_example.h"

#include <gtest/gtest.h>

namespace loopmind::session {
namespace {

TEST(Build, MakesOneTrackPerStemWithItsClip) {
    const auto text = build_session_json(example_recipe());
    ASSERT_TRUE(text.ok()) << text.error().text();
    EXPECT_EQ(*text, *build_session_json(example_recipe()));
    const auto session = Session::from_json(*text);
    ASSERT_TRUE(session.ok());
    EXPECT_EQ(session->total_frames(), std::llround(8 * 4 * 60.0 / 82 * 48000));
    std::vector<std::string> order;
    for (const Track& track : session->tracks())
        order.push_back(track.id());
    EXPECT_EQ(order,
              (std::vector<std::string>{"drums", "bass", "melody", kReverbBusId, kDelayBusId, "master"}));
    const Track melody = *session->track("melody");
    EXPECT_EQ(melody.gain_db(), 0);
    ASSERT_EQ(melody.clips().size(), 1u);
    EXPECT_EQ(melody.clips()[0].start(), 0);
    EXPECT_EQ(melody.clips()[0].length(), 32);
    EXPECT_TRUE(melody.clips()[0].loop());
    const Pattern pattern = *session->pattern(melody.clips()[0].pattern());
    EXPECT_EQ(pattern.length(), 32);
    EXPECT_EQ(session->media(pattern.audio())->sha256(), example_recipe().stems[2].audio.sha256);
    EXPECT_EQ(session->media(pattern.midi())->kind(), "midi");
    ASSERT_EQ(melody.sends().size(), 2u);
    EXPECT_EQ(melody.sends()[0].to(), kReverbBusId);
    EXPECT_EQ(melody.sends()[0].level(), 0.3);
    EXPECT_TRUE(session->track("bass")->sends().empty());
    EXPECT_EQ(session->fx("reverb"), 0.5);
    EXPECT_FALSE(session->fx("eq").has_value());
    ASSERT_EQ(session->sections().size(), 2u);
    EXPECT_EQ(session->sections()[1].start(), 8);
    EXPECT_EQ(session->sections()[1].length(), 24);
    EXPECT_EQ(session->layers()[0].params_json(), example_recipe().params_json);
    EXPECT_EQ(session->layers()[0].seed(), 9007199254740991);
    EXPECT_EQ(session->layers()[0].created_at(), "");
    EXPECT_EQ(session->layers()[0].stems().size(), 3u);
    EXPECT_TRUE(session->markers().empty());
    EXPECT_NE(text->find("\"file\": \"sha256:"), std::string::npos);
}

TEST(Build, WithoutEffectsOnlyGainAndLimiterStandOnTheMaster) {
    SessionRecipe recipe = example_recipe();
    recipe.fx.clear();
    recipe.master_gain_db = -3;
    const auto plain = Session::from_json(*build_session_json(recipe));
    ASSERT_TRUE(plain.ok());
    EXPECT_FALSE(plain->track(kReverbBusId).has_value());
    EXPECT_EQ(plain->master().inserts().size(), 2u);
    EXPECT_EQ(plain->master().insert_of("gain")->param("gain_db", 0), -3);

    recipe = example_recipe();
    recipe.print_fx = true;
    const auto printed = Session::from_json(*build_session_json(recipe));
    ASSERT_TRUE(printed.ok());
    EXPECT_FALSE(printed->track(kReverbBusId).has_value());
    EXPECT_TRUE(printed->track("melody")->sends().empty());
}

TEST(Build, DriveAndEqStandOnTheMaster) {
    SessionRecipe recipe = example_recipe();
    recipe.fx = default_fx({"eq", "drive", "nonsense"});
    EXPECT_EQ(recipe.fx.size(), 2u);
    const auto session = Session::from_json(*build_session_json(recipe));
    ASSERT_TRUE(session.ok());
    std::vector<std::string> chain;
    for (const Insert& insert : session->master().inserts())
        chain.push_back(insert.effect());
    EXPECT_EQ(chain, (std::vector<std::string>{"eq", "drive", "gain", "limiter"}));
}

TEST(Build, VideoSyncWithoutClipMarksEveryBar) {
    SessionRecipe recipe = example_recipe();
    recipe.video_sync = true;
    const auto session = Session::from_json(*build_session_json(recipe));
    ASSERT_TRUE(session.ok());
    ASSERT_EQ(session->markers().size(), 8u);
    EXPECT_EQ(session->markers()[3].kind(), "cut");
    EXPECT_EQ(session->markers()[3].start(), 12);
}

TEST(Build, ThreeFourHasThreeBeatsABar) {
    SessionRecipe recipe = example_recipe();
    recipe.meter = "3/4";
    const auto session = Session::from_json(*build_session_json(recipe));
    ASSERT_TRUE(session.ok());
    EXPECT_EQ(session->total_beats(), 24);
    EXPECT_EQ(session->track("drums")->clips()[0].length(), 24);
}

TEST(Build, SettlesTheMasterOfADocument) {
    const auto text = set_master(*build_session_json(example_recipe()), 2.25, -1);
    ASSERT_TRUE(text.ok());
    const auto session = Session::from_json(*text);
    EXPECT_EQ(session->master().insert_of("gain")->param("gain_db", 0), 2.25);
    EXPECT_EQ(session->master().inserts().size(), 2u);
    EXPECT_FALSE(set_master("{", 0, 0).ok());
}

TEST(Build, RefusesBadRecipes) {
    const auto field = [](const auto& spoil) {
        SessionRecipe recipe = example_recipe();
        spoil(recipe);
        const auto text = build_session_json(recipe);
        return text.ok() ? std::string("accepted") : text.error().field;
    };
    EXPECT_EQ(field([](auto& r) { r.tempo = 0; }), "tempo");
    EXPECT_EQ(field([](auto& r) { r.meter = "x"; }), "meter");
    EXPECT_EQ(field([](auto& r) { r.bars = 0; }), "bars");
    EXPECT_EQ(field([](auto& r) { r.stems.clear(); }), "stems");
    EXPECT_EQ(field([](auto& r) { r.stems[1].id = "drums"; }), "stems[1].id");
    EXPECT_EQ(field([](auto& r) { r.stems[1].audio = r.stems[1].midi = {}; }), "stems[1]");
    EXPECT_EQ(field([](auto& r) { r.stems[0].audio.sha256 = "XYZ"; }), "stems[0].audio.sha256");
    EXPECT_EQ(field([](auto& r) { r.stems[0].audio.file = "../x.wav"; }), "stems[0].audio.file");
    EXPECT_EQ(field([](auto& r) { r.fx["chorus"] = 0.1; }), "fx.chorus");
    EXPECT_EQ(field([](auto& r) { r.sections[0].bars = 5; }), "sections");
    EXPECT_EQ(field([](auto& r) { r.params_json = "[1"; }), "params_json");
}

} // namespace
} // namespace loopmind::session
