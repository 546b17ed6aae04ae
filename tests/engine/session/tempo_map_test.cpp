// Tempo against numeric integration, and bars through changes of meter.
#include "engine/session/tempo_map.h"

#include "engine/session/session.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace loopmind::session {
namespace {

/// Simpson's rule over 60 / tempo.
double integrated(const TempoMap& map, double from, double to) {
    const int steps = 20000;
    const double step = (to - from) / steps;
    double sum = 60 / map.tempo_at(from) + 60 / map.tempo_at(to);
    for (int i = 1; i < steps; ++i)
        sum += (i % 2 ? 4 : 2) * 60 / map.tempo_at(from + i * step);
    return sum * step / 3;
}

TEST(TempoMap, OneTempoIsAProduct) {
    const TempoMap map(82);
    EXPECT_TRUE(map.constant());
    for (const double beats : {-3.0, 0.0, 0.1, 31.7, 1e6}) {
        EXPECT_EQ(map.seconds_at(beats), beats * 60.0 / 82);
        EXPECT_NEAR(map.beats_at(map.seconds_at(beats)), beats, 1e-12 * (1 + std::abs(beats)));
    }
}

TEST(TempoMap, ARampIsALogarithm) {
    const TempoMap map(60, {{4, 60, true}, {12, 180}});
    EXPECT_EQ(map.seconds_at(4), 4);
    EXPECT_EQ(map.tempo_at(8), 120);
    EXPECT_NEAR(map.seconds_at(12), 4 + 60 * 8 / 120.0 * std::log(3.0), 1e-12);
    EXPECT_NEAR(map.seconds_at(15), 4 + 4 * std::log(3.0) + 1, 1e-12);
    EXPECT_NEAR(map.seconds_at(10), 4 + integrated(map, 4, 10), 1e-9);
}

TEST(TempoMap, AFlatRampIsNoRamp) {
    const TempoMap map(90, {{0, 90, true}, {64, std::nextafter(90.0, 91.0)}});
    EXPECT_NEAR(map.seconds_at(64), 64 * 60 / 90.0, 1e-12);
}

TEST(TempoMap, ARampMayEndInAJump) {
    const TempoMap map(100, {{0, 100, true}, {8, 50}, {8, 200}, {16, 25, true}});
    EXPECT_NEAR(map.tempo_at(7.999999), 50, 1e-4);
    EXPECT_EQ(map.tempo_at(8), 200);
    EXPECT_EQ(map.tempo_at(1e6), 25); // the last never ramps
    EXPECT_NEAR(map.seconds_at(8), 60 * 8 / -50.0 * std::log(0.5), 1e-12);
}

TEST(TempoMap, RandomMapsGoThereAndBack) {
    std::mt19937 random(20261125);
    std::uniform_real_distribution<double> tempo(20, 400), gap(0.1, 20);
    for (int round = 0; round < 50; ++round) {
        std::vector<TempoPoint> points;
        double at = 0;
        for (int i = 0; i < 12; ++i)
            points.push_back({at += gap(random), tempo(random), random() % 2 == 0});
        const TempoMap map(tempo(random), points);
        double last = -1;
        for (double beats = 0; beats < at + 20; beats += 0.37) {
            const double seconds = map.seconds_at(beats);
            EXPECT_GT(seconds, last);
            EXPECT_NEAR(map.beats_at(seconds), beats, 1e-9);
            last = seconds;
        }
        for (std::size_t i = 1; i < points.size(); ++i) {
            const double from = points[i - 1].start, to = points[i].start - 1e-9;
            EXPECT_NEAR(map.seconds_at(to) - map.seconds_at(from), integrated(map, from, to), 1e-7);
        }
    }
}

TEST(TempoMap, SessionsCountFramesThroughIt) {
    const auto session = Session::from_json(
        R"({"tempo": 60, "sample_rate": 48000, "tempo_map": [{"start": 4, "tempo": 60, "ramp": true}, {"start": 12, "tempo": 180}]})");
    ASSERT_TRUE(session.ok()) << session.error().text();
    EXPECT_EQ(session->frames_at(4), 4 * 48000);
    EXPECT_EQ(session->frames_at(12), std::llround((4 + 4 * std::log(3.0)) * 48000));
    for (std::int64_t frames : {0, 1, 191999, 192001, 300000, 1000000000})
        EXPECT_EQ(session->frames_at(session->beats_at(frames)), frames);
}

TEST(TempoMap, TheTempoOfTheSessionHoldsAtZero) {
    auto session =
        Session::from_json(R"({"tempo": 90, "tempo_map": [{"tempo": 70}, {"start": 8, "tempo": 100}]})");
    ASSERT_TRUE(session.ok());
    EXPECT_EQ(session->tempo(), 90);
    EXPECT_EQ(session->tempo_at(0), 90);
    session->set_tempo(77);
    EXPECT_EQ(session->tempo_at(7), 77);
    EXPECT_EQ(session->tempo_at(8), 100);
    const auto named =
        Session::from_json(R"({"tempo_map": [{"tempo": 70}], "meter_map": [{"meter": "3/4"}]})");
    EXPECT_EQ(named->tempo(), 70);
    EXPECT_EQ(named->meter(), "3/4");
}

TEST(MeterMap, CountsBars) {
    const MeterMap map("4/4", {{8, "3/4"}, {14, "6/8"}, {22, "7/8"}}); // the last cuts a bar of 6/8 short
    for (const auto& [bar, beats] :
         {std::pair{0, 0.0}, {1, 4.0}, {2, 8.0}, {3, 11.0}, {4, 14.0}, {6, 20.0}, {7, 22.0}, {8, 25.5}})
        EXPECT_EQ(map.bar_start(bar), beats) << bar;
    EXPECT_EQ(map.position(21.5).bar, 6);
    EXPECT_EQ(map.position(21.5).beat, 1.5);
    EXPECT_EQ(map.position(22).bar, 7);
    EXPECT_EQ(map.position(25.5).bar, 8);
    EXPECT_EQ(map.position(7.999).bar, 1);
    EXPECT_EQ(map.meter_at(13.9), "3/4");
    EXPECT_EQ(beats_per_bar("6/8"), 3);
    EXPECT_EQ(beats_per_bar("nonsense"), 4);
}

TEST(MeterMap, GivesTheSessionItsLength) {
    const auto session = Session::from_json(R"({"bars": 6, "meter_map": [{"start": 8, "meter": "3/4"}]})");
    ASSERT_TRUE(session.ok());
    EXPECT_EQ(session->total_beats(), 20);
}

} // namespace
} // namespace loopmind::session
