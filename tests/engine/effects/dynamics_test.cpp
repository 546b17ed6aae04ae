// Gate, transient shaper and multiband compressor against what their headers promise.
#include "engine/effects/gate.h"
#include "engine/effects/multiband.h"
#include "engine/effects/transient.h"
#include "tests/engine/effects/signals.h"

#include <gtest/gtest.h>

namespace loopmind::effects {
namespace {

using test::Stereo;
constexpr double kRate = 48000;

double db(double amplitude) {
    return 20 * std::log10(std::max(amplitude, 1e-12));
}

float level(double decibels) {
    return static_cast<float>(std::pow(10, decibels / 20));
}

Stereo constant(size_t frames, float value) {
    Stereo out(frames);
    std::fill(out.left.begin(), out.left.end(), value);
    std::fill(out.right.begin(), out.right.end(), value);
    return out;
}

/// Levels in dB, each for so many frames.
Stereo stairs(const std::vector<std::pair<double, size_t>>& steps) {
    Stereo out;
    for (const auto& [decibels, frames] : steps) {
        out.left.insert(out.left.end(), frames, level(decibels));
        out.right.insert(out.right.end(), frames, level(decibels));
    }
    return out;
}

/// Gain in dB at a frame.
double gain_db(const Stereo& out, const Stereo& in, size_t frame) {
    return db(out.left[frame] / in.left[frame]);
}

void plain(Gate& gate) {
    gate.set("threshold_db", -40);
    gate.set("hysteresis_db", 6);
    gate.set("range_db", 60);
    gate.set("attack_ms", 0.1);
    gate.set("hold_ms", 0);
    gate.set("release_ms", 5);
}

TEST(Gate, OpensAtTheThresholdAndClosesBelowTheHysteresis) {
    Gate gate;
    plain(gate);
    gate.prepare(kRate, 512);
    const Stereo in = stairs({{-42, 9600}, {-39, 9600}, {-45.5, 9600}, {-46.5, 9600}, {-41, 9600}});
    const Stereo out = test::run(gate, in);
    EXPECT_NEAR(gain_db(out, in, 9599), -60, 0.1); // not loud enough to open
    EXPECT_NEAR(gain_db(out, in, 19199), 0, 0.01);
    EXPECT_NEAR(gain_db(out, in, 28799), 0, 0.01); // within the hysteresis
    EXPECT_NEAR(gain_db(out, in, 38399), -60, 0.1);
    EXPECT_NEAR(gain_db(out, in, 47999), -60, 0.1); // within the hysteresis, from the other side
}

TEST(Gate, PassesEveryBitOnceOpen) {
    Gate gate;
    plain(gate);
    gate.prepare(kRate, 512);
    const Stereo in = test::sine(48000, kRate, 220, 0.5);
    const Stereo out = test::run(gate, in);
    for (size_t i = 4800; i < in.size(); ++i)
        ASSERT_EQ(out.left[i], in.left[i]) << i;
}

TEST(Gate, HoldsForItsTime) {
    const auto closes_at = [](double hold) {
        Gate gate;
        plain(gate);
        gate.set("hold_ms", hold);
        gate.prepare(kRate, 512);
        const Stereo in = stairs({{-20, 4800}, {-70, 48000}});
        const Stereo out = test::run(gate, in);
        size_t i = 4800;
        while (i < in.size() && gain_db(out, in, i) > -0.5)
            ++i;
        return static_cast<int>(i);
    };
    const int without = closes_at(0);
    // The level falls from -20 to -46 dB in 26 / 8.686 time constants of the detector, then the release
    // begins.
    EXPECT_NEAR(without, 4800 + 26 / 8.686 * Gate::kDecaySeconds * kRate, 30);
    EXPECT_EQ(closes_at(50), without + 2400);
    EXPECT_EQ(closes_at(500), without + 24000);
}

TEST(Gate, KeepsItsTimeConstants) {
    Gate gate;
    plain(gate);
    gate.set("attack_ms", 20);
    gate.set("release_ms", 100);
    gate.set("range_db", 96);
    gate.prepare(kRate, 512);
    const Stereo in = stairs({{-20, 48000}, {-80, 48000}});
    const Stereo out = test::run(gate, in);
    const auto gain = [&](size_t i) { return out.left[i] / in.left[i]; };
    EXPECT_NEAR(gain(959), 1 - std::exp(-1.0), 0.002); // 960 frames are 20 ms
    size_t start = 48000;
    while (gain(start) > 0.999)
        ++start;
    EXPECT_NEAR(gain(start + 4800) / gain(start), std::exp(-1.0), 0.002);
    EXPECT_NEAR(gain(start + 9600) / gain(start), std::exp(-2.0), 0.002);
}

TEST(Gate, ExpandsByItsRatioDownToItsRange) {
    Gate gate;
    plain(gate);
    gate.set("ratio", 3);
    gate.set("range_db", 20);
    gate.prepare(kRate, 512);
    const Stereo in = stairs({{-45, 9600}, {-48, 9600}, {-70, 9600}});
    const Stereo out = test::run(gate, in);
    EXPECT_NEAR(gain_db(out, in, 9599), -10, 0.02);
    EXPECT_NEAR(gain_db(out, in, 19199), -16, 0.02);
    EXPECT_NEAR(gain_db(out, in, 28799), -20, 0.02);
}

TEST(Gate, ListensToItsKeyAheadOfTheSound) {
    Gate gate;
    plain(gate);
    gate.set("lookahead_ms", 2);
    gate.prepare(kRate, 512);
    ASSERT_EQ(gate.latency(), 96);
    Stereo in = constant(4800, 0.5f), key(4800);
    std::fill(key.right.begin() + 2400, key.right.end(), 0.5f);
    gate.process(in.left.data(), in.right.data(), 4800, key.left.data(), key.right.data());
    EXPECT_LT(in.left[2399], 0.5f * 0.0011f);
    EXPECT_NEAR(in.left[2496], 0.5f, 1e-4f);
}

TEST(Transient, LeavesASteadySoundAndSilentSettingsAlone) {
    Transient idle;
    idle.prepare(kRate, 512);
    const Stereo noise = test::noise(9600, 1, 3);
    EXPECT_EQ(test::run(idle, noise), noise);
    Transient busy;
    busy.set("attack_db", 12);
    busy.set("sustain_db", -12);
    busy.prepare(kRate, 512);
    const Stereo in = constant(96000, 0.25f);
    EXPECT_NEAR(gain_db(test::run(busy, in), in, 95999), 0, 0.02);
}

/// A drum: noise-free hits of 220 Hz that fall by 8.7 dB every 60 ms.
Stereo hits(double level_db) {
    Stereo out(96000);
    for (size_t i = 0; i < out.size(); ++i) {
        const double t = static_cast<double>(i % 24000) / kRate;
        out.left[i] = out.right[i] = static_cast<float>(level(level_db) * std::exp(-t / 0.06) *
                                                        std::cos(2 * std::numbers::pi * 220 * t));
    }
    return out;
}

/// RMS gain in dB of the last hit between two times after its onset.
double window_gain_db(const Stereo& out, const Stereo& in, double from, double to) {
    double a = 0, b = 0;
    for (auto i = static_cast<size_t>(72000 + from * kRate); i < static_cast<size_t>(72000 + to * kRate);
         ++i) {
        a += out.left[i] * out.left[i];
        b += in.left[i] * in.left[i];
    }
    return 10 * std::log10(a / b);
}

TEST(Transient, ShapesOnsetsAndDecaysApart) {
    const auto shaped = [](const char* parameter, double amount, double level_db) {
        Transient transient;
        transient.set(parameter, amount);
        transient.prepare(kRate, 512);
        const Stereo in = hits(level_db);
        const Stereo out = test::run(transient, in);
        return std::pair{window_gain_db(out, in, 0.001, 0.008), window_gain_db(out, in, 0.12, 0.3)};
    };
    const auto [onset_up, rest_up] = shaped("attack_db", 10, -6);
    EXPECT_GT(onset_up, 8);
    EXPECT_LT(onset_up, 10.01);
    EXPECT_NEAR(rest_up, 0, 0.5);
    const auto [onset_down, rest_down] = shaped("attack_db", -10, -6);
    EXPECT_NEAR(onset_down, -onset_up, 1.5);
    EXPECT_NEAR(rest_down, 0, 0.5);
    const auto [onset_same, longer] = shaped("sustain_db", 8, -6);
    EXPECT_NEAR(onset_same, 0, 0.5);
    EXPECT_GT(longer, 3);
    const auto [onset_kept, shorter] = shaped("sustain_db", -8, -6);
    EXPECT_NEAR(onset_kept, 0, 0.5);
    EXPECT_LT(shorter, -3);
    // Quiet drums are shaped like loud ones.
    EXPECT_NEAR(shaped("attack_db", 10, -26).first, onset_up, 0.5);
}

TEST(Multiband, CompressesTheBandsOnTheirOwn) {
    // A loud bass in band 1 must not move the level of a tone in band 2.
    const auto levels = [](double bass_db) {
        Multiband multiband;
        multiband.set("crossover1_hz", 200);
        multiband.set("crossover2_hz", 5000);
        multiband.set("knee_db", 0);
        multiband.set("rms", 1);
        for (int b = 1; b <= 3; ++b) {
            const std::string band = "band" + std::to_string(b);
            multiband.set(band + "_threshold_db", -20);
            multiband.set(band + "_ratio", 4);
        }
        multiband.prepare(kRate, 512);
        Stereo in(96000);
        for (size_t i = 0; i < in.size(); ++i) {
            const double t = 2 * std::numbers::pi * static_cast<double>(i) / kRate;
            in.left[i] = in.right[i] =
                static_cast<float>(level(bass_db) * std::sin(40 * t) + level(-30) * std::sin(1000 * t));
        }
        Stereo out = test::run(multiband, in);
        const std::vector<float> end(out.left.end() - 48000, out.left.end()); // whole periods of both
        return std::pair{test::magnitude_db(end, kRate, 40) - db(24000),
                         test::magnitude_db(end, kRate, 1000) - db(24000)};
    };
    const auto [quiet_bass, tone] = levels(-40);
    EXPECT_NEAR(quiet_bass, -40, 0.1);
    EXPECT_NEAR(tone, -30, 0.1);
    const auto [loud_bass, same_tone] = levels(-3);
    EXPECT_NEAR(loud_bass, -20 + (17 - 3.01) / 4 + 3.01, 0.35); // the RMS of 40 Hz ripples
    EXPECT_NEAR(same_tone, -30, 0.1);
}

TEST(Multiband, GainsAndMixTurnOneBandUp) {
    Multiband multiband;
    multiband.set("bands", 4);
    for (int b = 1; b <= 4; ++b)
        multiband.set("band" + std::to_string(b) + "_ratio", 1);
    multiband.set("band3_gain_db", 6);
    multiband.set("crossover2_hz", 1000);
    multiband.set("crossover3_hz", 8000);
    multiband.prepare(kRate, 512);
    const Stereo response = test::run(multiband, test::impulse(32768));
    EXPECT_NEAR(test::magnitude_db(response.left, kRate, 2828), 6, 0.2);
    EXPECT_NEAR(test::magnitude_db(response.left, kRate, 50), 0, 0.1);
    EXPECT_NEAR(test::magnitude_db(response.left, kRate, 20000), 0, 0.2);
    multiband.set("mix", 0);
    multiband.reset();
    const Stereo dry = test::run(multiband, test::impulse(32768));
    for (double probe : {50.0, 150.0, 1000.0, 2828.0, 8000.0, 20000.0})
        EXPECT_NEAR(test::magnitude_db(dry.left, kRate, probe), 0, 0.01) << probe;
}

} // namespace
} // namespace loopmind::effects
