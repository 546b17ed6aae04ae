// Chorus, flanger, phaser and auto-pan against their formulas: combs, all-passes, delays and gains.
#include "engine/effects/autopan.h"
#include "engine/effects/chorus.h"
#include "engine/effects/flanger.h"
#include "engine/effects/phaser.h"
#include "tests/engine/effects/signals.h"

#include <gtest/gtest.h>

#include <complex>
#include <map>
#include <string>

namespace loopmind::effects {
namespace {

using test::Stereo;
using Complex = std::complex<double>;
constexpr double kRate = 48000;
constexpr double kTwoPi = 2 * std::numbers::pi;

void prepare(Effect& effect, const std::map<std::string, double>& settings) {
    for (const auto& [name, value] : settings)
        ASSERT_TRUE(effect.set(name, value)) << name;
    effect.prepare(kRate, 512);
}

/// z^-1 at a frequency.
Complex back(double hertz) {
    return std::polar(1.0, -kTwoPi * hertz / kRate);
}

double db(Complex h) {
    return 20 * std::log10(std::abs(h));
}

Complex response(const std::vector<float>& x, double hertz) {
    Complex sum = 0;
    for (size_t i = 0; i < x.size(); ++i)
        sum += static_cast<double>(x[i]) * std::pow(back(hertz), static_cast<double>(i));
    return sum;
}

/// A signal that tells its own time: out of a delay comes the delay, interpolated exactly by any polynomial.
Stereo ramp(size_t frames) {
    Stereo out(frames);
    for (size_t i = 0; i < frames; ++i)
        out.left[i] = out.right[i] = static_cast<float>(i) / static_cast<float>(frames);
    return out;
}

std::vector<double> delays(const std::vector<float>& x) {
    std::vector<double> out(x.size());
    for (size_t i = 0; i < x.size(); ++i)
        out[i] = static_cast<double>(i) - static_cast<double>(x[i]) * static_cast<double>(x.size());
    return out;
}

TEST(Chorus, OneStillVoiceIsAComb) {
    Chorus chorus;
    prepare(chorus, {{"depth_ms", 0}, {"voices", 1}, {"delay_ms", 10}, {"mix", 0.5}, {"low_cut_hz", 10}});
    const Stereo h = test::run(chorus, test::impulse(2048));
    for (double hertz : {100.0, 1000.0, 1025.0, 4370.0, 12075.0})
        EXPECT_NEAR(db(response(h.left, hertz)), db(0.5 + 0.5 * std::pow(back(hertz), 480)), 0.01) << hertz;
    for (double notch : {50.0, 1050.0, 9950.0})
        EXPECT_LT(db(response(h.left, notch)), -80) << notch;
}

TEST(Chorus, DelaysBetweenSamplesKeepTheTreble) {
    Chorus chorus;
    prepare(chorus,
            {{"depth_ms", 0}, {"voices", 1}, {"delay_ms", 480.5 / 48}, {"mix", 1}, {"low_cut_hz", 10}});
    const Stereo h = test::run(chorus, test::impulse(2048));
    for (double hertz : {500.0, 4000.0, 8000.0}) {
        const Complex wanted = std::pow(back(hertz), 480.5);
        EXPECT_NEAR(db(response(h.left, hertz)), 0, hertz < 5000 ? 0.1 : 1.0) << hertz;
        EXPECT_NEAR(std::arg(response(h.left, hertz) / wanted), 0, 1e-3) << hertz;
    }
}

TEST(Chorus, VoicesSwingAsTold) {
    Chorus chorus;
    prepare(chorus, {{"depth_ms", 2},
                     {"voices", 1},
                     {"delay_ms", 12},
                     {"mix", 1},
                     {"low_cut_hz", 10},
                     {"rate_hz", 2},
                     {"spread", 1}});
    const Stereo out = test::run(chorus, ramp(48000));
    const auto left = delays(out.left), right = delays(out.right);
    for (size_t i = 2000; i < 48000; i += 97) {
        const double swing = 2 * 48 * std::sin(kTwoPi * 2 * static_cast<double>(i + 1) / kRate);
        ASSERT_NEAR(left[i], 12 * 48 + swing, 0.05) << i;
        ASSERT_NEAR(right[i], 12 * 48 - swing, 0.05) << i; // spread 1: opposite
    }
}

TEST(Chorus, VoicesHoldTheLoudness) {
    double one = 0;
    for (int voices : {1, 2, 3, 4, 5, 6}) {
        Chorus chorus;
        prepare(chorus, {{"mix", 1}, {"voices", voices}});
        const Stereo out = test::run(chorus, test::noise(96000, 0.5f, 3));
        double power = 0;
        for (float x : out.left)
            power += x * x;
        if (voices == 1) one = power;
        EXPECT_NEAR(10 * std::log10(power / one), 0, 0.5) << voices;
    }
}

TEST(Flanger, IsARecursiveComb) {
    for (double feedback : {-0.7, 0.0, 0.6}) {
        for (double mix : {0.5, 1.0}) {
            Flanger flanger;
            prepare(flanger, {{"depth_ms", 0}, {"delay_ms", 1}, {"feedback", feedback}, {"mix", mix}});
            EXPECT_EQ(flanger.latency(), 0);
            const Stereo h = test::run(flanger, test::impulse(8192));
            for (double hertz : {60.0, 250.0, 500.0, 777.0, 1000.0, 6500.0, 13130.0}) {
                const Complex z = std::pow(back(hertz), 48);
                const Complex wanted = (1 - mix) + mix * z / (1.0 - feedback * z);
                if (std::abs(wanted) < 1e-3) {
                    EXPECT_LT(db(response(h.left, hertz)), -60);
                } else {
                    EXPECT_NEAR(db(response(h.left, hertz)), db(wanted), 0.02) << feedback << " " << hertz;
                }
            }
        }
    }
}

TEST(Flanger, GoesThroughZero) {
    Flanger flanger;
    prepare(
        flanger,
        {{"depth_ms", 2}, {"rate_hz", 1}, {"feedback", 0}, {"mix", 1}, {"through_zero", 1}, {"spread", 0}});
    EXPECT_EQ(flanger.latency(), 288);
    const auto delay = delays(test::run(flanger, ramp(48000)).left);
    for (size_t i = 2000; i < 48000; i += 101) {
        const double swing = 2 * 48 * std::sin(kTwoPi * static_cast<double>(i + 1) / kRate);
        ASSERT_NEAR(delay[i], 288 + swing, 0.05) << i;
    }
    // With no swing both paths meet: the input, late by what it tells.
    Flanger still;
    prepare(still, {{"depth_ms", 0}, {"feedback", 0}, {"mix", 0.5}, {"through_zero", 1}});
    const Stereo in = test::noise(4000, 0.9f, 5);
    const Stereo out = test::run(still, in);
    for (size_t i = 288; i < in.size(); ++i)
        ASSERT_NEAR(out.left[i], in.left[i - 288], 1e-6f);
}

TEST(Flanger, SwingsInBeats) {
    Flanger flanger;
    prepare(flanger, {{"depth_ms", 2},
                      {"delay_ms", 3},
                      {"sync", 1},
                      {"beats", 2},
                      {"tempo", 150},
                      {"feedback", 0},
                      {"mix", 1},
                      {"spread", 0}});
    const auto delay = delays(test::run(flanger, ramp(96000)).left);
    const double period = 2 * 60 / 150.0 * kRate;
    for (size_t i = 2000; i < 96000; i += 211) {
        const double swing = 48 * (1 + std::sin(kTwoPi * static_cast<double>(i + 1) / period));
        ASSERT_NEAR(delay[i], 3 * 48 + swing, 0.1) << i;
    }
}

TEST(Phaser, IsAnAllPassChain) {
    for (int stages = 2; stages <= 12; ++stages) {
        Phaser phaser;
        prepare(phaser,
                {{"depth_octaves", 0}, {"centre_hz", 900}, {"stages", stages}, {"feedback", 0}, {"mix", 1}});
        const Stereo h = test::run(phaser, test::impulse(16384));
        const double t = std::tan(std::numbers::pi * 900 / kRate);
        const double c = (t - 1) / (t + 1);
        for (double hertz : {40.0, 300.0, 900.0, 2500.0, 11000.0, 20000.0}) {
            const Complex z = back(hertz);
            const Complex wanted = std::pow((c + z) / (1.0 + c * z), stages);
            const Complex measured = response(h.left, hertz);
            EXPECT_NEAR(db(measured), 0, 0.001) << stages << " at " << hertz;
            EXPECT_NEAR(std::abs(measured - wanted), 0, 2e-4) << stages << " at " << hertz;
        }
    }
}

TEST(Phaser, NotchesAndResonatesAsItsFormula) {
    for (double feedback : {-0.5, 0.0, 0.7}) {
        Phaser phaser;
        prepare(
            phaser,
            {{"depth_octaves", 0}, {"centre_hz", 1200}, {"stages", 4}, {"feedback", feedback}, {"mix", 0.5}});
        const Stereo h = test::run(phaser, test::impulse(32768));
        const double t = std::tan(std::numbers::pi * 1200 / kRate);
        const double c = (t - 1) / (t + 1);
        for (double hertz : {100.0, 350.0, 1200.0, 1900.0, 4100.0, 9000.0}) {
            const Complex z = back(hertz);
            const Complex chain = std::pow((c + z) / (1.0 + c * z), 4);
            const Complex wanted = 0.5 + 0.5 * chain / (1.0 - feedback * z * chain);
            EXPECT_NEAR(std::abs(response(h.left, hertz) - wanted), 0, 5e-4) << feedback << " at " << hertz;
        }
        // Four stages turn by 180 degrees where each turns by 45: f tan(22.5) and f / tan(22.5), warped.
        if (feedback == 0) {
            for (double tangent : {std::tan(std::numbers::pi / 8), 1 / std::tan(std::numbers::pi / 8)}) {
                const double notch = kRate / std::numbers::pi * std::atan(t * tangent);
                EXPECT_LT(db(response(h.left, notch)), -60) << notch;
            }
        }
    }
}

TEST(Phaser, NumberOfStagesChangesWithoutAClick) {
    Phaser phaser;
    prepare(phaser, {{"stages", 4}, {"depth_octaves", 0}, {"feedback", 0}});
    const Stereo in = test::sine(9600, kRate, 200, 0.5);
    Stereo out = in;
    phaser.process(out.left.data(), out.right.data(), 4800);
    phaser.set("stages", 12);
    phaser.process(out.left.data() + 4800, out.right.data() + 4800, 4800);
    for (size_t i = 1000; i < out.size(); ++i)
        ASSERT_LT(std::abs(out.left[i] - out.left[i - 1]), 0.05f) << i;
}

Stereo gains_of(const std::map<std::string, double>& settings, size_t frames) {
    Autopan autopan;
    prepare(autopan, settings);
    Stereo ones(frames);
    std::fill(ones.left.begin(), ones.left.end(), 1.0f);
    std::fill(ones.right.begin(), ones.right.end(), 1.0f);
    return test::run(autopan, ones);
}

TEST(Autopan, MovesAtConstantPower) {
    for (int shape = 0; shape < 4; ++shape) {
        const Stereo out = gains_of({{"depth", 1}, {"shape", shape}, {"sync", 0}, {"rate_hz", 3}}, 48000);
        double lowest = 9, highest = 0;
        for (size_t i = 0; i < out.size(); ++i) {
            const double power = out.left[i] * out.left[i] + out.right[i] * out.right[i];
            // Between ticks gains go straight: a hard edge dips a little there.
            ASSERT_NEAR(power, 2, shape < 2 ? 0.01 : 1.2) << shape << " " << i;
            lowest = std::min<double>(lowest, out.left[i]);
            highest = std::max<double>(highest, out.left[i]);
        }
        EXPECT_LT(lowest, 0.05) << shape;
        EXPECT_GT(highest, 1.40) << shape;
    }
}

TEST(Autopan, KeepsTheTempo) {
    // Two beats at 140 BPM; a sine from the middle to the left first (the left's gain rises).
    const Stereo out = gains_of(
        {{"depth", 0.6}, {"shape", 0}, {"sync", 1}, {"beats", 2}, {"tempo", 140}, {"smooth_ms", 0}}, 96000);
    const double period = 2 * 60 / 140.0 * kRate;
    for (size_t i = 0; i < out.size(); i += 173) {
        const double s = std::sin(kTwoPi * static_cast<double>(i + 1) / period);
        const double angle = std::numbers::pi / 4 * (1 + 0.6 * s);
        ASSERT_NEAR(out.left[i], std::numbers::sqrt2 * std::sin(angle), 2e-3) << i;
        ASSERT_NEAR(out.right[i], std::numbers::sqrt2 * std::cos(angle), 2e-3) << i;
    }
}

TEST(Autopan, IsATremoloWithoutSpread) {
    const Stereo out = gains_of({{"depth", 0.5}, {"spread", 0}, {"sync", 0}, {"rate_hz", 5}}, 24000);
    EXPECT_EQ(out.left, out.right);
    const auto [low, high] = std::minmax_element(out.left.begin(), out.left.end());
    EXPECT_LT(*low, 0.6f);
    EXPECT_GT(*high, 1.25f);
}

TEST(Autopan, BeginsAtItsPhase) {
    const Stereo out =
        gains_of({{"depth", 1}, {"phase_deg", 90}, {"sync", 0}, {"rate_hz", 1}, {"smooth_ms", 0}}, 4800);
    EXPECT_NEAR(out.left[0], std::numbers::sqrt2, 1e-3);
    EXPECT_NEAR(out.right[0], 0, 0.01);
}

} // namespace
} // namespace loopmind::effects
