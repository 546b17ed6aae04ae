// Bit crusher, distortion and tape: steps, curves, aliases, bends of pitch and noises.
#include "engine/effects/bitcrusher.h"
#include "engine/effects/distortion.h"
#include "engine/effects/real_fft.h"
#include "engine/effects/tape.h"
#include "tests/engine/effects/signals.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <set>
#include <string>

namespace loopmind::effects {
namespace {

using test::Stereo;
constexpr double kRate = 48000;
constexpr double kTwoPi = 2 * std::numbers::pi;

TEST(Bitcrusher, RoundsToWholeSteps) {
    for (int bits : {1, 2, 4, 8, 12}) {
        Bitcrusher crusher;
        crusher.set("bits", bits);
        crusher.set("rate_hz", 192000);
        crusher.prepare(kRate, 512);
        const Stereo in = test::noise(40000, 1, 1);
        const Stereo out = test::run(crusher, in);
        const double step = std::exp2(1 - bits);
        std::set<float> levels;
        for (size_t i = 0; i < in.size(); ++i) {
            ASSERT_EQ(std::remainder(out.left[i], step), 0) << bits;
            ASSERT_LE(std::abs(out.left[i] - in.left[i]), step / 2 * 1.0001) << bits;
            levels.insert(out.left[i]);
        }
        if (bits <= 8) {
            EXPECT_EQ(levels.size(), (1u << bits) + 1) << bits;
        }
    }
}

TEST(Bitcrusher, HoldsSamples) {
    Bitcrusher crusher;
    crusher.set("bits", 16);
    crusher.set("rate_hz", 8000);
    crusher.prepare(kRate, 512);
    const Stereo in = test::noise(6000, 1, 2);
    const Stereo out = test::run(crusher, in);
    for (size_t i = 0; i < in.size(); ++i)
        ASSERT_NEAR(out.left[i], in.left[i / 6 * 6], 1e-4) << i;
    // A rate that does not divide: 10,000 samples a second.
    Bitcrusher other;
    other.set("bits", 16);
    other.set("rate_hz", 10000);
    other.prepare(kRate, 512);
    const Stereo held = test::run(other, test::noise(48000, 1, 3));
    int changes = 0;
    for (size_t i = 1; i < held.size(); ++i)
        changes += held.left[i] != held.left[i - 1];
    EXPECT_NEAR(changes, 9999, 5);
}

TEST(Bitcrusher, DitherTellsWhatLiesBetweenSteps) {
    for (double dither : {0.0, 1.0}) {
        Bitcrusher crusher;
        crusher.set("bits", 4);
        crusher.set("rate_hz", 192000);
        crusher.set("dither", dither);
        crusher.prepare(kRate, 512);
        Stereo in(100000);
        std::fill(in.left.begin(), in.left.end(), 0.04f); // a third of a step
        double mean = 0;
        const Stereo out = test::run(crusher, in);
        for (float x : out.left)
            mean += x;
        mean /= 100000;
        EXPECT_NEAR(mean, dither > 0 ? 0.04 : 0.0, 0.001);
        EXPECT_EQ(out.right, in.right); // silence stays silent
    }
}

TEST(Distortion, FollowsItsCurves) {
    for (int curve = 0; curve < kCurves; ++curve) {
        Distortion distortion;
        distortion.set("curve", curve);
        distortion.set("drive_db", 18);
        distortion.set("tone_hz", 20000);
        distortion.prepare(kRate, 512);
        const auto latency = static_cast<size_t>(distortion.latency());
        const Stereo in = test::sine(48000, kRate, 200, 0.7);
        const Stereo out = test::run(distortion, in);
        const double gain = Distortion::gain_of(Curve(curve), 18);
        const double makeup = Distortion::makeup_of(Curve(curve), gain);
        // The tube's mean is taken out: compare both without their means, over whole periods.
        double mean_out = 0, mean_wanted = 0;
        std::vector<double> wanted(in.size());
        for (size_t i = 24000; i < 48000; ++i) {
            wanted[i] = makeup * curve_value(Curve(curve), gain * in.left[i - latency]);
            mean_out += out.left[i] / 24000;
            mean_wanted += wanted[i] / 24000;
        }
        for (size_t i = 24000; i < 48000; ++i) {
            // The 5 Hz high-pass turns 200 Hz a little: leave room for that.
            ASSERT_NEAR(out.left[i] - mean_out, wanted[i] - mean_wanted, 0.06 * makeup) << curve << " " << i;
        }
        EXPECT_NEAR(mean_out, 0, 0.02 * makeup) << curve;
    }
}

TEST(Distortion, LatencyIsThatOfBothPaths) {
    for (double rate : {44100.0, 48000.0, 96000.0, 192000.0}) {
        for (int curve = 0; curve < kCurves; ++curve) {
            Distortion distortion;
            distortion.set("curve", curve);
            distortion.set("drive_db", 0);
            distortion.set("tone_hz", 20000);
            distortion.prepare(rate, 512);
            const auto latency = static_cast<size_t>(distortion.latency());
            // Small signals pass every curve: the output is the input with the makeup gain, late.
            const double makeup = Distortion::makeup_of(Curve(curve), 1);
            const Stereo in = test::sine(20000, rate, 0.05 * rate, 0.003);
            const Stereo out = test::run(distortion, in);
            for (size_t i = 10000; i < in.size(); ++i)
                ASSERT_NEAR(out.left[i], makeup * in.left[i - latency], 3e-5) << rate << " " << curve;
        }
    }
}

/// Loudest component up to 20 kHz that is no harmonic, in dB against the fundamental. The sine fits a whole,
/// odd number of periods into the window, so harmonics and aliases lie on bins of their own.
double worst_alias_db(Effect& effect, int periods, double level, double* at_hertz) {
    constexpr int kSize = 65536;
    Stereo in = test::sine(2 * kSize, kRate, periods * kRate / kSize, level);
    const Stereo out = test::run(effect, in);
    RealFft fft(kSize);
    std::vector<float> re(static_cast<size_t>(fft.bins())), im(re);
    fft.forward(out.left.data() + kSize, re.data(), im.data());
    auto power = [&](int k) {
        const auto i = static_cast<size_t>(k);
        return static_cast<double>(re[i]) * re[i] + static_cast<double>(im[i]) * im[i];
    };
    double worst = 0;
    for (int k = 8; k < 20000.0 / kRate * kSize; ++k) {
        if (k % periods == 0 || power(k) <= worst) continue;
        worst = power(k);
        *at_hertz = k * kRate / kSize;
    }
    return 10 * std::log10(worst / power(periods));
}

TEST(Distortion, AliasesStayUnderEightyDecibels) {
    const char* names[] = {"tanh", "hard", "fold", "tube"};
    for (int curve = 0; curve < kCurves; ++curve) {
        double loudest = -300;
        for (int periods : {6829, 8193, 9555, 11471, 13651}) { // 5.0 to 10.0 kHz
            for (double drive : {12.0, 24.0, 36.0}) {
                Distortion distortion;
                distortion.set("curve", curve);
                distortion.set("drive_db", drive);
                distortion.set("tone_hz", 20000);
                distortion.prepare(kRate, 512);
                double hertz = 0;
                const double worst = worst_alias_db(distortion, periods, 1.0, &hertz);
                EXPECT_LT(worst, -80) << names[curve] << " drive " << drive << ", sine at "
                                      << periods * kRate / 65536 << ", alias at " << hertz;
                loudest = std::max(loudest, worst);
            }
        }
        std::printf("aliasing of %s at full scale, 5-10 kHz, up to 36 dB of drive: %.1f dB\n", names[curve],
                    loudest);
        RecordProperty(std::string("worst_alias_db_") + names[curve], std::to_string(loudest));
    }
}

TEST(Distortion, CurveChangesWithoutAClick) {
    Distortion distortion;
    distortion.set("drive_db", 12);
    distortion.prepare(kRate, 512);
    Stereo out = test::sine(19200, kRate, 100, 0.25);
    distortion.process(out.left.data(), out.right.data(), 9600);
    distortion.set("curve", 3);
    distortion.process(out.left.data() + 9600, out.right.data() + 9600, 9600);
    for (size_t i = 1000; i < out.size(); ++i)
        ASSERT_LT(std::abs(out.left[i] - out.left[i - 1]), 0.03f) << i;
}

std::vector<float> tail_of(const Stereo& x, size_t from) {
    return {x.left.begin() + static_cast<long>(from), x.left.end()};
}

double rms_db(const std::vector<float>& x) {
    double sum = 0;
    for (float v : x)
        sum += static_cast<double>(v) * v;
    return 10 * std::log10(sum / static_cast<double>(x.size()));
}

void quiet_tape(Tape& tape) {
    for (const char* name : {"drive", "wow", "flutter", "head_bump_db", "crackle"})
        tape.set(name, 0);
    tape.set("tone_hz", 20000);
}

TEST(Tape, OnlyDelaysWhenEverythingIsOff) {
    for (double rate : {44100.0, 48000.0, 96000.0}) {
        Tape tape;
        quiet_tape(tape);
        tape.prepare(rate, 512);
        const auto latency = static_cast<size_t>(tape.latency());
        const Stereo in = test::sine(20000, rate, 3000, 0.5);
        const Stereo out = test::run(tape, in);
        for (size_t i = 5000; i < in.size(); ++i)
            ASSERT_NEAR(out.left[i], in.left[i - latency], 1e-4) << rate;
    }
}

TEST(Tape, WowAndFlutterBendThePitchAsTold) {
    for (const auto& [name, deepest] : {std::pair{"wow", 0.01}, std::pair{"flutter", 0.005}}) {
        Tape tape;
        quiet_tape(tape);
        tape.set(name, 1);
        tape.prepare(kRate, 512);
        const Stereo out = test::run(tape, test::sine(480000, kRate, 1000, 0.5));
        // Pitch from the times of rising zero crossings, ten periods at a time.
        std::vector<double> crossings;
        for (size_t i = 5000; i + 1 < out.size(); ++i) {
            if (out.left[i] < 0 && out.left[i + 1] >= 0) {
                crossings.push_back(static_cast<double>(i) +
                                    out.left[i] / (static_cast<double>(out.left[i]) - out.left[i + 1]));
            }
        }
        double lowest = 2, highest = 0;
        for (size_t i = 10; i < crossings.size(); ++i) {
            const double bend = 480 / (crossings[i] - crossings[i - 10]);
            lowest = std::min(lowest, bend);
            highest = std::max(highest, bend);
        }
        EXPECT_NEAR(highest - 1, deepest, 0.12 * deepest) << name;
        EXPECT_NEAR(1 - lowest, deepest, 0.12 * deepest) << name;
    }
}

TEST(Tape, HeadBumpAndTrebleFollowTheirSections) {
    Tape tape;
    quiet_tape(tape);
    tape.set("head_bump_db", 5);
    tape.set("tone_hz", 6000);
    tape.prepare(kRate, 512);
    const Stereo h = test::run(tape, test::impulse(65536, 0.5f));
    using C = BiquadCoefficients;
    for (double probe : {50.0, 80.0, 120.0, 1000.0, 6000.0, 12000.0}) {
        const double wanted = C::peak(kRate, 80, 0.9, 5).magnitude_db(kRate, probe) +
                              C::high_pass(kRate, 25, 0.7071).magnitude_db(kRate, probe) +
                              C::low_pass(kRate, 6000, 0.7071).magnitude_db(kRate, probe) - 6.02;
        EXPECT_NEAR(test::magnitude_db(h.left, kRate, probe), wanted, 0.05) << probe;
    }
}

TEST(Tape, NoisesHaveTheLevelsTheyTell) {
    for (double db : {-70.0, -50.0}) {
        Tape tape;
        quiet_tape(tape);
        tape.set("hiss_db", db);
        tape.prepare(kRate, 512);
        const Stereo out = test::run(tape, Stereo(96000));
        EXPECT_NEAR(rms_db(tail_of(out, 0)), db, 0.3);
        double both = 0, one = 0;
        for (size_t i = 0; i < out.size(); ++i) {
            both += out.left[i] * out.right[i];
            one += out.left[i] * out.left[i];
        }
        EXPECT_LT(std::abs(both / one), 0.02); // sides of their own
    }
    for (int sixty : {0, 1}) {
        Tape tape;
        quiet_tape(tape);
        tape.set("hum_db", -40);
        tape.set("hum_60", sixty);
        tape.prepare(kRate, 512);
        const Stereo out = test::run(tape, Stereo(96000));
        const double mains = sixty ? 60 : 50;
        EXPECT_NEAR(test::magnitude_db(out.left, kRate, mains) - 20 * std::log10(48000), -40 - 4.44, 0.2);
        EXPECT_LT(test::magnitude_db(out.left, kRate, sixty ? 50 : 60), -20);
    }
    Tape tape;
    quiet_tape(tape);
    tape.set("crackle", 0.8);
    tape.prepare(kRate, 512);
    const Stereo out = test::run(tape, Stereo(480000));
    int clicks = 0;
    size_t last = 0;
    for (size_t i = 0; i < out.size(); ++i) {
        if (std::abs(out.left[i]) + std::abs(out.right[i]) > 0.004f && i > last + 240) {
            ++clicks;
            last = i;
        }
    }
    EXPECT_GT(clicks, 60);
    EXPECT_LT(clicks, 200);
}

TEST(Tape, SaturationHoldsTheLevelOfAReferenceTone) {
    for (double drive : {0.0, 0.3, 1.0}) {
        Tape tape;
        quiet_tape(tape);
        tape.set("drive", drive);
        tape.prepare(kRate, 512);
        const Stereo out = test::run(tape, test::sine(48000, kRate, 500, 0.25));
        const auto late = tail_of(out, 24000);
        EXPECT_NEAR(*std::max_element(late.begin(), late.end()), 0.25, 0.01) << drive;
        const double third = test::magnitude_db(late, kRate, 1500) - test::magnitude_db(late, kRate, 500);
        if (drive == 0) {
            EXPECT_LT(third, -90);
        } else {
            EXPECT_GT(third, drive > 0.5 ? -22 : -50);
        }
    }
}

} // namespace
} // namespace loopmind::effects
