// Curves follow their formula, faders follow curves frame by frame, parameters at ticks, whatever the block
// size.
#include "engine/graph/automation.h"
#include "engine/graph/exact_math.h"
#include "engine/graph/graph_player.h"
#include "engine/graph/offline.h"
#include "tests/engine/graph/loops.h"

#include <gtest/gtest.h>

namespace loopmind::graph {
namespace {

using test::Graph;
constexpr std::int64_t kFrames = 20011;

std::shared_ptr<StereoBuffer> ones(std::int64_t frames) {
    auto out = std::make_shared<StereoBuffer>();
    out->left.assign(static_cast<size_t>(frames), 1.0f);
    out->right = out->left;
    return out;
}

/// A lane that moves in all ways, with a jump at 9000.
std::vector<AutomationPoint> busy_points(double low, double high) {
    return {{1000, low, PointShape::kLinear, 0},
            {4000, high, PointShape::kHold, 0},
            {6000, low, PointShape::kCurve, 0.6},
            {8001, high, PointShape::kCurve, -0.4},
            {9000, low, PointShape::kLinear, 0},
            {9000, high, PointShape::kLinear, 0},
            {12345, (low + high) / 2, PointShape::kHold, 0}};
}

TEST(ExactMath, AgreesWithTheLibrary) {
    for (double x = -30; x < 30; x += 0.0137)
        ASSERT_NEAR(exact_exp(x) / std::exp(x), 1.0, 4e-15) << x;
    for (double x = 0; x <= 1.5708; x += 0.001)
        ASSERT_NEAR(exact_quarter_sine(x), std::sin(x), 1e-15) << x;
    EXPECT_EQ(exact_gain(0), 1.0f);
    EXPECT_EQ(exact_gain(-144), 0.0f);
    EXPECT_NEAR(exact_gain(20), 10.0f, 1e-5f);
}

TEST(Lane, FollowsItsFormula) {
    const Lane lane(busy_points(-60, 6), -144, 60);
    EXPECT_EQ(lane.at(-50), -60);
    EXPECT_EQ(lane.at(1000), -60);
    EXPECT_NEAR(lane.at(2500), -27, 1e-9); // half way
    EXPECT_EQ(lane.at(5999), 6);           // held
    for (std::int64_t frame : {6001, 6500, 7500, 8000}) {
        const double x = static_cast<double>(frame - 6000) / 2001;
        EXPECT_NEAR(lane.at(frame), -60 + 66 * std::expm1(4.8 * x) / std::expm1(4.8), 1e-9) << frame;
    }
    EXPECT_LT(lane.at(8999), -59); // on its way down
    EXPECT_EQ(lane.at(9000), 6);   // of two on one frame the later counts
    EXPECT_EQ(lane.at(1 << 30), -27);
}

TEST(Lane, FillingIsTheSameAsAsking) {
    const Lane lane(busy_points(-1, 1), -1, 1);
    for (int block : {1, 7, 256, 5000}) {
        size_t hint = 0;
        std::vector<float> out(static_cast<size_t>(block));
        for (std::int64_t at = -300; at < 13000; at += block) {
            const bool constant = lane.fill(at, block, out.data(), hint);
            for (int i = 0; i < block; ++i)
                ASSERT_EQ(out[constant ? 0 : static_cast<size_t>(i)], static_cast<float>(lane.at(at + i)))
                    << block << " " << at + i;
        }
    }
}

TEST(Lane, ReadsAlongALoop) {
    const auto lane = std::make_shared<const Lane>(busy_points(0, 1), 0, 1);
    LaneReader reader(lane);
    const Timeline timeline{0, 2000, 2100, false};
    std::vector<float> out(256);
    ASSERT_FALSE(reader.fill(timeline, 1990, 256, out.data()));
    for (int i = 0; i < 256; ++i)
        ASSERT_EQ(out[static_cast<size_t>(i)], static_cast<float>(lane->at(timeline.session_at(1990 + i))))
            << i;
    const Timeline frozen{2050, 0, 0, false, true}; // stands in the middle of a way
    ASSERT_TRUE(reader.fill(frozen, 12345, 256, out.data()));
    EXPECT_EQ(out[0], static_cast<float>(lane->at(2050)));
    EXPECT_EQ(timeline.session_at(2099), 2099);
    EXPECT_EQ(timeline.session_at(2100), 2000);
    EXPECT_EQ(timeline.session_at(2350), 2050);
}

TEST(Lane, ClampsWhatIsOutOfRange) {
    const Lane lane({{0, 900, PointShape::kLinear, 7}, {10, std::nan(""), PointShape::kCurve, std::nan("")}},
                    -3, 3);
    EXPECT_EQ(lane.at(0), 3);
    EXPECT_EQ(lane.at(10), -3);
}

TEST(FaderAutomation, IsExactAtTheSampleBehindLatency) {
    // The limiter (bypassed) makes the signal late; the curve still meets the frame it was drawn for.
    for (const bool late : {false, true}) {
        Graph graph(kFrames);
        auto& track = graph.add("a", ones(kFrames));
        if (late) track.inserts.push_back({"l", "limiter", {}, true});
        track.automation = {{"gain_db", busy_points(-60, 6)}, {"pan", busy_points(-1, 1)}};
        const auto out = test::render_all(graph);
        ASSERT_TRUE(out.ok()) << out.error().text();
        const Lane gain(busy_points(-60, 6), -144, 60);
        const Lane pan(busy_points(-1, 1), -1, 1);
        for (std::int64_t i = 0; i < kFrames; ++i) {
            const float level = exact_gain(static_cast<float>(gain.at(i)));
            const PanGains sides = pan_gains(PanLaw::kConstantPower, static_cast<float>(pan.at(i)));
            ASSERT_EQ(out->left[static_cast<size_t>(i)], level * sides.left) << i;
            ASSERT_EQ(out->right[static_cast<size_t>(i)], level * sides.right) << i;
        }
    }
}

TEST(FaderAutomation, MutesAtTheSampleAlsoSendsBeforeTheFader) {
    Graph graph(kFrames);
    auto& track = graph.add("a", ones(kFrames));
    track.gain_db = -144;
    track.mute = true; // the lane takes its place
    track.sends.push_back({"bus", 0.5, true});
    track.automation = {
        {"mute",
         {{0, 0, PointShape::kHold, 0}, {5001, 1, PointShape::kHold, 0}, {7003, 0, PointShape::kHold, 0}}}};
    graph.add_bus("bus");
    const auto out = test::render_all(graph);
    ASSERT_TRUE(out.ok());
    for (std::int64_t i = 0; i < kFrames; ++i)
        ASSERT_EQ(out->left[static_cast<size_t>(i)], i >= 5001 && i < 7003 ? 0.0f : 0.5f) << i;
}

TEST(SendAutomation, IsExactThroughALateTrack) {
    Graph graph(kFrames);
    auto& track = graph.add("a", ones(kFrames));
    track.inserts.push_back({"l", "limiter", {}, true});
    track.output = "nowhere";
    track.sends.push_back({"bus", 1, false});
    track.automation = {{"sends.bus.level", busy_points(0, 2)}};
    graph.add_bus("nowhere").mute = true;
    graph.add_bus("bus");
    const auto out = test::render_all(graph);
    ASSERT_TRUE(out.ok()) << out.error().text();
    const Lane level(busy_points(0, 2), 0, 4);
    for (std::int64_t i = 0; i < kFrames; ++i)
        ASSERT_EQ(out->left[static_cast<size_t>(i)], static_cast<float>(level.at(i))) << i;
}

TEST(InsertAutomation, StandsAtItsValueAtTicks) {
    Graph graph(kFrames);
    auto& track = graph.add("a", ones(kFrames));
    track.inserts = {{"l", "limiter", {}, true}, {"g", "gain", {}, false}};
    track.automation = {{"inserts.g.gain_db", busy_points(-60, 6)}};
    const auto plan = graph.plan();
    ASSERT_TRUE(plan.ok());
    const int lag = (*plan)->nodes[0].inserts[1].lag;
    ASSERT_GT(lag, 0);
    const auto out = test::render_all(graph);
    ASSERT_TRUE(out.ok());
    const Lane gain(busy_points(-60, 6), -144, 60);
    for (std::int64_t end = 32; end < kFrames - lag; end += 32) {
        // The last frame of the tick that ends at running frame `end`; its session time is less the lag.
        const std::int64_t frame = end - 1 - lag;
        if (frame < 0) continue;
        ASSERT_NEAR(out->left[static_cast<size_t>(frame)], exact_gain(gain.at(end - lag)), 2e-6) << end;
    }
}

TEST(InsertAutomation, LanesWithoutATargetAreReportedAndNotPlayed) {
    Graph graph(kFrames);
    auto& track = graph.add("a", ones(kFrames));
    track.inserts = {{"g", "gain", {}, false}};
    track.automation = {{"inserts.gone.gain_db", busy_points(-60, 6)},
                        {"inserts.g.nothing", busy_points(-60, 6)},
                        {"sends.gone.level", busy_points(0, 1)},
                        {"colour", busy_points(0, 1)}};
    const auto plan = graph.plan();
    ASSERT_TRUE(plan.ok());
    ASSERT_EQ((*plan)->warnings.size(), 4u);
    EXPECT_EQ((*plan)->warnings[0].field, "tracks.a.automation.inserts.gone.gain_db");
    const auto out = test::render_all(graph);
    EXPECT_EQ(out->left, ones(kFrames)->left);
}

TEST(TempoMap, IsStraightInBeats) {
    const TempoMap map(120, {{0, 120, false}, {48000, 120, true}, {96000, 60, false}});
    EXPECT_EQ(map.at(-5), 120);
    EXPECT_EQ(map.at(48000), 120);
    EXPECT_NEAR(map.at(72000), 120 * std::sqrt(0.5), 1e-9); // half the time is not half the beats
    EXPECT_EQ(map.at(96000), 60);
    // Beats passed are the integral of the tempo, and the tempo is straight in them.
    double beats = 0;
    const double whole = (120.0 - 60.0) / std::log(2.0) / 60.0; // of the second, by the closed form
    for (std::int64_t frame = 48000; frame < 96000; ++frame) {
        beats += map.at(frame) / 60 / 48000;
        if (frame % 4000 == 0) {
            ASSERT_NEAR(map.at(frame), 120 - 60 * beats / whole, 0.01) << frame;
        }
    }
    EXPECT_NEAR(beats, whole, 1e-4);
}

TEST(TempoMap, SyncedEffectsFollowIt) {
    // Echoes of a click every half beat: 12000 frames at 120, 24000 at 60.
    Graph graph(96000);
    auto clicks = std::make_shared<StereoBuffer>();
    clicks->left.assign(96000, 0.0f);
    clicks->left[1000] = clicks->left[50000] = 1.0f;
    clicks->right = clicks->left;
    graph.add("a", clicks)
        .inserts.push_back({"d",
                            "delay",
                            {{"wet", 1}, {"dry", 0}, {"beats", 0.5}, {"feedback", 0}, {"ping_pong", 0}},
                            false});
    graph.spec.tempo_map = {{0, 120, false}, {30000, 60, false}};
    const auto out = test::render_all(graph);
    ASSERT_TRUE(out.ok());
    EXPECT_EQ(out->left[13000], 1.0f);
    EXPECT_EQ(out->left[74000], 1.0f);
    EXPECT_EQ(out->left[62000], 0.0f);
}

} // namespace
} // namespace loopmind::graph
