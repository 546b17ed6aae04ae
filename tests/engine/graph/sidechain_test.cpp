// Side-chains: whose key it is, in time with the signal, ordered, refused in circles, and through the stages.
#include "engine/graph/offline.h"
#include "engine/graph/raw_media.h"
#include "tests/engine/graph/loops.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace loopmind::graph {
namespace {

using test::Graph;
constexpr std::int64_t kFrames = 48000;
constexpr size_t kHit = 20000;

std::shared_ptr<StereoBuffer> steady(float level) {
    auto out = std::make_shared<StereoBuffer>();
    out->left.assign(static_cast<size_t>(kFrames), level);
    out->right = out->left;
    return out;
}

/// Silence, then a steady level from kHit on.
std::shared_ptr<StereoBuffer> hit(float level) {
    auto out = steady(0);
    std::fill(out->left.begin() + kHit, out->left.end(), level);
    out->right = out->left;
    return out;
}

InsertSpec ducker(const std::string& key) {
    InsertSpec out{
        "duck",
        "compressor",
        {{"threshold_db", -40}, {"ratio", 20}, {"attack_ms", 0.1}, {"knee_db", 0}, {"lookahead_ms", 0}},
        false};
    out.sidechain = key;
    return out;
}

InsertSpec late(double lookahead_ms) {
    return {"late", "limiter", {{"lookahead_ms", lookahead_ms}}, true};
}

/// The track `pad`, ducked by `kick`, alone in the sum.
Graph ducked() {
    Graph graph(kFrames);
    graph.add("pad", steady(0.01f)).inserts = {ducker("kick")};
    graph.add("kick", hit(0.9f)).mute = true; // a key is heard although its track is not
    return graph;
}

/// First frame at which the pad is ducked noticeably.
size_t first_ducked(const Graph& graph) {
    const auto out = test::render_all(graph);
    EXPECT_TRUE(out.ok()) << (out.ok() ? "" : out.error().text());
    for (size_t i = 0; out.ok() && i < out->left.size(); ++i) {
        if (std::abs(out->left[i]) < 0.009f) return i;
    }
    return 0;
}

TEST(Sidechain, TheKeyDucksAtItsFrame) {
    const Graph graph = ducked();
    const size_t at = first_ducked(graph);
    EXPECT_GE(at, kHit);
    EXPECT_LE(at, kHit + 40);
    Graph without = ducked();
    without.spec.tracks[0].inserts[0].sidechain.clear();

    EXPECT_NE(first_ducked(without), at);
}

TEST(Sidechain, KeyAndSignalMeetWhateverTheirLatency) {
    const size_t expected = first_ducked(ducked());
    Graph key_late = ducked();
    key_late.spec.tracks[1].inserts = {late(13)};
    EXPECT_EQ(first_ducked(key_late), expected); // the signal waits
    Graph signal_late = ducked();
    auto& inserts = signal_late.spec.tracks[0].inserts;
    inserts.insert(inserts.begin(), late(9));
    EXPECT_EQ(first_ducked(signal_late), expected); // the key waits
    Graph both = ducked();
    both.spec.tracks[0].inserts.insert(both.spec.tracks[0].inserts.begin(), late(3));
    both.spec.tracks[1].inserts = {late(17)};
    EXPECT_EQ(first_ducked(both), expected);
}

TEST(Sidechain, OfABusAndOfTheMaster) {
    Graph graph(kFrames);
    graph.add("pad", steady(0.01f)).output = "bus";
    graph.add("kick", hit(0.9f)).mute = true;
    graph.add_bus("bus").inserts = {ducker("kick")};
    const size_t expected = first_ducked(ducked());
    EXPECT_EQ(first_ducked(graph), expected);
    graph.spec.tracks[2].inserts.clear();
    graph.spec.master = {ducker("kick")};
    const auto out = test::render_all(graph, {true, 0});
    ASSERT_TRUE(out.ok());
    EXPECT_NEAR(out->left[kHit - 10], 0.01f, 1e-6f);
    EXPECT_LT(out->left[kHit + 100], 0.005f);
}

TEST(Sidechain, OrdersTracksAndRefusesCircles) {
    Graph graph = ducked();
    const auto plan = graph.plan();
    ASSERT_TRUE(plan.ok());
    EXPECT_EQ((*plan)->nodes[0].id, "kick"); // first what is the key
    graph.spec.tracks[1].inserts = {ducker("pad")};
    auto circle = graph.plan();
    ASSERT_FALSE(circle.ok());
    EXPECT_NE(circle.error().message.find("pad, kick"), std::string::npos) << circle.error().text();
    graph.spec.tracks[1].inserts = {ducker("kick")}; // itself
    circle = graph.plan();
    ASSERT_FALSE(circle.ok());
    EXPECT_NE(circle.error().message.find("through kick"), std::string::npos) << circle.error().text();
    graph.spec.tracks[1].inserts = {ducker("nobody")};
    circle = graph.plan();
    ASSERT_FALSE(circle.ok());
    EXPECT_EQ(circle.error().field, "tracks.kick.inserts.duck.sidechain");
}

TEST(Sidechain, StagesGiveTheSameBits) {
    Graph graph = ducked();
    graph.spec.tracks[1].mute = false;
    graph.add("lead", test::noise_loop(kFrames, 3)).inserts = {ducker("pad")}; // a key with a key of its own
    graph.add("by bus", test::noise_loop(kFrames, 4)).inserts = {ducker("bus")};
    graph.spec.tracks[1].output = "bus";
    graph.add_bus("bus");
    const auto plan = *graph.plan();
    EXPECT_EQ(stage_tracks(*plan),
              (std::vector<std::string>{"pad", "kick", "lead"})); // the rest is in the sum
    EXPECT_EQ(key_tracks(*plan, "lead"), (std::vector<std::string>{"pad"}));
    const auto expected = test::render_all(graph);
    ASSERT_TRUE(expected.ok());
    for (const bool keys_from_files : {false, true}) {
        const test::Folder folder("keys");
        const StreamSource files = [&](const std::string& track) -> Result<std::unique_ptr<MediaReader>> {
            auto media = open_raw_media(folder.path / track, 48000);
            if (!media.ok()) return media.error();
            return (*media)->open();
        };
        for (const char* track : {"kick", "pad", "lead"}) {
            auto writer = RawWriter::create(folder.path / track);
            const auto report =
                render_track(plan, track, keys_from_files ? files : StreamSource{}, {},
                             [&](auto, auto left, auto right) { return writer->write(left, right).ok(); });
            ASSERT_TRUE(report.ok()) << report.error().text();
            ASSERT_TRUE(writer->finish().ok());
        }
        StereoBuffer out;
        const auto report = render_sum(plan, files, {false, 0}, [&](auto, auto left, auto right) {
            out.left.insert(out.left.end(), left.begin(), left.end());
            out.right.insert(out.right.end(), right.begin(), right.end());
            return true;
        });
        ASSERT_TRUE(report.ok()) << report.error().text();
        EXPECT_EQ(out.left, expected->left) << keys_from_files;
        EXPECT_EQ(out.right, expected->right) << keys_from_files;
    }
}

} // namespace
} // namespace loopmind::graph
