// The pitch shifter: cents, latency, cleanness, chords and the stereo image.
#include "engine/effects/pitch.h"
#include "engine/effects/real_fft.h"
#include "tests/engine/effects/signals.h"

#include <gtest/gtest.h>

#include <cstdio>

namespace loopmind::effects {
namespace {

using test::Stereo;
constexpr double kRate = 48000;

Stereo shifted(const Stereo& in, double semitones, double cents = 0) {
    Pitch pitch;
    pitch.set("semitones", semitones);
    pitch.set("cents", cents);
    pitch.prepare(kRate, 512);
    return test::run(pitch, in);
}

/// Frequency of the component nearest to `hertz`: the phase advance between two Hann windows 8,192 frames
/// apart.
double frequency_near(const std::vector<float>& x, double hertz) {
    auto phase = [&](size_t from) {
        std::complex<double> sum = 0;
        const size_t size = 32768;
        for (size_t i = 0; i < size; ++i) {
            const double t = 2 * std::numbers::pi * static_cast<double>(i) / size;
            sum += (0.5 - 0.5 * std::cos(t)) * x[from + i] *
                   std::polar(1.0, -2 * std::numbers::pi * hertz * static_cast<double>(from + i) / kRate);
        }
        return sum;
    };
    const size_t hop = 8192;
    const double turned = std::arg(phase(16384 + hop) / phase(16384));
    return hertz + turned / (2 * std::numbers::pi) * kRate / hop;
}

TEST(Pitch, ShiftsToTheCent) {
    double worst = 0;
    for (double hertz : {82.41, 220.0, 440.0, 1318.5, 5000.0}) {
        for (double semitones : {-12.0, -7.0, -1.0, 1.0, 4.0, 12.0}) {
            for (double cents : {0.0, 37.0}) {
                const double ratio = std::exp2((semitones + cents / 100) / 12);
                const Stereo out = shifted(test::sine(65536, kRate, hertz, 0.5), semitones, cents);
                const double measured = frequency_near(out.left, hertz * ratio);
                const double off = 1200 * std::log2(measured / (hertz * ratio));
                EXPECT_LT(std::abs(off), 3) << hertz << " by " << semitones << " " << cents;
                worst = std::max(worst, std::abs(off));
                // And the tone is there, at its level.
                double power = 0;
                for (size_t i = 16384; i < 65536; ++i)
                    power += out.left[i] * out.left[i] / 49152.0;
                EXPECT_NEAR(10 * std::log10(power / 0.125), 0, 1.0) << hertz << " by " << semitones;
            }
        }
    }
    std::printf("pitch: worst deviation %.4f cents\n", worst);
    RecordProperty("worst_cents", std::to_string(worst));
}

TEST(Pitch, ShiftsEveryToneOfAChord) {
    Stereo in(65536);
    const double tones[] = {220.0, 277.18, 329.63, 880.0};
    for (double hertz : tones) {
        const Stereo tone = test::sine(65536, kRate, hertz, 0.15, hertz);
        for (size_t i = 0; i < in.size(); ++i) {
            in.left[i] += tone.left[i];
            in.right[i] += tone.right[i];
        }
    }
    for (double semitones : {-5.0, 3.0, 7.0}) {
        const Stereo out = shifted(in, semitones);
        for (double hertz : tones) {
            const double wanted = hertz * std::exp2(semitones / 12);
            EXPECT_LT(std::abs(1200 * std::log2(frequency_near(out.left, wanted) / wanted)), 3)
                << hertz << " by " << semitones;
        }
    }
}

TEST(Pitch, NoShiftIsTheInputLate) {
    Pitch pitch;
    pitch.prepare(kRate, 512);
    const auto latency = static_cast<size_t>(pitch.latency());
    const Stereo in = test::noise(30000, 0.5f, 1);
    const Stereo out = test::run(pitch, in);
    for (size_t i = latency; i < in.size(); ++i)
        ASSERT_NEAR(out.left[i], in.left[i - latency], 1e-6f) << i;
}

TEST(Pitch, LatencyIsAsTold) {
    // A burst with a smooth envelope: its centre of energy comes out late by what is told, whatever the
    // shift.
    for (double semitones : {-12.0, -3.0, 5.0, 12.0}) {
        Stereo in = test::sine(48000, kRate, 1000, 0.5);
        auto centre = [](const std::vector<float>& x) {
            double sum = 0, weight = 0;
            for (size_t i = 0; i < x.size(); ++i) {
                sum += static_cast<double>(i) * x[i] * x[i];
                weight += static_cast<double>(x[i]) * x[i];
            }
            return sum / weight;
        };
        for (size_t i = 0; i < in.size(); ++i) {
            const double t = (static_cast<double>(i) - 16000) / 3000;
            const auto envelope = static_cast<float>(std::exp(-t * t));
            in.left[i] *= envelope;
            in.right[i] *= envelope;
        }
        Pitch pitch;
        pitch.set("semitones", semitones);
        pitch.prepare(kRate, 512);
        const Stereo out = test::run(pitch, in);
        EXPECT_NEAR(centre(out.left) - centre(in.left), pitch.latency(), 0.002 * kRate) << semitones;
    }
}

TEST(Pitch, IsCleanOnATone) {
    // What is not the shifted tone, after the beginning.
    double worst = -200;
    for (double hertz : {220.0, 997.0, 3000.0}) {
        for (double semitones : {-7.0, 0.37, 3.0, 12.0}) {
            const Stereo out = shifted(test::sine(65536, kRate, hertz, 0.5), std::floor(semitones),
                                       100 * (semitones - std::floor(semitones)));
            const double wanted = hertz * std::exp2(semitones / 12);
            const size_t from = 16384, count = 32768;
            // Take the best-fitting sine away.
            double cc = 0, ss = 0, cs = 0, xc = 0, xs = 0, power = 0;
            for (size_t i = from; i < from + count; ++i) {
                const double t = 2 * std::numbers::pi * wanted * static_cast<double>(i) / kRate;
                const double c = std::cos(t), s = std::sin(t);
                cc += c * c, ss += s * s, cs += c * s, xc += out.left[i] * c, xs += out.left[i] * s;
                power += out.left[i] * out.left[i];
            }
            const double det = cc * ss - cs * cs;
            const double a = (xc * ss - xs * cs) / det, b = (xs * cc - xc * cs) / det;
            const double rest = power - (a * xc + b * xs);
            worst = std::max(worst, 10 * std::log10(rest / power));
        }
    }
    std::printf("pitch: rest beside the tone %.1f dB\n", worst);
    EXPECT_LT(worst, -35);
}

TEST(Pitch, KeepsStrokesTogether) {
    for (double semitones : {-12.0, -5.0, 5.0, 12.0}) {
        Pitch pitch;
        pitch.set("semitones", semitones);
        pitch.prepare(kRate, 512);
        Stereo in(96000);
        std::vector<size_t> strokes;
        for (size_t at = 9000; at < 90000; at += 12345) {
            strokes.push_back(at);
            for (size_t i = 0; i < 200; ++i) {
                const double t = static_cast<double>(i);
                in.left[at + i] = in.right[at + i] =
                    static_cast<float>(std::exp(-t / 40) * std::sin(0.7 * t));
            }
        }
        const Stereo out = test::run(pitch, in);
        double near = 0, all = 0;
        for (float x : out.left)
            all += x * x;
        for (size_t at : strokes) {
            const size_t late = at + static_cast<size_t>(pitch.latency());
            for (size_t i = late - 240; i < late + 480; ++i) // 5 ms before to 10 ms after
                near += out.left[i] * out.left[i];
        }
        EXPECT_GT(near / all, 0.95) << semitones;
    }
}

TEST(Pitch, KeepsTheStereoImage) {
    Stereo in = test::sine(48000, kRate, 600, 0.5);
    for (auto& x : in.right)
        x *= -0.25f;
    const Stereo out = shifted(in, 4);
    for (size_t i = 8192; i < out.size(); ++i)
        ASSERT_NEAR(out.right[i], -0.25f * out.left[i], 1e-4f);
}

} // namespace
} // namespace loopmind::effects
