// Routing, order, delay compensation, solo and mute, and the errors of broken sessions.
#include "engine/graph/graph_player.h"
#include "engine/graph/render_plan.h"
#include "tests/engine/graph/loops.h"
#include "tests/engine/graph/realtime_guard.h"

#include <gtest/gtest.h>

namespace loopmind::graph {
namespace {

using test::Graph;
constexpr std::int64_t kFrames = 30011;

TEST(RenderPlan, BusesComeAfterWhatFeedsThem) {
    Graph graph(kFrames);
    graph.add_bus("late").output = "";
    graph.add_bus("early").output = "late";
    graph.add("a", test::noise_loop(kFrames, 1)).output = "early";
    graph.add("b", test::noise_loop(kFrames, 2)).sends.push_back({"late", 0.5, false});
    const auto plan = graph.plan();
    ASSERT_TRUE(plan.ok()) << plan.error().text();
    std::vector<std::string> order;
    for (const auto& node : (*plan)->nodes)
        order.push_back(node.id);
    EXPECT_EQ(order, (std::vector<std::string>{"a", "early", "b", "late"}));
}

TEST(RenderPlan, RefusesCircles) {
    Graph graph(kFrames);
    graph.add_bus("x").sends.push_back({"y", 1, false});
    graph.add_bus("y").sends.push_back({"x", 1, false});
    const auto plan = graph.plan();
    ASSERT_FALSE(plan.ok());
    EXPECT_NE(plan.error().message.find("x, y"), std::string::npos);
}

TEST(RenderPlan, NamesWhatIsWrong) {
    auto field_of = [](const Graph& graph) {
        const auto plan = graph.plan();
        return plan.ok() ? std::string("no error") : plan.error().field;
    };
    Graph unknown_effect(kFrames);
    unknown_effect.add("a", test::noise_loop(kFrames, 1)).inserts.push_back({"i1", "wobbler", {}, false});
    EXPECT_EQ(field_of(unknown_effect), "tracks.a.inserts.i1");
    Graph unknown_parameter(kFrames);
    unknown_parameter.add("a", test::noise_loop(kFrames, 1))
        .inserts.push_back({"i1", "gain", {{"gian_db", 1}}, false});
    EXPECT_EQ(field_of(unknown_parameter), "tracks.a.inserts.i1.gian_db");
    Graph missing(kFrames);
    missing.add("a", test::noise_loop(kFrames, 1));
    missing.audio.clear();
    EXPECT_EQ(field_of(missing), "media.a");
    Graph empty_clip(kFrames);
    empty_clip.add("a", test::noise_loop(kFrames, 1)).clips[0].end = 0;
    EXPECT_EQ(field_of(empty_clip), "tracks.a.clips");
    Graph wrong_rate(kFrames);
    wrong_rate.add("a", test::noise_loop(kFrames, 1, 0.1f, 44100));
    EXPECT_EQ(field_of(wrong_rate), "media.a");
    Graph no_bus(kFrames);
    no_bus.add("a", test::noise_loop(kFrames, 1)).sends.push_back({"nowhere", 1, false});
    EXPECT_EQ(field_of(no_bus), "tracks.a");
}

TEST(RenderPlan, LeavesOutMissingMediaWhenAsked) {
    Graph graph(kFrames);
    graph.add("here", test::noise_loop(kFrames, 1));
    graph.add("gone", test::noise_loop(kFrames, 2));
    graph.audio.erase("gone");
    EXPECT_FALSE(graph.plan().ok());
    const auto plan = make_render_plan(graph.spec, graph.library(), nullptr, true);
    ASSERT_TRUE(plan.ok());
    ASSERT_EQ((*plan)->warnings.size(), 1u);
    EXPECT_EQ((*plan)->warnings[0].field, "media.gone");
    EXPECT_EQ((*plan)->nodes[0].segments.size(), 1u);
    EXPECT_TRUE((*plan)->nodes[1].segments.empty());
}

TEST(RenderPlan, CompensatesInsertLatency) {
    // A track with a (clean) drive is 32 frames late on its own; the others wait for it, also through a bus.
    Graph graph(kFrames);
    graph.add("direct", test::noise_loop(kFrames, 1));
    graph.add("late", test::noise_loop(kFrames, 2)).inserts.push_back({"d", "drive", {{"amount", 0}}, false});
    graph.add("bypassed", test::noise_loop(kFrames, 3)).inserts.push_back({"l", "limiter", {}, true});
    graph.add("through", test::noise_loop(kFrames, 4)).output = "bus";
    graph.add_bus("bus").inserts.push_back({"l", "limiter", {}, false});
    const auto out = test::render(graph);
    ASSERT_TRUE(out.ok()) << out.error().text();
    std::vector<float> sum(static_cast<size_t>(kFrames));
    for (const auto& [id, loop] : graph.audio) {
        for (size_t i = 0; i < sum.size(); ++i)
            sum[i] += loop->left[i];
    }
    EXPECT_LT(test::worst_db(out->left, sum), -120);
}

TEST(RenderPlan, FaderPanMuteAndSolo) {
    Graph graph(kFrames);
    auto loop = test::noise_loop(kFrames, 1);
    auto& track = graph.add("a", loop);
    track.gain_db = -6.0206;
    track.pan = 1;
    graph.add("b", test::noise_loop(kFrames, 2)).mute = true;
    auto out = test::render(graph);
    ASSERT_TRUE(out.ok());
    for (size_t i = 0; i < 1000; ++i) {
        ASSERT_NEAR(out->left[i], 0, 1e-6);
        ASSERT_NEAR(out->right[i], 0.5 * std::numbers::sqrt2 * loop->right[i], 1e-6);
    }
    graph.spec.tracks[1].mute = false;
    graph.spec.tracks[1].solo = true;
    out = test::render(graph);
    ASSERT_TRUE(out.ok());
    EXPECT_EQ(out->left, graph.audio["b"]->left);
}

TEST(RenderPlan, SendsAreBeforeOrAfterTheFader) {
    for (bool pre : {false, true}) {
        Graph graph(kFrames);
        auto loop = test::noise_loop(kFrames, 1);
        auto& track = graph.add("a", loop);
        track.gain_db = -144;
        track.sends.push_back({"bus", 0.5, pre});
        graph.add_bus("bus");
        const auto out = test::render(graph);
        ASSERT_TRUE(out.ok());
        for (size_t i = 0; i < 500; ++i)
            ASSERT_NEAR(out->left[i], pre ? 0.5f * loop->left[i] : 0.0f, 1e-7);
    }
}

TEST(GraphPlayer, AllocatesNothingWhilePlaying) {
    Graph graph(kFrames);
    auto& track = graph.add("a", test::noise_loop(kFrames, 1));
    track.inserts = {{"e", "eq", {{"band1_db", 3}}, false}, {"d", "drive", {}, false}};
    track.sends.push_back({"bus", 0.5, false});
    graph.add_bus("bus").inserts = {
        {"r", "reverb", {}, false}, {"d", "delay", {}, false}, {"l", "limiter", {}, true}};
    auto plan = graph.plan();
    ASSERT_TRUE(plan.ok());
    auto player = GraphPlayer::make(*plan, kFrames);
    ASSERT_TRUE(player.ok());
    std::vector<float> left(100000), right(100000);
    const long before = test::RealtimeGuard::violations();
    {
        const test::RealtimeGuard guard;
        (*player)->seek(-512);
        (*player)->process(left.data(), right.data(), 777);
        (*player)->process(left.data(), right.data(), 99000);
    }
    EXPECT_EQ(test::RealtimeGuard::violations(), before) << test::RealtimeGuard::last();
}

} // namespace
} // namespace loopmind::graph
