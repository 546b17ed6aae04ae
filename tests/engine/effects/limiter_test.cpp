// The limiter on hostile signals, measured by libebur128, and what it must leave alone.
#include "engine/effects/limiter.h"
#include "engine/metering/loudness.h"
#include "tests/engine/effects/signals.h"

#include <gtest/gtest.h>

namespace loopmind::effects {
namespace {

using test::Stereo;

double true_peak(const Stereo& signal, int rate) {
    const auto read = metering::measure_loudness(signal.left, signal.right, rate);
    return read.ok() ? read->true_peak_db : 999;
}

/// Signals that make bad limiters pass peaks.
std::vector<std::pair<std::string, Stereo>> hostile(int rate) {
    std::vector<std::pair<std::string, Stereo>> out;
    const auto frames = static_cast<size_t>(rate);
    out.emplace_back("fs/4 at 45 degrees", test::sine(frames, rate, rate / 4.0, 1.4, std::numbers::pi / 4));
    out.emplace_back("fs/4 at +24 dB", test::sine(frames, rate, rate / 4.0, 16, std::numbers::pi / 4));
    out.emplace_back("fs/3", test::sine(frames, rate, rate / 3.0, 1.2, 0.3));
    out.emplace_back("near Nyquist", test::sine(frames, rate, 0.47 * rate, 2.0, 0.1));
    out.emplace_back("bass", test::sine(frames, rate, 31, 4));
    out.emplace_back("noise +20 dB", test::noise(frames, 10, 3));
    Stereo bursts(frames), clicks(frames), alternating(frames), ramp(frames), step(frames);
    std::mt19937 random(5);
    for (size_t i = 0; i < frames; ++i) {
        const bool on = (i / 1200) % 2;
        bursts.left[i] = on ? ((i / 3) % 2 ? 3.0f : -3.0f) : 0.001f;
        bursts.right[i] = on ? ((i / 7) % 2 ? 5.0f : -5.0f) : 0;
        clicks.left[i] = random() % 997 == 0 ? 8.0f : 0.01f;
        clicks.right[i] = random() % 313 == 0 ? -8.0f : 0.02f;
        // Two same samples, two opposite: the largest overshoot between samples.
        alternating.left[i] = alternating.right[i] = (i / 500) % 2 ? ((i & 2) ? 0.99f : -0.99f) : 0.5f;
        ramp.left[i] = static_cast<float>(std::sin(0.9 * static_cast<double>(i)) *
                                          std::pow(10, 3.0 * static_cast<double>(i % 4800) / 4800 - 1.5));
        ramp.right[i] = -ramp.left[i];
        step.left[i] = i < frames / 2 ? 0.1f : 20.0f;
        step.right[i] = (i % 2 ? 1.0f : -1.0f) * step.left[i];
    }
    out.emplace_back("square bursts", bursts);
    out.emplace_back("clicks", clicks);
    out.emplace_back("alternating pairs", alternating);
    out.emplace_back("growing sine", ramp);
    out.emplace_back("step to +26 dB", step);
    return out;
}

TEST(Limiter, HoldsItsCeilingOnHostileSignals) {
    for (int rate : {44100, 48000}) {
        for (const auto& [name, signal] : hostile(rate)) {
            for (double ceiling : {-1.0, -6.0}) {
                for (double release : {1.0, 100.0}) {
                    Limiter limiter;
                    limiter.set("ceiling_db", ceiling);
                    limiter.set("release_ms", release);
                    limiter.prepare(rate, 512);
                    const Stereo out = test::run(limiter, signal);
                    EXPECT_LE(true_peak(out, rate), ceiling)
                        << name << " at " << rate << ", release " << release;
                }
            }
        }
    }
}

TEST(Limiter, UsesTheRoomItHas) {
    Limiter limiter;
    limiter.prepare(48000, 512);
    const Stereo out = test::run(limiter, test::sine(96000, 48000, 997, 2.0));
    EXPECT_NEAR(true_peak(out, 48000), -1.0 - Limiter::kMarginDb, 0.15);
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
