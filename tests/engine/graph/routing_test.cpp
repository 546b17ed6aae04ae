// Solo, mute, groups, phase and pan laws; every route arrives in the same frame.
#include "engine/graph/offline.h"
#include "engine/graph/routing.h"
#include "tests/engine/graph/loops.h"

#include <gtest/gtest.h>

namespace loopmind::graph {
namespace {

using test::Graph;
constexpr std::int64_t kFrames = 6000;
constexpr size_t kPlace = 3000;

std::shared_ptr<StereoBuffer> click(float level) {
    auto out = std::make_shared<StereoBuffer>();
    out->left.assign(static_cast<size_t>(kFrames), 0.0f);
    out->left[kPlace] = level;
    out->right = out->left;
    return out;
}

/// What sounds at the click; the rest must be silence, so that all clicks arrived together.
float at_click(const Graph& graph) {
    const auto out = test::render_all(graph);
    EXPECT_TRUE(out.ok()) << out.error().text();
    if (!out.ok()) return 0;
    for (size_t i = 0; i < out->left.size(); ++i) {
        if (i != kPlace) {
            EXPECT_NEAR(out->left[i], 0, 1e-7f) << i;
        }
    }
    return out->left[kPlace];
}

/// Latency without changing the sound.
InsertSpec late(double lookahead_ms = 2) {
    return {"late", "limiter", {{"lookahead_ms", lookahead_ms}}, true};
}

/// a (1), b (2) and c (4) to the master; a sends 8 to r; b goes through sub; r and sub are buses.
Graph console() {
    Graph graph(kFrames);
    graph.add("a", click(1)).sends.push_back({"r", 8, false});
    graph.add("b", click(2)).output = "sub";
    graph.add("c", click(4));
    graph.add_bus("sub");
    graph.add_bus("r");
    return graph;
}

TEST(Solo, OfATrackLeavesItsWholeWay) {
    Graph graph = console();
    EXPECT_EQ(at_click(graph), 1 + 2 + 4 + 8);
    graph.spec.tracks[0].solo = true;
    EXPECT_EQ(at_click(graph), 1 + 8); // itself and its reverb
    graph.spec.tracks[0].solo = false;
    graph.spec.tracks[1].solo = true;
    EXPECT_EQ(at_click(graph), 2); // through the bus
    graph.spec.tracks[2].solo = true;
    EXPECT_EQ(at_click(graph), 2 + 4);
}

TEST(Solo, OfABusLeavesWhatFlowsIntoIt) {
    Graph graph = console();
    graph.spec.tracks[4].solo = true; // r: a's send, not a itself
    EXPECT_EQ(at_click(graph), 8);
    graph.spec.tracks[4].solo = false;
    graph.spec.tracks[3].solo = true; // sub
    EXPECT_EQ(at_click(graph), 2);
}

TEST(Solo, OfABusReachesThroughBuses) {
    Graph graph = console();
    graph.add_bus("top").solo = true;
    graph.spec.tracks[3].output = "top";
    EXPECT_EQ(at_click(graph), 2);
    graph.spec.tracks[5].solo = false;
    graph.spec.tracks[1].solo = true;
    EXPECT_EQ(at_click(graph), 2);
}

TEST(Solo, SafeTracksGoOn) {
    Graph graph = console();
    graph.spec.tracks[2].solo_safe = true;
    graph.spec.tracks[1].solo = true;
    EXPECT_EQ(at_click(graph), 2 + 4);
    graph.spec.tracks[2].mute = true; // safe from solo, not from mute
    EXPECT_EQ(at_click(graph), 2);
}

TEST(Solo, AMutedSoloIsSilent) {
    Graph graph = console();
    graph.spec.tracks[1].solo = graph.spec.tracks[1].mute = true;
    EXPECT_EQ(at_click(graph), 0);
}

TEST(Groups, MoveFadersAndSwitchesOfTheirTracks) {
    Graph graph = console();
    graph.spec.groups = {{"g", -6.0205999, false, false}};
    graph.spec.tracks[0].group = graph.spec.tracks[1].group = "g";
    EXPECT_NEAR(at_click(graph), 0.5 + 1 + 4 + 4, 1e-5); // the send behind the fader follows as well
    graph.spec.groups[0] = {"g", 0, true, false};
    EXPECT_EQ(at_click(graph), 4);
    graph.spec.groups[0] = {"g", 0, false, true};
    EXPECT_EQ(at_click(graph), 1 + 2 + 8);
    graph.spec.tracks[0].group = "nothing";
    const auto plan = graph.plan();
    ASSERT_FALSE(plan.ok());
    EXPECT_EQ(plan.error().field, "tracks.a.group");
}

TEST(Phase, TurnsTracksAndBusesAhead) {
    Graph graph = console();
    graph.spec.tracks[0].phase_invert = true;
    EXPECT_EQ(at_click(graph), -1 + 2 + 4 - 8);
    graph.spec.tracks[4].phase_invert = true;
    EXPECT_EQ(at_click(graph), -1 + 2 + 4 + 8);
    graph.spec.tracks[0].sends[0].pre_fader = true;
    EXPECT_EQ(at_click(graph), -1 + 2 + 4 + 8);
}

TEST(PanLaws, FollowTheirDefinition) {
    const float half = static_cast<float>(std::sqrt(0.5));
    struct Case {
        PanLaw law;
        double pan;
        float left, right;
    };
    for (const Case& c :
         {Case{PanLaw::kConstantPower, 0, 1, 1}, Case{PanLaw::kConstantPower, -1, 1 / half, 0},
          Case{PanLaw::kConstantPowerCut, 0, half, half}, Case{PanLaw::kConstantPowerCut, 1, 0, 1},
          Case{PanLaw::kLinear, 0, 0.5f, 0.5f}, Case{PanLaw::kLinear, 0.5, 0.25f, 0.75f},
          Case{PanLaw::kBalance, 0, 1, 1}, Case{PanLaw::kBalance, 0.25, 0.75f, 1}}) {
        Graph graph(kFrames);
        graph.add("a", click(1)).pan = c.pan;
        graph.spec.pan_law = c.law;
        const auto out = test::render_all(graph);
        ASSERT_TRUE(out.ok());
        EXPECT_NEAR(out->left[kPlace], c.left, 1e-6) << static_cast<int>(c.law) << " " << c.pan;
        EXPECT_NEAR(out->right[kPlace], c.right, 1e-6) << static_cast<int>(c.law) << " " << c.pan;
    }
    EXPECT_EQ(pan_law_of("constant_power_-3db"), PanLaw::kConstantPowerCut);
    EXPECT_FALSE(pan_law_of("sideways"));
}

TEST(Compensation, EveryRouteArrivesInTheSameFrame) {
    Graph graph(kFrames);
    graph.add("direct", click(1));
    graph.add("late", click(2)).inserts = {late()};
    auto& sends = graph.add("sends", click(4));
    sends.inserts = {late(7), late(1)};
    sends.sends = {{"early bus", 2, true}, {"late bus", 4, false}};
    graph.add("through", click(32)).output = "sub";
    graph.add("also late", click(64)).output = "sub";
    graph.spec.tracks.back().inserts = {late(11)};
    graph.add_bus("early bus").output = "top"; // 8
    graph.add_bus("late bus").inserts = {late(5)};
    graph.spec.tracks.back().sends = {{"top", 8, true}}; // 16 and 128
    graph.add_bus("sub").output = "top";
    graph.spec.tracks.back().inserts = {late(3)};
    graph.add_bus("top");
    graph.spec.master = {late(4)};
    EXPECT_EQ(at_click(graph), 1 + 2 + 4 + 8 + 16 + 128 + 32 + 64);
    const auto plan = graph.plan();
    EXPECT_GT((*plan)->latency, 48 * 14);
}

TEST(Compensation, LateTracksLieOnTheirOwnFrameInStems) {
    Graph graph(kFrames);
    graph.add("direct", click(1));
    graph.add("late", click(2)).inserts = {late(9)};
    graph.add_bus("bus");
    graph.spec.tracks[1].output = "bus";
    const auto plan = graph.plan();
    ASSERT_TRUE(plan.ok());
    std::map<std::string, std::vector<float>> stems;
    LinearOptions options;
    options.block_frames = 700;
    options.stems = [&](const std::string& id, std::int64_t first, auto left, auto) {
        EXPECT_EQ(first, static_cast<std::int64_t>(stems[id].size()));
        stems[id].insert(stems[id].end(), left.begin(), left.end());
        return true;
    };
    const auto report = render_linear(*plan, options, [](auto, auto, auto) { return true; });
    ASSERT_TRUE(report.ok());
    ASSERT_EQ(stems.size(), 3u);
    for (const auto& [id, level] : std::map<std::string, float>{{"direct", 1}, {"late", 2}, {"bus", 2}}) {
        ASSERT_EQ(static_cast<std::int64_t>(stems[id].size()), report->frames);
        EXPECT_EQ(stems[id][kPlace], level) << id;
    }
}

TEST(Routing, NamesOnlyTheCircle) {
    Graph graph(kFrames);
    graph.add("innocent", click(1)).output = "x";
    graph.add_bus("x").output = "y";
    graph.add_bus("y").sends.push_back({"x", 1, false});
    graph.spec.tracks.back().output = "behind";
    graph.add_bus("behind");
    const auto plan = graph.plan();
    ASSERT_FALSE(plan.ok());
    EXPECT_NE(plan.error().message.find("through x, y"), std::string::npos) << plan.error().text();
    EXPECT_EQ(plan.error().message.find("behind"), std::string::npos);
}

} // namespace
} // namespace loopmind::graph
