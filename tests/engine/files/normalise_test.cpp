// Loudness of exports: the target is met, the ceiling holds, judged by ffmpeg too.
#include "engine/files/normalise.h"
#include "engine/metering/loudness.h"
#include "tests/engine/files/audio_example.h"
#include "tests/engine/files/test_folder.h"

#include <gtest/gtest.h>

#include <random>

namespace loopmind::files {
namespace {

/// Drums over a pad: peaks far above the loudness. The noise has a zero at half the rate, as recordings have:
/// what lies in a meter's own transition band is read up to 0.2 dB apart by libebur128, ffmpeg and soxr.
Audio programme(int rate, double seconds, double level) {
    std::mt19937 random(4);
    double last = 0, before = 0;
    Audio out(2, std::vector<float>(static_cast<std::size_t>(rate * seconds)));
    for (std::size_t i = 0; i < out[0].size(); ++i) {
        const double t = static_cast<double>(i) / rate, beat = std::fmod(t, 0.5);
        const double draw = static_cast<double>(random()) / 4294967296.0 - 0.5;
        const double noise = 0.25 * draw + 0.5 * last + 0.25 * before;
        before = last;
        last = draw;
        const double hit = std::exp(-30 * beat) * (1.6 * noise + std::sin(2 * std::numbers::pi * 60 * beat));
        const double pad = 0.1 * std::sin(2 * std::numbers::pi * 220 * t);
        out[0][i] = static_cast<float>(level * (hit + pad));
        out[1][i] = static_cast<float>(level * (0.8 * hit + pad));
    }
    return out;
}

TEST(Normalise, AGainIsEnoughWherePeaksAllow) {
    Audio audio = programme(48000, 8, 0.5);
    const auto plan = normalise(audio[0], audio[1], 48000, {.lufs = -30, .ceiling_db = -1});
    ASSERT_TRUE(plan.ok());
    EXPECT_FALSE(plan->limiter);
    EXPECT_TRUE(plan->reached);
    const auto measured = metering::measure_loudness(audio[0], audio[1], 48000);
    EXPECT_NEAR(measured->integrated_lufs, -30, 0.01);
    EXPECT_NEAR(measured->true_peak_db, plan->true_peak_after_db, 0.05); // of two meters the higher
}

TEST(Normalise, TheLimiterHoldsTheCeilingAndTheLoudness) {
    for (const int rate : {44100, 48000, 96000}) {
        Audio audio = programme(rate, 8, 0.5);
        const std::size_t frames = audio[0].size();
        const auto plan = normalise(audio[0], audio[1], rate, {.lufs = -14, .ceiling_db = -1});
        ASSERT_TRUE(plan.ok());
        EXPECT_TRUE(plan->limiter);
        EXPECT_TRUE(plan->reached) << plan->lufs_after;
        EXPECT_EQ(audio[0].size(), frames);
        const auto measured = metering::measure_loudness(audio[0], audio[1], rate);
        EXPECT_NEAR(measured->integrated_lufs, -14, 0.1);
        EXPECT_LE(measured->true_peak_db, -1);
        EXPECT_NEAR(measured->integrated_lufs, plan->lufs_after, 0.001);
    }
}

TEST(Normalise, FfmpegAgrees) {
    const TestFolder folder;
    Audio audio = programme(48000, 8, 0.4);
    ASSERT_TRUE(normalise(audio[0], audio[1], 48000, {.lufs = -14, .ceiling_db = -1}).ok());
    ASSERT_TRUE(write_audio(folder / "n.wav", views(audio), {}).ok());
    const auto run = run_program("ffmpeg -hide_banner -nostats -i '" + (folder / "n.wav").string() +
                                 "' -af ebur128=peak=true -f null -");
    const std::size_t summary = run.output.rfind("Summary:");
    ASSERT_NE(summary, std::string::npos) << run.output;
    EXPECT_NEAR(std::strtod(run.output.c_str() + run.output.find("I:", summary) + 2, nullptr), -14, 0.1);
    EXPECT_LE(std::strtod(run.output.c_str() + run.output.find("Peak:", summary) + 5, nullptr), -1.0);
}

TEST(Normalise, WithoutLimiterTheCeilingWins) {
    Audio audio = programme(48000, 8, 0.5);
    const auto plan = normalise(audio[0], audio[1], 48000, {.lufs = -8, .ceiling_db = -1, .limit = false});
    ASSERT_TRUE(plan.ok());
    EXPECT_FALSE(plan->limiter);
    EXPECT_FALSE(plan->reached);
    EXPECT_NEAR(metering::measure_loudness(audio[0], audio[1], 48000)->true_peak_db, -1, 0.05);
}

TEST(Normalise, NothingStaysInItsPlaceAndSilenceStaysSilent) {
    // The limiter's delay is taken out: away from what it turns down, the output is the input times the gain.
    Audio audio = programme(48000, 4, 0.5);
    const Audio before = audio;
    const auto plan = normalise(audio[0], audio[1], 48000, {.lufs = -16});
    ASSERT_TRUE(plan.ok());
    ASSERT_TRUE(plan->limiter);
    const double gain = std::pow(10, plan->gain_db / 20);
    double cross = 0, power = 0;
    for (std::size_t i = 48000; i < 96000; ++i) {
        cross += gain * before[0][i] * audio[0][i];
        power += double(audio[0][i]) * audio[0][i];
    }
    double shifted = 0;
    for (std::size_t i = 48000; i < 96000; ++i)
        shifted += gain * before[0][i + 1] * audio[0][i];
    EXPECT_GT(cross, shifted);
    EXPECT_GT(cross / power, 0.95);
    std::vector<float> left(96000), right(96000);
    const auto silent = normalise(left, right, 48000);
    ASSERT_TRUE(silent.ok());
    EXPECT_FALSE(silent->reached);
    EXPECT_EQ(silent->gain_db, 0);
    EXPECT_EQ(left, std::vector<float>(96000));
    EXPECT_EQ(normalise(left, right, 48000, {.lufs = 5}).error().field, "lufs");
    EXPECT_EQ(normalise(left, right, 48000, {.ceiling_db = 5}).error().field, "ceiling_db");
    std::vector<float> none;
    EXPECT_TRUE(normalise(none, none, 48000).ok());
}

TEST(Normalise, PassesTheReadersErrorOn) {
    const auto plan = plan_loudness(
        [](auto, auto, auto) {
            return Status(Error{ErrorCode::kDataCorrupt, "x.wav", "is cut", {}});
        },
        1000, 48000);
    ASSERT_FALSE(plan.ok());
    EXPECT_EQ(plan.error().field, "x.wav");
}

} // namespace
} // namespace loopmind::files
