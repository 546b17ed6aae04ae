// Loops: exact length, exact sum, wrapped tails, any block size.
#include "engine/graph/graph_player.h"
#include "engine/graph/insert_chain.h"
#include "engine/graph/render_loop.h"
#include "tests/engine/graph/loops.h"

#include <gtest/gtest.h>

namespace loopmind::graph {
namespace {

using test::Graph;
constexpr std::int64_t kFrames = 70207; // no multiple of anything

Graph with_fx() {
    Graph graph(kFrames);
    for (unsigned i = 0; i < 3; ++i) {
        const std::string id(1, static_cast<char>('a' + i));
        auto& track = graph.add(id, test::noise_loop(kFrames, i + 1));
        track.sends.push_back({"reverb", 0.3, false});
        track.sends.push_back({"delay", 0.2, false});
    }
    graph.spec.tracks[1].inserts.push_back({"drive", "drive", {{"amount", 0.4}}, false});
    graph.add_bus("reverb").inserts.push_back(
        {"r", "reverb", {{"wet", 1}, {"dry", 0}, {"decay_s", 2.5}}, false});
    graph.add_bus("delay").inserts.push_back(
        {"d", "delay", {{"wet", 1}, {"dry", 0}, {"feedback", 0.5}}, false});
    graph.spec.master = {{"eq", "eq", {{"band8_db", 2}}, false},
                         {"gain", "gain", {{"gain_db", 9}}, false},
                         {"limiter", "limiter", {}, false}};
    return graph;
}

TEST(RenderLoop, PremasterWithoutFxIsTheSumOfTheStems) {
    Graph graph(kFrames);
    std::vector<float> sum(static_cast<size_t>(kFrames));
    for (unsigned i = 0; i < 9; ++i) {
        auto loop = test::noise_loop(kFrames, i + 1);
        for (size_t n = 0; n < sum.size(); ++n)
            sum[n] += loop->left[n];
        graph.add("stem" + std::to_string(i), loop);
    }
    graph.spec.master = {{"gain", "gain", {{"gain_db", 9}}, false}, {"limiter", "limiter", {}, false}};
    const auto out = test::render(graph);
    ASSERT_TRUE(out.ok());
    EXPECT_EQ(out->frames(), kFrames);
    EXPECT_LE(test::worst_db(out->left, sum), -130);
}

TEST(RenderLoop, BlockSizeDoesNotMatter) {
    const Graph graph = with_fx();
    for (Tap tap : {Tap::kPremaster, Tap::kMix}) {
        const auto expected = test::render(graph, {tap, 0, 8192});
        ASSERT_TRUE(expected.ok());
        ASSERT_EQ(expected->frames(), kFrames);
        for (int block : {64, 129, 256, 1000, 4096}) {
            const auto out = test::render(graph, {tap, 0, block});
            ASSERT_TRUE(out.ok());
            EXPECT_EQ(out->left, expected->left) << block;
            EXPECT_EQ(out->right, expected->right) << block;
        }
    }
}

TEST(RenderLoop, TheSecondRoundEqualsWhatIsSent) {
    // Play the loop on from the start for many rounds; once tails are full every round equals the render.
    const Graph graph = with_fx();
    const auto once = test::render(graph);
    ASSERT_TRUE(once.ok());
    auto plan = graph.plan();
    auto player = GraphPlayer::make(*plan, kFrames);
    ASSERT_TRUE(player.ok());
    (*player)->seek(0);
    std::vector<float> left(static_cast<size_t>(kFrames)), right(left);
    const int latency = (*player)->latency();
    (*player)->process(left.data(), right.data(), latency);
    for (int round = 0; round < 12; ++round)
        (*player)->process(left.data(), right.data(), static_cast<int>(kFrames));
    EXPECT_LT(test::worst_db(left, once->left), -90);
    EXPECT_LT(test::worst_db(right, once->right), -90);
}

TEST(RenderLoop, TailsOfTheEndSoundAtTheStart) {
    Graph graph(48000);
    auto loop = std::make_shared<StereoBuffer>();
    loop->left.assign(48000, 0.0f);
    loop->left[47000] = 1.0f;
    loop->right = loop->left;
    graph.add("click", loop)
        .inserts.push_back({"d",
                            "delay",
                            {{"wet", 1}, {"dry", 1}, {"beats", 0.25}, {"feedback", 0}, {"ping_pong", 0}},
                            false});
    const auto out = test::render(graph);
    ASSERT_TRUE(out.ok());
    EXPECT_FLOAT_EQ(out->left[47000], 1.0f);
    EXPECT_FLOAT_EQ(out->left[(47000 + 6000) % 48000], 1.0f); // a quarter beat at 120 BPM is 6000 frames
    double rest = 0;
    for (size_t i = 0; i < 48000; ++i) {
        if (i != 47000 && i != 5000) rest += std::abs(out->left[i]);
    }
    EXPECT_EQ(rest, 0.0);
}

TEST(RenderLoop, MixIsTheMasterInsertsOverThePremaster) {
    const Graph graph = with_fx();
    auto premaster = test::render(graph);
    const auto mix = test::render(graph, {Tap::kMix});
    ASSERT_TRUE(premaster.ok() && mix.ok());
    ASSERT_TRUE(
        process_loop(graph.spec.master, "master", 48000, 120, premaster->left, premaster->right).ok());
    // The limiter's release remembers, so the two pre-rolls differ by what is left of it.
    EXPECT_LT(test::worst_db(premaster->left, mix->left), -90);
}

TEST(RenderLoop, ShortLoopsRoundMoreThanOnce) {
    // 0.1 s of loop under a 3 s reverb: the pre-roll goes round the loop many times, the level is steady.
    Graph graph(4801);
    graph.add("a", test::noise_loop(4801, 3)).inserts.push_back({"r", "reverb", {{"decay_s", 3}}, false});
    const auto out = test::render(graph);
    ASSERT_TRUE(out.ok());
    auto plan = graph.plan();
    auto player = GraphPlayer::make(*plan, 4801);
    (*player)->seek(0);
    std::vector<float> left(4801), right(4801);
    for (int round = 0; round < 100; ++round)
        (*player)->process(left.data(), right.data(), 4801);
    EXPECT_LT(test::worst_db(left, out->left), -75);
}

TEST(RenderLoop, StopsWhenTheSinkSaysSo) {
    const Graph graph = with_fx();
    auto plan = graph.plan();
    int calls = 0;
    const Status status =
        render_loop(*plan, {Tap::kMix, 0, 1000}, [&](auto, auto, auto) { return ++calls < 3; });
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, ErrorCode::kCancelled);
    EXPECT_EQ(calls, 3);
}

TEST(RenderLoop, NamesAnInsertThatFails) {
    Graph graph(kFrames);
    auto loop = test::noise_loop(kFrames, 1);
    loop->left[100] = std::numeric_limits<float>::quiet_NaN();
    graph.add("broken", loop).inserts.push_back({"verb", "reverb", {}, false});
    const auto out = test::render(graph);
    ASSERT_FALSE(out.ok());
    EXPECT_EQ(out.error().field, "broken/verb");
}

TEST(InsertChain, BypassKeepsTheLatency) {
    const std::vector<InsertSpec> inserts = {{"l", "limiter", {}, true}};
    auto chain = InsertChain::make(inserts, "x", 48000, 120);
    ASSERT_TRUE(chain.ok());
    ASSERT_GT(chain->latency(), 0);
    std::vector<float> left(2000), right(2000);
    left[0] = 5;
    chain->process(left.data(), right.data(), 2000);
    EXPECT_EQ(left[static_cast<size_t>(chain->latency())], 5.0f);
    EXPECT_EQ(left[0], 0.0f);
}

} // namespace
} // namespace loopmind::graph
