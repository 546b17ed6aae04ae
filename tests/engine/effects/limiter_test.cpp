// What the limiter must leave alone, and how it recovers; its ceiling is measured in measures_test.cpp.
#include "engine/effects/limiter.h"
#include "tests/engine/effects/measures.h"
#include "tests/engine/effects/signals.h"

#include <gtest/gtest.h>

namespace loopmind::effects {
namespace {

using test::Stereo;

TEST(Limiter, UsesTheRoomItHas) {
    Limiter limiter;
    limiter.prepare(48000, 512);
    const Stereo out = test::run(limiter, test::sine(96000, 48000, 997, 2.0));
    EXPECT_NEAR(test::true_peak_r128_db(out, 48000), -1.0 - Limiter::kMarginDb, 0.15);
}

TEST(Limiter, PassesEveryBitBelowTheCeiling) {
    Limiter limiter;
    limiter.prepare(48000, 512);
    const Stereo in = test::sine(20000, 48000, 440, 0.8);
    const Stereo out = test::run(limiter, in);
    const auto latency = static_cast<size_t>(limiter.latency());
    for (size_t i = latency; i < in.size(); ++i)
        ASSERT_EQ(out.left[i], in.left[i - latency]);
}

TEST(Limiter, ReleasesToUnity) {
    Limiter limiter;
    limiter.set("release_ms", 50);
    limiter.prepare(48000, 512);
    Stereo in = test::sine(96000, 48000, 440, 0.5);
    in.left[4000] = 6;
    const Stereo out = test::run(limiter, in);
    const auto latency = static_cast<size_t>(limiter.latency());
    EXPECT_LT(std::abs(out.left[4100 + latency]), std::abs(in.left[4100]) + 1e-9f);
    for (size_t i = 60000; i < 90000; ++i)
        ASSERT_EQ(out.left[i + latency], in.left[i]);
    // 50 ms after the peak the gap to unity has shrunk to 1/e.
    double before = 0, after = 0;
    for (size_t i = 6400; i < 6500; ++i) {
        before += in.left[i] * in.left[i];
        after += out.left[i + latency] * out.left[i + latency];
    }
    const double gain = std::sqrt(after / before);
    const double start = 0.795 / 6; // what the peak needed
    EXPECT_NEAR((1 - gain) / (1 - start), std::exp(-1.0), 0.08);
}

TEST(Limiter, KeepsTheBalanceOfTheChannels) {
    Limiter limiter;
    limiter.prepare(48000, 512);
    Stereo in = test::sine(48000, 48000, 200, 3.0);
    for (size_t i = 0; i < in.size(); ++i)
        in.right[i] = 0.25f * in.left[i];
    const Stereo out = test::run(limiter, in);
    for (size_t i = 1000; i < in.size(); ++i)
        ASSERT_NEAR(out.right[i], 0.25f * out.left[i], 1e-6f);
}

TEST(TruePeakEnvelope, ReadsSinesBetweenTheSamples) {
    for (double hertz : {997.0, 5000.0, 12000.0, 17000.0, 19000.0}) {
        const Stereo tone = test::sine(4096, 48000, hertz, 0.5, std::numbers::pi / 4);
        std::vector<float> envelope(tone.size());
        TruePeakEnvelope detector;
        detector.process(tone.left.data(), tone.right.data(), envelope.data(), static_cast<int>(tone.size()));
        const float peak = *std::max_element(envelope.begin() + 200, envelope.end());
        // Four points a sample see a sine of frequency f at cos(pi f / 4 fs) of its peak at the least.
        EXPECT_LE(20 * std::log10(peak / 0.5), 0.05) << hertz;
        EXPECT_GE(20 * std::log10(peak / 0.5),
                  20 * std::log10(std::cos(std::numbers::pi * hertz / 4 / 48000)) - 0.05)
            << hertz;
    }
}

} // namespace
} // namespace loopmind::effects
