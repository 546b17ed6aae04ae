// What the compressor promises beside its curve and times (measures_test.cpp): detector, link, look-ahead,
// mix, make-up and side-chain; and the fast logarithm and exponential it is built on.
#include "engine/effects/compressor.h"
#include "engine/effects/quad_math.h"
#include "tests/engine/effects/signals.h"

#include <gtest/gtest.h>

#include <limits>

namespace loopmind::effects {
namespace {

using test::Stereo;
constexpr double kRate = 48000;

double db(double amplitude) {
    return 20 * std::log10(std::max(amplitude, 1e-12));
}

Stereo constant(size_t frames, float left, float right) {
    Stereo out(frames);
    std::fill(out.left.begin(), out.left.end(), left);
    std::fill(out.right.begin(), out.right.end(), right);
    return out;
}

void hard(Compressor& compressor, double threshold, double ratio) {
    compressor.set("threshold_db", threshold);
    compressor.set("ratio", ratio);
    compressor.set("knee_db", 0);
}

TEST(QuadMath, StaysWithinItsErrors) {
    double worst_log = 0, worst_exp = 0;
    for (double x = -100; x < 100; x += 0.00137) {
        const auto power = static_cast<float>(std::exp2(x));
        worst_log =
            std::max(worst_log, std::abs(quad_log2(splat(power))[1] - std::log2(static_cast<double>(power))) -
                                    std::abs(x) * 6e-8); // rounding of the result itself
        const auto octaves = static_cast<float>(x);
        worst_exp = std::max(
            worst_exp, std::abs(quad_exp2(splat(octaves))[2] / std::exp2(static_cast<double>(octaves)) - 1));
    }
    EXPECT_LT(worst_log, 2.5e-6);
    EXPECT_LT(worst_exp, 3e-6);
    EXPECT_EQ(quad_log2(splat(1.0f))[0], 0.0f);
    EXPECT_EQ(quad_log2(splat(0.125f))[3], -3.0f);
    EXPECT_EQ(quad_exp2(splat(0.0f))[0], 1.0f);
    EXPECT_EQ(quad_exp2(splat(-1e9f))[0], std::exp2(-125.0f));
    EXPECT_EQ(quad_exp2(splat(1e9f))[0], std::exp2(125.0f));
}

TEST(Compressor, PassesEveryBitWhenItDoesNothing) {
    const Stereo in = test::noise(5000, 1, 1);
    Compressor one_to_one;
    one_to_one.set("ratio", 1);
    one_to_one.prepare(kRate, 512);
    EXPECT_EQ(test::run(one_to_one, in), in);
    Compressor dry;
    dry.set("mix", 0);
    dry.set("makeup_db", 6);
    dry.prepare(kRate, 512);
    EXPECT_EQ(test::run(dry, in), in);
    Compressor below;
    hard(below, 0, 10);
    below.prepare(kRate, 512);
    EXPECT_EQ(test::run(below, test::noise(5000, 0.99f, 1)), test::noise(5000, 0.99f, 1));
}

TEST(Compressor, RmsReadsASineThreeDecibelsLower) {
    Compressor compressor;
    hard(compressor, -20, 4);
    compressor.set("rms", 1);
    compressor.set("attack_ms", 40);
    compressor.set("release_ms", 40);
    compressor.prepare(kRate, 512);
    const Stereo out = test::run(compressor, test::sine(96000, kRate, 1000, 0.5));
    double sum = 0;
    for (size_t i = 48000; i < 96000; ++i)
        sum += out.left[i] * out.left[i];
    const double level = db(0.5) - 3.0103;
    EXPECT_NEAR(10 * std::log10(sum / 48000), -20 + (level + 20) / 4, 0.02);
    EXPECT_NEAR(compressor.static_gain_db(level), -0.75 * (level + 20), 1e-4);
}

TEST(Compressor, LinkTurnsBothChannelsDownAlike) {
    for (const auto& [link, right_db] : {std::pair{1.0, 10.5}, std::pair{0.0, 0.0}, std::pair{0.5, 3.0}}) {
        // Left 14 dB over the threshold, right 6 dB below: half linked, it reads 4 dB over.
        Compressor compressor;
        hard(compressor, -20, 4);
        compressor.set("link", link);
        compressor.set("attack_ms", 1);
        compressor.prepare(kRate, 512);
        const auto left = static_cast<float>(std::pow(10, -6 / 20.0)),
                   right = static_cast<float>(std::pow(10, -26 / 20.0));
        const Stereo out = test::run(compressor, constant(9600, left, right));
        EXPECT_NEAR(db(left) - db(out.left.back()), 10.5, 0.001) << link;
        EXPECT_NEAR(db(right) - db(out.right.back()), right_db, 0.001) << link;
    }
}

TEST(Compressor, LooksAheadByItsLatency) {
    Compressor compressor;
    hard(compressor, -40, 20);
    compressor.set("lookahead_ms", 5);
    compressor.set("attack_ms", 0.5);
    compressor.set("release_ms", 100);
    compressor.prepare(kRate, 512);
    ASSERT_EQ(compressor.latency(), 240);
    Stereo in = constant(2000, 0.001f, 0.001f);
    std::fill(in.left.begin() + 1000, in.left.end(), 1.0f);
    const Stereo out = test::run(compressor, in);
    // The step arrives 240 frames later, ten attack times after its reduction began.
    EXPECT_LT(out.left[1239], 0.001f);
    EXPECT_NEAR(db(out.left[1240]), -38, 0.01);
    compressor.set("lookahead_ms", 1);
    test::run(compressor, in);
    EXPECT_EQ(compressor.latency(), 240); // until it is prepared again
}

TEST(Compressor, MixesInParallelAndMakesUp) {
    Compressor compressor;
    hard(compressor, -20, 2);
    compressor.set("attack_ms", 1);
    compressor.set("makeup_db", 3);
    compressor.set("mix", 0.25);
    compressor.prepare(kRate, 512);
    const Stereo out = test::run(compressor, constant(9600, 1, 1));
    EXPECT_NEAR(out.left.back(), 0.75 + 0.25 * std::pow(10, (-10 + 3) / 20.0), 1e-4);
    compressor.set("mix", 1);
    compressor.set("makeup_db", 0);
    compressor.set("auto_makeup", 1);
    compressor.reset();
    EXPECT_NEAR(db(test::run(compressor, constant(9600, 1, 1)).left.back()), -10 + 5, 1e-3);
    EXPECT_NEAR(compressor.static_gain_db(0), -5, 1e-6);
    EXPECT_NEAR(compressor.static_gain_db(-60), 5, 1e-6);
}

/// Runs with a key of its own.
Stereo keyed(Compressor& compressor, Stereo signal, const Stereo& key) {
    for (size_t at = 0; at < signal.size(); at += 100) {
        const auto count = static_cast<int>(std::min<size_t>(100, signal.size() - at));
        compressor.process(signal.left.data() + at, signal.right.data() + at, count, key.left.data() + at,
                           key.right.data() + at);
    }
    return signal;
}

TEST(Compressor, ListensToItsSideChain) {
    Compressor compressor;
    hard(compressor, -20, 4);
    compressor.set("attack_ms", 1);
    compressor.prepare(kRate, 512);
    EXPECT_TRUE(compressor.takes_key());
    const Stereo pad = constant(9600, 0.9f, 0.9f);
    EXPECT_EQ(keyed(compressor, pad, Stereo(9600)), pad); // loud itself, but the key is silent
    compressor.reset();
    const Stereo ducked = keyed(compressor, constant(9600, 0.001f, 0.001f), constant(9600, 1, 0));
    EXPECT_NEAR(db(ducked.left.back()), -60 - 15, 0.01);
}

TEST(Compressor, FiltersItsKey) {
    const auto reduction = [](double hertz) {
        Compressor compressor;
        hard(compressor, -30, 4);
        compressor.set("key_high_pass_hz", 1000);
        compressor.set("rms", 1);
        compressor.set("attack_ms", 30);
        compressor.set("release_ms", 30);
        compressor.prepare(kRate, 512);
        const Stereo out = keyed(compressor, constant(48000, 0.1f, 0.1f), test::sine(48000, kRate, hertz, 1));
        return -20 - db(out.left.back());
    };
    // Butterworth: 10 kHz whole, 1 kHz at -3.01 dB, 250 Hz at -24.1 dB: 27, 24 and 2.9 dB over the threshold.
    EXPECT_NEAR(reduction(10000), 0.75 * 26.99, 0.05);
    EXPECT_NEAR(reduction(1000), 0.75 * 23.98, 0.05);
    EXPECT_NEAR(reduction(250), 0.75 * 2.88, 0.15);
}

TEST(Compressor, SurvivesAKeyThatIsNotANumber) {
    for (const double rms : {0.0, 1.0}) {
        Compressor compressor;
        compressor.set("rms", rms);
        compressor.prepare(kRate, 512);
        Stereo key = constant(4800, 0.5f, 0.5f);
        key.left[100] = std::numeric_limits<float>::quiet_NaN();
        key.right[200] = std::numeric_limits<float>::infinity();
        const Stereo out = keyed(compressor, constant(4800, 0.5f, 0.5f), key);
        for (float x : out.left)
            ASSERT_TRUE(std::isfinite(x));
    }
}

} // namespace
} // namespace loopmind::effects
