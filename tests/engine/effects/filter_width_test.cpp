// The filter against the analogue prototype, what moves its corner, and the width's mono sum.
#include "engine/effects/filter.h"
#include "engine/effects/width.h"
#include "tests/engine/effects/signals.h"

#include <gtest/gtest.h>

#include <complex>

namespace loopmind::effects {
namespace {

using test::Stereo;
using Complex = std::complex<double>;
constexpr double kRate = 48000;
constexpr double kButterworth = 0.70710678118654752;

/// |H| in dB of one analogue section, its frequencies warped as the bilinear transform warps them.
double section_db(int mode, double hertz, double cutoff, double q) {
    const Complex s(0,
                    std::tan(std::numbers::pi * hertz / kRate) / std::tan(std::numbers::pi * cutoff / kRate));
    const Complex below = s * s + s / q + 1.0;
    const Complex above[] = {1.0, s * s, s / q, s * s + 1.0};
    return 20 * std::log10(std::abs(above[mode] / below) + 1e-12);
}

double prototype_db(int mode, bool steep, double hertz, double cutoff, double q) {
    if (!steep) return section_db(mode, hertz, cutoff, q);
    if (mode >= 2) return 2 * section_db(mode, hertz, cutoff, q);
    // Butterworth of fourth order; q scales its sharper section.
    return section_db(mode, hertz, cutoff, 1 / 1.84775906502257351) +
           section_db(mode, hertz, cutoff, q / kButterworth / 0.76536686473017954);
}

TEST(Filter, FollowsTheAnaloguePrototype) {
    for (int mode = 0; mode < 4; ++mode) {
        for (int steep = 0; steep < 2; ++steep) {
            for (double cutoff : {150.0, 1000.0, 9000.0}) {
                for (double q : {0.70710678, 3.0, 12.0}) {
                    Filter filter;
                    filter.set("mode", mode);
                    filter.set("slope", steep);
                    filter.set("cutoff_hz", cutoff);
                    filter.set("q", q);
                    filter.prepare(kRate, 512);
                    const Stereo h = test::run(filter, test::impulse(65536));
                    for (double probe : {40.0, 120.0, 300.0, 900.0, 1100.0, 2500.0, 7000.0, 15000.0}) {
                        const double wanted = prototype_db(mode, steep != 0, probe, cutoff, q);
                        if (wanted < -70) continue;
                        EXPECT_NEAR(test::magnitude_db(h.left, kRate, probe), wanted, 0.03)
                            << mode << steep << " cutoff " << cutoff << " q " << q << " at " << probe;
                    }
                }
            }
        }
    }
}

TEST(Filter, SteepButterworthIsThreeDecibelsDownAtItsCorner) {
    for (int mode : {0, 1}) {
        Filter filter;
        filter.set("mode", mode);
        filter.set("cutoff_hz", 1000);
        filter.prepare(kRate, 512);
        const Stereo h = test::run(filter, test::impulse(32768));
        EXPECT_NEAR(test::magnitude_db(h.left, kRate, 1000), -3.01, 0.02);
        EXPECT_NEAR(test::magnitude_db(h.left, kRate, mode == 0 ? 4000 : 250), -48.2, 0.9); // 24 dB/octave
    }
}

/// Response to an impulse after `key` has held its level for a while.
Stereo keyed_response(Filter& filter, float key) {
    Stereo signal(65536);
    const size_t start = 32768;
    signal.left[start] = signal.right[start] = 1;
    std::vector<float> level(signal.size(), key);
    filter.process(signal.left.data(), signal.right.data(), static_cast<int>(signal.size()), level.data(),
                   level.data());
    signal.left.erase(signal.left.begin(), signal.left.begin() + start);
    return signal;
}

TEST(Filter, EnvelopeOfTheKeyMovesTheCorner) {
    for (const auto& [key, octaves] : {std::pair{1.0f, 2.0}, std::pair{0.5f, 1.0}, std::pair{0.0f, 0.0}}) {
        Filter filter;
        ASSERT_TRUE(filter.takes_key());
        filter.set("cutoff_hz", 500);
        filter.set("slope", 0);
        filter.set("env_octaves", 2);
        filter.prepare(kRate, 512);
        const Stereo h = keyed_response(filter, key);
        for (double probe : {300.0, 1000.0, 2000.0, 5000.0}) {
            EXPECT_NEAR(test::magnitude_db(h.left, kRate, probe),
                        section_db(0, probe, 500 * std::exp2(octaves), kButterworth), 0.05)
                << key << " at " << probe;
        }
    }
}

TEST(Filter, LfoMovesTheCornerInBeats) {
    // A square LFO of one beat at 120 BPM: a quarter second an octave up, a quarter second an octave down.
    Filter filter;
    filter.set("cutoff_hz", 1000);
    filter.set("slope", 0);
    filter.set("lfo_octaves", 1);
    filter.set("shape", 2);
    filter.set("beats", 1);
    filter.set("tempo", 120);
    filter.prepare(kRate, 512);
    const Stereo out = test::run(filter, test::sine(48000, kRate, 4000, 1));
    for (int half = 0; half < 4; ++half) {
        double power = 0;
        for (int i = half * 12000 + 4000; i < half * 12000 + 11200; ++i)
            power += std::pow(out.left[static_cast<size_t>(i)], 2) / 3600;
        const double corner = half % 2 == 0 ? 2000 : 500;
        EXPECT_NEAR(10 * std::log10(power), section_db(0, 4000, corner, kButterworth), 0.1) << half;
    }
}

TEST(Filter, StaysStableWhenItsCornerJumps) {
    Filter filter;
    filter.set("q", 20);
    filter.set("lfo_octaves", 4);
    filter.set("shape", 2);
    filter.set("sync", 0);
    filter.set("rate_hz", 20);
    filter.prepare(kRate, 512);
    const Stereo out = test::run(filter, test::noise(96000, 1, 3));
    for (float x : out.left)
        ASSERT_LT(std::abs(x), 100.0f);
}

double energy(const std::vector<float>& x) {
    double sum = 0;
    for (float v : x)
        sum += static_cast<double>(v) * v;
    return sum;
}

TEST(Width, KeepsTheMonoSum) {
    Width width;
    width.set("width", 1.7);
    width.set("mono_below_hz", 200);
    width.prepare(kRate, 512);
    const Stereo in = test::noise(20000, 0.7f, 1);
    const Stereo out = test::run(width, in);
    for (size_t i = 0; i < in.size(); ++i)
        ASSERT_NEAR(out.left[i] + out.right[i], in.left[i] + in.right[i], 1e-6f) << i;
}

TEST(Width, ScalesTheSides) {
    for (double wide : {0.0, 0.5, 2.0}) {
        Width width;
        width.set("width", wide);
        width.prepare(kRate, 512);
        const Stereo in = test::noise(5000, 0.7f, 2);
        const Stereo out = test::run(width, in);
        for (size_t i = 0; i < in.size(); ++i)
            ASSERT_NEAR(out.left[i] - out.right[i], wide * (in.left[i] - in.right[i]), 2e-6f);
    }
}

TEST(Width, BassIsMono) {
    // An impulse on the left alone: the side's response is that of a Butterworth high-pass.
    Width width;
    width.set("mono_below_hz", 120);
    width.prepare(kRate, 512);
    Stereo in(32768);
    in.left[0] = 1;
    const Stereo out = test::run(width, in);
    std::vector<float> side(out.size());
    for (size_t i = 0; i < side.size(); ++i)
        side[i] = out.left[i] - out.right[i];
    for (double probe : {20.0, 60.0, 120.0, 400.0, 5000.0}) {
        EXPECT_NEAR(test::magnitude_db(side, kRate, probe), section_db(1, probe, 120, kButterworth), 0.03)
            << probe;
    }
    EXPECT_GT(energy(out.left), energy(out.right));
}

TEST(Width, PassesEveryBitWhenItDoesNothing) {
    Width width;
    width.prepare(kRate, 512);
    const Stereo in = test::noise(5000, 1, 7);
    EXPECT_EQ(test::run(width, in), in);
}

} // namespace
} // namespace loopmind::effects
