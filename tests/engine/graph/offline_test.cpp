// The whole session: the same bits for any block size, any number of threads, and through the stages of a
// farm.
#include "engine/graph/offline.h"
#include "engine/graph/raw_media.h"
#include "tests/engine/graph/loops.h"
#include "tests/engine/graph/streams.h"

#include <gtest/gtest.h>

#include <limits>

namespace loopmind::graph {
namespace {

using test::Graph;

/// Tracks with everything that could depend on blocks: late inserts, automation, sends, buses in buses, a
/// tempo that moves, clips that start anywhere.
Graph song(bool streamed = false) {
    constexpr std::int64_t kFrames = 60011;
    Graph graph(kFrames);
    graph.streamed = streamed;
    for (unsigned i = 0; i < 9; ++i) {
        const std::string id(1, static_cast<char>('a' + i));
        auto& track = graph.add(id, test::noise_loop(40000, i + 1));
        track.clips = {{id, 100 * i, 20000 + 777 * i, 13 * i, -3},
                       {id, 15000 + 331 * i, 50000 + 1000 * i, 0, 0}}; // they overlap
        track.clips[0].fade_out = 5000;
        track.clips[1].fade_in = 4500;
        track.clips[1].reverse = i % 3 == 0;
        track.pan = -0.8 + 0.2 * i;
        track.gain_db = -1.0 * i;
        track.sends = {{"reverb", 0.3, i % 2 == 0}, {"delay", 0.2, false}};
        track.inserts = {{"eq", "eq", {{"band2_db", 3.0 + i}}, false}};
        if (i % 2) track.inserts.push_back({"drive", "drive", {{"amount", 0.3}}, false});
        if (i % 3 == 1) track.output = "sub";
        if (i % 4 == 0)
            track.automation = {
                {"gain_db", {{0, -30, PointShape::kCurve, 0.5}, {30000, 0, PointShape::kLinear, 0}}},
                {"inserts.eq.band2_db",
                 {{1000, -12, PointShape::kLinear, 0}, {50000, 12, PointShape::kLinear, 0}}},
                {"sends.reverb.level", {{0, 0, PointShape::kLinear, 0}, {45678, 1, PointShape::kHold, 0}}}};
    }
    graph.add_bus("sub").output = "group";
    graph.spec.tracks.back().inserts = {{"l", "limiter", {{"ceiling_db", -12}}, false}};
    graph.add_bus("group").pan = 0.1;
    graph.add_bus("reverb").inserts = {{"r", "reverb", {{"wet", 1}, {"dry", 0}, {"decay_s", 0.7}}, false}};
    graph.add_bus("delay").inserts = {{"d", "delay", {{"wet", 1}, {"dry", 0}, {"feedback", 0.3}}, false}};
    graph.spec.tempo_map = {{0, 100, false}, {20000, 100, true}, {40000, 140, false}};
    graph.spec.master = {{"gain", "gain", {{"gain_db", 3}}, false}, {"limiter", "limiter", {}, false}};
    graph.spec.master_gain_db = -0.5;
    graph.spec.master_automation = {
        {"gain_db", {{50000, 0, PointShape::kLinear, 0}, {60000, -20, PointShape::kLinear, 0}}}};
    return graph;
}

StereoBuffer whole(const Graph& graph, int block, int threads) {
    LinearOptions options;
    options.block_frames = block;
    options.threads = threads;
    options.longest_tail_seconds = 0.5;
    const auto out = test::render_all(graph, options);
    EXPECT_TRUE(out.ok()) << out.error().text();
    return out.ok() ? *out : StereoBuffer{};
}

TEST(RenderLinear, BlockSizeAndThreadsDoNotMatter) {
    const Graph graph = song();
    const StereoBuffer expected = whole(graph, 4096, 1);
    ASSERT_EQ(expected.frames(), 60011 + 24000);
    for (const auto& [block, threads] : {std::pair{64, 1}, {255, 2}, {1000, 3}, {8192, 4}, {512, 13}}) {
        const StereoBuffer out = whole(graph, block, threads);
        EXPECT_EQ(out.left, expected.left) << block << " " << threads;
        EXPECT_EQ(out.right, expected.right) << block << " " << threads;
    }
}

TEST(RenderLinear, ChunksDoNotMatter) {
    const Graph graph = song();
    const auto plan = graph.plan();
    ASSERT_TRUE(plan.ok());
    StereoBuffer expected;
    for (int chunk : {256, 512, 4096, 8192}) {
        PlayerOptions options;
        options.part = PlayerOptions::Part::kMix;
        options.chunk = chunk;
        options.threads = chunk == 512 ? 3 : 1;
        auto player = GraphPlayer::make(*plan, options);
        ASSERT_TRUE(player.ok());
        StereoBuffer out;
        out.left.resize(81920);
        out.right.resize(81920);
        (*player)->process(out.left.data(), out.right.data(), 81920);
        if (chunk == 256) expected = out;
        EXPECT_EQ(out.left, expected.left) << chunk;
        EXPECT_EQ(out.right, expected.right) << chunk;
    }
}

TEST(RenderLinear, StreamedMediaGivesTheSameAndIsReadInOrder) {
    const Graph graph = song(true);
    const StereoBuffer out = whole(graph, 4096, 2);
    const StereoBuffer expected = whole(song(), 4096, 1);
    EXPECT_EQ(out.left, expected.left);
    EXPECT_EQ(out.right, expected.right);
    EXPECT_EQ(graph.log->opened, 18);
    EXPECT_LE(graph.log->longest, 4096); // memory does not grow with the length
    EXPECT_LE(graph.log->jumps, 3 * 40); // only the reversed clips walk back
    EXPECT_GT(graph.log->reads, 9 * 20);
}

TEST(RenderLinear, ReadersAreUsedAgainByTheNextClip) {
    Graph graph(100000);
    graph.streamed = true;
    auto& track = graph.add("a", test::noise_loop(100000, 1));
    track.clips.clear();
    for (std::int64_t i = 0; i < 100; ++i)
        track.clips.push_back({"a", 1000 * i, 1000 * (i + 1), 1000 * i, 0});
    const auto out = test::render_all(graph);
    ASSERT_TRUE(out.ok());
    EXPECT_EQ(out->left, graph.audio["a"]->left);
    EXPECT_LE(graph.log->opened, 4);
}

TEST(RenderLinear, TellsOfMediaThatBreaks) {
    Graph graph = song(true);
    graph.fails_at = 30000;
    const auto out = test::render_all(graph);
    ASSERT_FALSE(out.ok());
    EXPECT_EQ(out.error().code, ErrorCode::kDataCorrupt);
    EXPECT_EQ(out.error().field, "media.broken");
}

TEST(RenderLinear, LetsTailsRingOutButNotForever) {
    Graph graph(10000);
    graph.add("a", test::noise_loop(10000, 1)).inserts = {{"r", "reverb", {{"decay_s", 2}}, false}};
    const auto plan = graph.plan();
    ASSERT_TRUE(plan.ok());
    const double tail = (*plan)->tail_seconds;
    ASSERT_GT(tail, 1.0);
    EXPECT_EQ(linear_frames(**plan), 10000 + static_cast<std::int64_t>(std::ceil(tail * 48000)));
    EXPECT_EQ(linear_frames(**plan, {true, 0.25}), 10000 + 12000);
    LinearOptions options;
    const auto out = test::render_all(graph, options);
    ASSERT_TRUE(out.ok());
    EXPECT_GT(std::abs(out->left[20000]), 1e-6f);
    EXPECT_LT(std::abs(out->left.back()), 1e-4f);
}

TEST(RenderLinear, ReportsAnInsertThatFailsAndGoesOn) {
    Graph graph(30000);
    auto loop = test::noise_loop(30000, 1);
    loop->left[700] = std::numeric_limits<float>::quiet_NaN();
    auto& track = graph.add("broken", loop);
    track.inserts = {{"verb", "reverb", {}, false}};
    track.automation = {
        {"inserts.verb.wet", {{0, 0, PointShape::kLinear, 0}, {30000, 1, PointShape::kLinear, 0}}}};
    graph.add("fine", test::noise_loop(30000, 2));
    const auto plan = graph.plan();
    ASSERT_TRUE(plan.ok());
    StereoBuffer out;
    const auto report = render_linear(*plan, {false, 0}, [&](auto, auto left, auto) {
        out.left.insert(out.left.end(), left.begin(), left.end());
        return true;
    });
    ASSERT_TRUE(report.ok());
    EXPECT_EQ(report->faulty_inserts, (std::vector<std::string>{"broken/verb"}));
    EXPECT_NEAR(out.left[20000], loop->left[20000] + graph.audio["fine"]->left[20000],
                1e-6); // dry from there on
}

TEST(RenderLinear, CanBeCancelled) {
    const Graph graph = song();
    const auto plan = graph.plan();
    int calls = 0;
    auto stopped = render_linear(*plan, {}, [&](auto, auto, auto) { return ++calls < 3; });
    ASSERT_FALSE(stopped.ok());
    EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
    LinearOptions options;
    options.cancelled = [] { return true; };
    EXPECT_FALSE(render_linear(*plan, options, [](auto, auto, auto) { return true; }).ok());
}

/// Streams of all stages in files, as a farm keeps them.
class Farm {
  public:
    Farm(const Graph& graph, const std::string& name) : folder_(name) {
        for (const std::string& track : stage_tracks(**graph.plan())) {
            const auto plan = graph.plan(); // every worker builds its own
            auto writer = RawWriter::create(folder_.path / track);
            const auto report = render_track(*plan, track, {}, {}, [&](auto, auto left, auto right) {
                return writer->write(left, right).ok();
            });
            EXPECT_TRUE(report.ok()) << report.error().text();
            EXPECT_TRUE(writer->finish().ok());
            EXPECT_EQ(std::filesystem::file_size(folder_.path / track),
                      static_cast<std::uintmax_t>(stream_frames(**plan, track) * kRawFrameBytes));
        }
    }
    StreamSource source() const {
        return [this](const std::string& track) -> Result<std::unique_ptr<MediaReader>> {
            auto media = open_raw_media(folder_.path / track, 48000);
            if (!media.ok()) return media.error();
            return (*media)->open();
        };
    }

  private:
    test::Folder folder_;
};

TEST(Stages, TracksAndSumAreTheSameBitsAsOneProcess) {
    const Graph graph = song();
    const Farm farm(graph, "stages");
    for (int threads : {1, 3}) {
        LinearOptions options;
        options.longest_tail_seconds = 0.5;
        options.threads = threads;
        options.block_frames = 333;
        StereoBuffer out;
        const auto report =
            render_sum(*graph.plan(), farm.source(), options, [&](auto, auto left, auto right) {
                out.left.insert(out.left.end(), left.begin(), left.end());
                out.right.insert(out.right.end(), right.begin(), right.end());
                return true;
            });
        ASSERT_TRUE(report.ok()) << report.error().text();
        const StereoBuffer expected = whole(graph, 4096, 1);
        EXPECT_EQ(out.left, expected.left);
        EXPECT_EQ(out.right, expected.right);
    }
}

TEST(Stages, AFaderLeavesTheStreamsAsTheyAre) {
    Graph graph = song();
    const Farm farm(graph, "reuse");
    graph.spec.tracks[2].gain_db = -20;
    graph.spec.tracks[3].sends[0].level = 0.9;
    graph.spec.tracks[4].pan = 0.7;
    graph.spec.master_gain_db = -3;
    StereoBuffer out;
    LinearOptions options;
    options.longest_tail_seconds = 0.5;
    const auto report = render_sum(*graph.plan(), farm.source(), options, [&](auto, auto left, auto) {
        out.left.insert(out.left.end(), left.begin(), left.end());
        return true;
    });
    ASSERT_TRUE(report.ok());
    EXPECT_EQ(out.left, whole(graph, 4096, 1).left);
}

TEST(Stages, OnlyTracksThatAreHeardHaveOne) {
    Graph graph = song();
    graph.spec.tracks[1].mute = true;
    const auto plan = graph.plan();
    ASSERT_TRUE(plan.ok());
    EXPECT_EQ(stage_tracks(**plan), (std::vector<std::string>{"a", "c", "d", "e", "f", "g", "h", "i"}));
    const auto refused = render_track(*plan, "reverb", {}, {}, [](auto, auto, auto) { return true; });
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().field, "tracks.reverb");
}

} // namespace
} // namespace loopmind::graph
