// Drive: clean at zero, the curve it promises, and aliasing far below the signal.
#include "engine/effects/drive.h"
#include "tests/engine/effects/signals.h"

#include <gtest/gtest.h>

namespace loopmind::effects {
namespace {

using test::Stereo;
constexpr double kRate = 48000;

TEST(Drive, AmountZeroOnlyDelays) {
    Drive drive;
    drive.set("amount", 0);
    drive.prepare(kRate, 512);
    const Stereo in = test::noise(5000, 1, 1);
    const Stereo out = test::run(drive, in);
    const auto latency = static_cast<size_t>(drive.latency());
    for (size_t i = latency; i < in.size(); ++i)
        ASSERT_EQ(out.left[i], in.left[i - latency]);
}

TEST(Drive, LatencyIsThatOfTheDrivenSound) {
    Drive drive;
    drive.set("amount", 0.5);
    drive.prepare(kRate, 512);
    const Stereo out = test::run(drive, test::impulse(256, 0.1f));
    size_t at = 0;
    for (size_t i = 0; i < out.size(); ++i) {
        if (std::abs(out.left[i]) > std::abs(out.left[at])) at = i;
    }
    EXPECT_EQ(at, static_cast<size_t>(drive.latency()));
}

TEST(Drive, FollowsItsCurve) {
    // A slow sine passes the oversampling unchanged, so samples show the static curve.
    Drive drive;
    drive.set("amount", 0.75);
    drive.prepare(kRate, 512);
    const Stereo in = test::sine(9600, kRate, 50, 0.8);
    const Stereo out = test::run(drive, in);
    const double gain = std::pow(10, 24 * 0.75 / 20);
    const double makeup = std::sqrt(1 + gain * gain / 16) / gain;
    for (size_t i = 2000; i < in.size(); ++i) {
        const double x = gain * in.left[i - 32];
        ASSERT_NEAR(out.left[i], makeup * x / std::sqrt(1 + x * x), 2e-3) << i;
    }
}

TEST(Drive, AliasesLittle) {
    // 5 kHz at moderate depth: harmonics fall at 15 and beyond; what lands anywhere else is aliasing.
    Drive drive;
    drive.set("amount", 0.5);
    drive.prepare(kRate, 512);
    const double hertz = 5015.625; // whole periods in 32768 frames
    Stereo out = test::run(drive, test::sine(65536, kRate, hertz, 0.25));
    std::vector<float> x(out.left.begin() + 32768, out.left.end());
    for (size_t i = 0; i < x.size(); ++i) {
        const double t = 2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(x.size());
        x[i] *= static_cast<float>(0.42 - 0.5 * std::cos(t) + 0.08 * std::cos(2 * t));
    }
    const double carrier = test::magnitude_db(x, kRate, hertz);
    double worst = -200;
    double where = 0;
    for (double probe = 997; probe < 20000; probe += 83.7) {
        if (std::abs(std::remainder(probe, hertz)) < 30) continue;
        const double level = test::magnitude_db(x, kRate, probe) - carrier;
        if (level > worst) worst = level, where = probe;
    }
    // The odd harmonics of 5015.6 Hz fold at 48 kHz onto k * 48000 - n * 5015.6: probe those exactly as well.
    for (int n = 5; n < 41; n += 2) {
        double folded = std::fmod(n * hertz, kRate);
        if (folded > kRate / 2) folded = kRate - folded;
        if (folded > 20000 || std::abs(std::remainder(folded, hertz)) < 30) continue;
        const double level = test::magnitude_db(x, kRate, folded) - carrier;
        if (level > worst) worst = level, where = folded;
    }
    RecordProperty("worst_alias_db", std::to_string(worst));
    EXPECT_LT(worst, -80) << "at " << where;
}

} // namespace
} // namespace loopmind::effects
