// The live player: equal to the offline render, free of clicks, and true to the real-time rules.
#include "engine/effects/registry.h"
#include "engine/graph/live_player.h"
#include "engine/graph/offline.h"
#include "tests/engine/graph/loops.h"
#include "tests/engine/graph/realtime_guard.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <mutex>
#include <random>
#include <thread>

namespace loopmind::graph {
namespace {

using test::Graph;
constexpr std::int64_t kFrames = 96000;

/// Calls the audio side as a device would; sizes change from call to call.
StereoBuffer capture(LivePlayer& player, std::int64_t frames) {
    StereoBuffer out;
    out.left.resize(static_cast<size_t>(frames));
    out.right.resize(out.left.size());
    const int sizes[] = {64, 480, 512, 1000, 256};
    int turn = 0;
    for (std::int64_t at = 0; at < frames;) {
        const auto count = static_cast<int>(std::min<std::int64_t>(sizes[turn++ % 5], frames - at));
        player.process(out.left.data() + at, out.right.data() + at, count);
        at += count;
    }
    return out;
}

std::shared_ptr<StereoBuffer> sine(std::int64_t frames, double hz, float level = 0.5f) {
    auto out = std::make_shared<StereoBuffer>();
    for (std::int64_t i = 0; i < frames; ++i)
        out->left.push_back(
            level * static_cast<float>(std::sin(2 * std::numbers::pi * hz * static_cast<double>(i) / 48000)));
    out->right = out->left;
    return out;
}

/// The largest step between neighbours: a click of a smooth signal.
float roughest(const std::vector<float>& signal) {
    float worst = 0;
    for (size_t i = 2; i < signal.size(); ++i)
        worst = std::max(worst, std::abs(signal[i] - 2 * signal[i - 1] + signal[i - 2]));
    return worst;
}

Graph song() {
    Graph graph(kFrames);
    for (unsigned i = 0; i < 5; ++i) {
        const std::string id(1, static_cast<char>('a' + i));
        auto& track = graph.add(id, test::noise_loop(kFrames, i + 1));
        track.inserts = {{"eq", "eq", {{"band2_db", 3}}, false},
                         {"drive", "drive", {{"amount", 0.2}}, i == 2}};
        track.pan = 0.2 * i - 0.4;
        track.sends = {{"reverb", 0.3, false}};
        track.automation = {
            {"gain_db", {{0, -20, PointShape::kLinear, 0}, {60000, 0, PointShape::kLinear, 0}}},
            {"inserts.eq.band2_db", {{0, -6, PointShape::kLinear, 0}, {90000, 6, PointShape::kLinear, 0}}}};
    }
    graph.add_bus("reverb").inserts = {{"r", "reverb", {{"wet", 1}, {"dry", 0}, {"decay_s", 0.5}}, false}};
    graph.spec.master = {{"gain", "gain", {{"gain_db", 6}}, false}, {"limiter", "limiter", {}, false}};
    return graph;
}

StereoBuffer offline(const Graph& graph) {
    LinearOptions options;
    options.longest_tail_seconds = 0.5;
    auto out = test::render_all(graph, options);
    EXPECT_TRUE(out.ok());
    return *out;
}

/// Whether `live` is `expected`, late by `latency`.
void expect_equal(const StereoBuffer& live, const StereoBuffer& expected, int latency) {
    ASSERT_GE(live.frames(), expected.frames() + latency);
    for (std::int64_t i = 0; i < expected.frames(); ++i) {
        ASSERT_EQ(live.left[static_cast<size_t>(i + latency)], expected.left[static_cast<size_t>(i)]) << i;
        ASSERT_EQ(live.right[static_cast<size_t>(i + latency)], expected.right[static_cast<size_t>(i)]) << i;
    }
}

TEST(LivePlayer, PlaysWhatIsRenderedBitForBit) {
    const Graph graph = song();
    const StereoBuffer expected = offline(graph);
    LivePlayer player;
    ASSERT_TRUE(player.set_plan(*graph.plan()).ok());
    player.play();
    const std::int64_t quanta = (expected.frames() + player.latency() + 255) / 256 * 256;
    expect_equal(capture(player, quanta), expected, player.latency());
    // Again from the start, after it was somewhere else: effects begin anew.
    player.seek(30000);
    capture(player, 20480);
    player.stop();
    capture(player, 4864);
    player.seek(0);
    player.play();
    capture(player, 256); // what still rang fades before the reset
    expect_equal(capture(player, quanta), expected, player.latency());
}

TEST(LivePlayer, StreamsMediaThatIsNotInMemory) {
    Graph graph = song();
    const StereoBuffer expected = offline(graph);
    graph.streamed = true;
    LiveOptions options;
    options.read_ahead_seconds = 10; // all of it: nothing here depends on how quick the disk is
    options.prefill_seconds = 10;
    LivePlayer player(options);
    ASSERT_TRUE(player.set_plan(*graph.plan()).ok());
    player.play();
    expect_equal(capture(player, expected.frames() + player.latency()), expected, player.latency());
    EXPECT_EQ(player.underruns(), 0);
}

TEST(LivePlayer, AnUnderrunIsSilenceAndIsCounted) {
    Graph graph(kFrames);
    graph.add("a", sine(kFrames, 100));
    graph.streamed = true;
    LiveOptions options;
    options.read_ahead_seconds = options.prefill_seconds = 0.1;
    LivePlayer player(options);
    ASSERT_TRUE(player.set_plan(*graph.plan()).ok());
    player.play();
    const StereoBuffer out = capture(player, kFrames); // far quicker than life: the thread cannot follow
    EXPECT_GT(player.underruns(), 0);
    for (std::int64_t i = 0; i < 4800; ++i)
        ASSERT_EQ(out.left[static_cast<size_t>(i)], graph.audio["a"]->left[static_cast<size_t>(i)]) << i;
    for (std::int64_t i = 0; i < kFrames; ++i) { // right or silent, never something else
        const float sample = out.left[static_cast<size_t>(i)];
        ASSERT_TRUE(sample == 0 || sample == graph.audio["a"]->left[static_cast<size_t>(i)]) << i;
    }
}

TEST(LivePlayer, LoopsWithoutASeam) {
    // 480 frames a period: the loop holds whole ones, so the seam is smooth unless a frame is lost.
    for (const bool streamed : {false, true}) {
        Graph graph(kFrames);
        graph.add("a", sine(kFrames, 100));
        graph.streamed = streamed;
        LiveOptions options;
        options.read_ahead_seconds = options.prefill_seconds = 10;
        LivePlayer player(options);
        ASSERT_TRUE(player.set_plan(*graph.plan()).ok());
        player.set_loop(4800, 4800 + 480 * 7);
        player.play();
        const StereoBuffer out = capture(player, 40000);
        for (std::int64_t i = 0; i < 40000; ++i) {
            const std::int64_t time = i < 4800 ? i : 4800 + (i - 4800) % (480 * 7);
            ASSERT_EQ(out.left[static_cast<size_t>(i)], graph.audio["a"]->left[static_cast<size_t>(time)])
                << i;
        }
        EXPECT_EQ(player.position(), 4800 + (40000 - 4800) % (480 * 7));
    }
}

TEST(LivePlayer, ALoopThatIsSetWhilePlayingCountsFromThen) {
    Graph graph(kFrames);
    graph.add("a", test::noise_loop(kFrames, 1));
    LivePlayer player;
    ASSERT_TRUE(player.set_plan(*graph.plan()).ok());
    player.play();
    capture(player, 2560);
    player.set_loop(1000, 6000);
    const StereoBuffer out = capture(player, 20000);
    for (std::int64_t i = 0; i < 20000; ++i) {
        const std::int64_t time = 2560 + i < 6000 ? 2560 + i : 1000 + (2560 + i - 6000) % 5000;
        ASSERT_EQ(out.left[static_cast<size_t>(i)], graph.audio["a"]->left[static_cast<size_t>(time)]) << i;
    }
    player.set_loop(0, 0);
    capture(player, 20000);
    EXPECT_GT(player.position(), 6000);
}

TEST(LivePlayer, SeeksStopsAndStartsWithoutClicks) {
    for (const bool streamed : {false, true}) {
        Graph graph(kFrames);
        graph.add("a", sine(kFrames, 100));
        graph.streamed = streamed;
        LiveOptions options;
        options.read_ahead_seconds = options.prefill_seconds = 10;
        LivePlayer player(options);
        ASSERT_TRUE(player.set_plan(*graph.plan()).ok());
        player.seek(120); // at a peak
        player.play();
        StereoBuffer out = capture(player, 5000);
        auto go_on = [&] {
            const StereoBuffer more = capture(player, 5000);
            out.left.insert(out.left.end(), more.left.begin(), more.left.end());
        };
        player.seek(48000 + 240);
        go_on();
        EXPECT_NEAR(static_cast<double>(player.position()), 48000 + 240 + 5000, 257);
        player.seek(77);
        go_on();
        player.stop();
        go_on();
        EXPECT_EQ(out.left.back(), 0.0f);
        player.play();
        go_on();
        EXPECT_GT(std::abs(out.left[out.left.size() - 1]) + std::abs(out.left[out.left.size() - 120]), 0.1f);
        // A cut at a peak would step by 0.5; over 256 frames the bend stays small.
        EXPECT_LT(roughest(out.left), 0.006f);
        EXPECT_EQ(player.underruns(), 0);
    }
}

TEST(LivePlayer, TailsRingOnAfterStopAndSeek) {
    Graph graph(kFrames);
    graph.add("a", test::noise_loop(kFrames, 1)).inserts = {{"r", "reverb", {{"decay_s", 2}}, false}};
    LivePlayer player;
    ASSERT_TRUE(player.set_plan(*graph.plan()).ok());
    player.play();
    capture(player, 20000);
    player.seek(kFrames + 5000); // behind all clips
    EXPECT_GT(std::abs(capture(player, 10000).left.back()), 1e-5f);
    player.stop();
    EXPECT_GT(std::abs(capture(player, 5000).left.back()), 1e-6f);
    capture(player, 48000 * 8);
    EXPECT_EQ(capture(player, 1000).left.back(), 0.0f); // and the player rests
}

TEST(LivePlayer, ANewPlanTakesOverWithoutClicks) {
    Graph graph(kFrames);
    graph.add("a", sine(kFrames, 100, 0.25f)).inserts = {{"r", "reverb", {{"decay_s", 2}}, false}};
    graph.add("b", sine(kFrames, 150, 0.25f)).sends = {{"bus", 1, false}};
    graph.add_bus("bus");
    LivePlayer player;
    ASSERT_TRUE(player.set_plan(*graph.plan()).ok());
    player.play();
    StereoBuffer out = capture(player, 20120);
    auto next = [&] {
        ASSERT_TRUE(player.set_plan(*graph.plan()).ok());
        const StereoBuffer more = capture(player, 5011);
        out.left.insert(out.left.end(), more.left.begin(), more.left.end());
    };
    graph.spec.tracks[0].clips[0].media_offset = 240; // the clip moved by half a period
    next();
    graph.spec.tracks[1].sends.clear(); // a connection goes
    next();
    graph.spec.tracks[1].gain_db = -12;
    next();
    graph.spec.tracks.erase(graph.spec.tracks.begin() + 1); // a track goes
    next();
    graph.add("c", sine(kFrames, 75, 0.25f)).inserts = {{"g", "gain", {{"gain_db", 3}}, false}}; // one comes
    next();
    graph.spec.tracks.back().inserts[0] = {"e", "eq", {{"band1_db", 3}}, false}; // other inserts
    next();
    out.left.erase(out.left.begin(), out.left.begin() + 20000);
    EXPECT_LT(roughest(out.left), 0.006f);
    EXPECT_GT(player.take_peak("c").left, 0.1f);
}

TEST(LivePlayer, ANewPlanKeepsTails) {
    // The reverb of a track whose clips are deleted rings on.
    Graph graph(kFrames);
    graph.add("a", test::noise_loop(kFrames, 1)).inserts = {{"r", "reverb", {{"decay_s", 2}}, false}};
    LivePlayer player;
    ASSERT_TRUE(player.set_plan(*graph.plan()).ok());
    player.play();
    capture(player, 30000);
    graph.spec.tracks[0].clips = {{"a", kFrames - 1000, kFrames, 0, 0}};
    ASSERT_TRUE(player.set_plan(*graph.plan()).ok());
    EXPECT_GT(std::abs(capture(player, 5000).left.back()), 1e-5f);
}

TEST(LivePlayer, TheSamePlanAgainChangesNothing) {
    for (const bool streamed : {false, true}) {
        Graph graph = song();
        const StereoBuffer expected = offline(graph);
        graph.streamed = streamed;
        LiveOptions options;
        options.read_ahead_seconds = options.prefill_seconds = 10;
        LivePlayer player(options);
        ASSERT_TRUE(player.set_plan(*graph.plan()).ok());
        player.play();
        StereoBuffer out = capture(player, 10000);
        for (int i = 0; i < 4; ++i) {
            ASSERT_TRUE(player.set_plan(*graph.plan()).ok());
            const StereoBuffer more = capture(player, 20000);
            out.left.insert(out.left.end(), more.left.begin(), more.left.end());
        }
        for (std::int64_t i = 0; i < 80000; ++i)
            ASSERT_EQ(out.left[static_cast<size_t>(i + player.latency())],
                      expected.left[static_cast<size_t>(i)])
                << streamed << " " << i;
    }
}

TEST(LivePlayer, FadersAndSwitchesMoveWithoutAPlan) {
    Graph graph(kFrames);
    graph.add("a", sine(kFrames, 100, 0.25f)).inserts = {{"g", "gain", {}, false},
                                                         {"e", "eq", {{"band1_db", 6}}, false}};
    graph.add("b", sine(kFrames, 100, 0.25f)).sends = {{"bus", 0, false}};
    graph.add_bus("bus");
    LivePlayer player;
    ASSERT_TRUE(player.set_plan(*graph.plan()).ok());
    player.play();
    StereoBuffer out = capture(player, 5000);
    auto level = [&] { // after what moves has arrived
        const StereoBuffer moving = capture(player, 9600);
        out.left.insert(out.left.end(), moving.left.begin(), moving.left.end());
        const StereoBuffer still = capture(player, 960);
        out.left.insert(out.left.end(), still.left.begin(), still.left.end());
        return *std::max_element(still.left.begin(), still.left.end());
    };
    const float eq = std::pow(10.0f, 6.0f / 40); // half the shelf at its corner
    EXPECT_NEAR(level(), 0.25f * eq + 0.25f, 0.03f);
    EXPECT_TRUE(player.set_bypass("a", "e", true));
    EXPECT_NEAR(level(), 0.5f, 1e-3f);
    EXPECT_TRUE(player.set_gain_db("a", -6.0206));
    EXPECT_NEAR(level(), 0.375f, 1e-3f);
    EXPECT_TRUE(player.set_send_level("b", 0, 1));
    EXPECT_NEAR(level(), 0.625f, 1e-3f);
    EXPECT_TRUE(player.set_parameter("a", "g", "gain_db", -144));
    EXPECT_NEAR(level(), 0.5f, 1e-3f);
    EXPECT_TRUE(player.set_gain_db("master", -6.0206));
    EXPECT_NEAR(level(), 0.25f, 1e-3f);
    graph.spec.tracks[0].solo = true;
    graph.spec.master_gain_db = -6.0206;
    EXPECT_TRUE(player.set_console(graph.spec));
    EXPECT_NEAR(level(), 0.0f, 1e-3f); // a is silent by its insert
    graph.spec.tracks[0].solo = false;
    graph.spec.tracks[1].pan = 1;
    EXPECT_TRUE(player.set_console(graph.spec));
    EXPECT_NEAR(level(), 0.0f, 1e-3f);
    EXPECT_LT(roughest(out.left), 0.006f);
    EXPECT_FALSE(player.set_gain_db("nobody", 0));
    EXPECT_FALSE(player.set_parameter("a", "g", "nothing", 0));
    EXPECT_FALSE(player.set_bypass("a", "nothing", true));
    EXPECT_FALSE(player.set_send_level("a", 0, 1));
    graph.add("c", sine(kFrames, 1));
    EXPECT_FALSE(player.set_console(graph.spec)); // that needs a plan
}

TEST(LivePlayer, TellsPeaksOutputAndFaults) {
    Graph graph(kFrames);
    auto broken = test::noise_loop(kFrames, 1);
    broken->left[3000] = std::numeric_limits<float>::quiet_NaN();
    graph.add("a", broken).inserts = {{"verb", "reverb", {}, false}};
    graph.add("b", sine(kFrames, 100));
    graph.spec.tracks[1].gain_db = -6.0206;
    LivePlayer player;
    ASSERT_TRUE(player.set_plan(*graph.plan()).ok());
    player.play();
    const StereoBuffer out = capture(player, 8000);
    EXPECT_NEAR(player.take_peak("b").left, 0.25f, 1e-3f);
    EXPECT_EQ(player.take_peak("b").left, 0.0f);
    EXPECT_EQ(player.take_peak("nobody").left, 0.0f);
    std::vector<float> left(10000), right(10000);
    ASSERT_EQ(player.take_output(left, right), 8000);
    EXPECT_TRUE(std::equal(out.left.begin(), out.left.end(), left.begin()));
    EXPECT_EQ(player.take_output(left, right), 0);
    EXPECT_EQ(player.faulty_inserts(), (std::vector<std::string>{"a/verb"}));
    EXPECT_GT(std::abs(out.left[7000]), 0.0f); // the rest goes on
}

TEST(LivePlayer, IsSilentWithoutAPlan) {
    LivePlayer player;
    player.play();
    EXPECT_EQ(roughest(capture(player, 1000).left), 0.0f);
    Graph graph(kFrames);
    graph.add("a", test::noise_loop(kFrames, 1));
    ASSERT_TRUE(player.set_plan(*graph.plan()).ok());
    EXPECT_NE(capture(player, 1000).left.back(), 0.0f);
}

TEST(LivePlayer, TakesEditsWhileAnotherThreadPlays) {
    // No outcome depends on who is quicker: what comes out stays finite, and nothing is lost at the end.
    for (const bool streamed : {false, true}) {
        Graph graph = song();
        graph.streamed = streamed;
        LiveOptions options;
        options.read_ahead_seconds = 0.2;
        options.prefill_seconds = 0.05;
        LivePlayer player(options);
        std::atomic<bool> ends{false};
        std::atomic<bool> bad{false};
        std::thread audio([&] {
            std::array<float, 512> left, right;
            for (int i = 0; !ends; ++i) {
                const int count = 1 + (i * 37) % 512;
                player.process(left.data(), right.data(), count);
                for (int k = 0; k < count; ++k) {
                    if (!(std::abs(left[static_cast<size_t>(k)]) < 4)) bad = true; // not finite either
                }
            }
        });
        std::mt19937 random(7);
        for (int i = 0; i < 150; ++i) {
            TrackSpec& track = graph.spec.tracks[random() % 5];
            switch (random() % 10) {
            case 0:
                player.play();
                break;
            case 1:
                player.stop();
                break;
            case 2:
                player.seek(static_cast<std::int64_t>(random() % kFrames));
                break;
            case 3:
                player.set_loop(static_cast<std::int64_t>(random() % 50000),
                                static_cast<std::int64_t>(random() % kFrames));
                break;
            case 4:
                track.clips[0].media_offset = static_cast<std::int64_t>(random() % 1000);
                ASSERT_TRUE(player.set_plan(*graph.plan()).ok());
                break;
            case 5:
                if (track.inserts.size() < 2) {
                    track.inserts.push_back({"l", "limiter", {}, false}); // more latency
                } else {
                    track.inserts.pop_back();
                }
                ASSERT_TRUE(player.set_plan(*graph.plan()).ok());
                break;
            case 6:
                track.solo = !track.solo;
                player.set_console(graph.spec);
                break;
            case 7:
                player.set_parameter(track.id, "eq", "band2_db", static_cast<double>(random() % 12));
                break;
            case 8:
                player.take_peak(track.id);
                player.position();
                break;
            default:
                player.set_bypass(track.id, "eq", random() % 2 == 0);
                break;
            }
        }
        ASSERT_TRUE(player.set_plan(*graph.plan()).ok());
        player.seek(1000);
        player.play();
        while (player.take_peak("master").left == 0) // until it has taken everything and sounds
            player.collect();
        ends = true;
        audio.join();
        EXPECT_FALSE(bad);
    }
}

TEST(RealtimeGuard, SeesWhatIsForbidden) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "sanitizers interpose the same functions";
#endif
    const long before = test::RealtimeGuard::violations();
    std::mutex mutex;
    {
        const test::RealtimeGuard guard;
        std::vector<int> memory(100);
        memory[3] = 1;
        const std::lock_guard lock(mutex);
        std::this_thread::sleep_for(std::chrono::nanoseconds(1));
    }
    EXPECT_GE(test::RealtimeGuard::violations() - before, 3); // malloc and free, lock, sleep
}

TEST(LivePlayer, KeepsTheRealTimeRulesWithAHundredTracks) {
    Graph graph(kFrames);
    auto loop = test::noise_loop(kFrames, 1, 0.01f);
    const auto types = effects::effect_types();
    const bool compressor = std::find(types.begin(), types.end(), "compressor") != types.end();
    for (int i = 0; i < 100; ++i) {
        const std::string id = "t" + std::to_string(i);
        auto& track = graph.add(id, loop);
        track.clips.clear();
        for (std::int64_t at = 0; at < kFrames; at += 4000) {
            track.clips.push_back({id, at, at + 4300, 0, 0});
            track.clips.back().fade_in = track.clips.back().fade_out = 300;
            track.clips.back().reverse = i % 7 == 0;
        }
        track.inserts = {{"eq", "eq", {{"band1_db", 3}, {"band4_db", -3}}, false},
                         {"gain", "gain", {{"gain_db", -1}}, false},
                         {"pan", "pan", {{"pan", 0.1}}, false}};
        if (compressor) {
            track.inserts.push_back({"comp", "compressor", {{"threshold_db", -30}}, false});
            if (i > 0) track.inserts.back().sidechain = "t0";
        }
        track.sends = {{"reverb", 0.2, false}, {"delay", 0.2, true}};
        track.automation = {
            {"gain_db", {{0, -20, PointShape::kCurve, 0.4}, {50000, 0, PointShape::kLinear, 0}}},
            {"sends.reverb.level", {{0, 0, PointShape::kLinear, 0}, {50000, 1, PointShape::kLinear, 0}}},
            {"inserts.eq.band1_db", {{0, 0, PointShape::kLinear, 0}, {50000, 6, PointShape::kLinear, 0}}}};
    }
    graph.add_bus("reverb").inserts = {{"r", "reverb", {{"wet", 1}, {"dry", 0}}, false}};
    graph.add_bus("delay").inserts = {{"d", "delay", {{"wet", 1}, {"dry", 0}}, false}};
    graph.spec.tempo_map = {{0, 120, true}, {90000, 100, false}};
    graph.spec.master = {{"limiter", "limiter", {}, false}};
    LivePlayer player;
    StereoBuffer out;
    out.left.resize(1024);
    out.right.resize(1024);
    long calls = 0;
    auto audio = [&](int callbacks) {
        for (int i = 0; i < callbacks; ++i) {
            const test::RealtimeGuard guard;
            player.process(out.left.data(), out.right.data(), 100 + (i * 97) % 900);
            ++calls;
        }
    };
    const long before = test::RealtimeGuard::violations();
    const auto plan = *graph.plan();
    audio(2);
    ASSERT_TRUE(player.set_plan(plan).ok());
    audio(2);
    player.set_loop(20000, 45000);
    player.play();
    audio(20);
    ASSERT_TRUE(player.set_plan(plan).ok());
    audio(10);
    player.seek(30000);
    audio(10);
    player.set_gain_db("t3", -10);
    player.set_parameter("t4", "eq", "band2_db", 3);
    player.set_bypass("t5", "eq", true);
    player.set_bypass("t2", "eq", true);
    graph.spec.tracks[7].solo = true;
    EXPECT_TRUE(player.set_console(graph.spec));
    audio(10);
    graph.spec.tracks[7].solo = false;
    graph.spec.tracks.erase(graph.spec.tracks.begin() + 9);
    graph.spec.tracks[8].inserts.pop_back();
    ASSERT_TRUE(player.set_plan(*graph.plan()).ok());
    audio(20);
    player.set_bypass("t5", "eq", false);
    audio(5);
    player.stop();
    audio(20);
    player.play();
    audio(10);
    player.collect();
    EXPECT_EQ(test::RealtimeGuard::violations() - before, 0) << test::RealtimeGuard::last();
    EXPECT_GT(calls, 100);
    EXPECT_GT(player.take_peak("master").left, 0.001f);
}

} // namespace
} // namespace loopmind::graph
