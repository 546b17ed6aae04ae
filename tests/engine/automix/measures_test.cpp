// Loudness, position, slope and masking against signals whose answers are known.
#include "engine/automix/decide.h"
#include "engine/automix/masking.h"
#include "tests/engine/automix/band.h"

namespace loopmind::automix::test {
namespace {

Features features_of(const graph::StereoBuffer& audio, std::size_t piece = 4096) {
    FeatureMeter meter(audio.sample_rate, audio.frames());
    for (std::size_t at = 0; at < audio.left.size(); at += piece) {
        const std::size_t count = std::min(piece, audio.left.size() - at);
        meter.add(std::span(audio.left).subspan(at, count), std::span(audio.right).subspan(at, count));
    }
    return meter.finish();
}

graph::StereoBuffer tone(double hertz, double amplitude, double pan = 0) {
    graph::StereoBuffer out = *silence();
    for (std::size_t i = 0; i < out.left.size(); ++i) {
        const double y = amplitude * std::sin(2 * std::numbers::pi * hertz * static_cast<double>(i) / kRate);
        out.left[i] = static_cast<float>(y * std::cos((pan + 1) * std::numbers::pi / 4));
        out.right[i] = static_cast<float>(y * std::sin((pan + 1) * std::numbers::pi / 4));
    }
    return out;
}

TEST(AutomixMeasures, LoudnessAgreesWithTheMeterBehindAnyGains) {
    for (const std::string role : {"drums", "melody", "pad"}) {
        const auto audio = stem(role, 2);
        const Features features = features_of(*audio);
        for (const auto& [left, right] : {std::pair{1.0, 1.0}, {0.2, 0.7}, {1.4, 0.0}, {0.01, 0.01}}) {
            Heard heard;
            for (std::size_t i = 0; i < audio->left.size(); ++i) {
                heard.left.push_back(audio->left[i] * static_cast<float>(left));
                heard.right.push_back(audio->right[i] * static_cast<float>(right));
            }
            EXPECT_NEAR(features.lufs(left, right), heard.loudness().integrated_lufs, 0.02) << role;
            EXPECT_NEAR(features.peak_db(left, right), heard.loudness().sample_peak_db, 0.001) << role;
        }
    }
    EXPECT_TRUE(features_of(*silence()).silent());
    EXPECT_EQ(features_of(*silence()).lufs(), -std::numeric_limits<double>::infinity());
}

TEST(AutomixMeasures, PiecesDoNotMatter) {
    const auto audio = stem("drums", 1);
    const Features one = features_of(*audio, 4096), other = features_of(*audio, 777);
    EXPECT_EQ(one.cells, other.cells);
    EXPECT_NEAR(one.lufs(), other.lufs(), 1e-9);
    EXPECT_EQ(one.energy, other.energy);
}

TEST(AutomixMeasures, LongSignalsKeepTheirMemorySmall) {
    FeatureMeter meter(8000, std::int64_t{8000} * 3600 * 10);
    const std::vector<float> piece(1 << 20, 0.1f);
    for (int i = 0; i < 40; ++i) // the first hour and a half of ten
        meter.add(piece, piece);
    const Features features = meter.finish();
    EXPECT_LT(static_cast<double>(features.rows()), 8192.0 * 40 * (1 << 20) / (8000.0 * 36000));
    EXPECT_GT(features.rows(), 100u);
}

TEST(AutomixMeasures, PositionIsThePanOfATone) {
    for (const double pan : {-1.0, -0.4, 0.0, 0.25, 1.0})
        EXPECT_NEAR(position(features_of(tone(440, 0.3, pan))), pan, 0.001);
    EXPECT_EQ(position(features_of(*silence())), 0);
}

TEST(AutomixMeasures, SlopeIsThatOfTheNoise) {
    for (const double slope : {-9.0, -3.0, 0.0, 4.0}) {
        const Features features = features_of(falling_noise(slope, 0.01));
        const Slope measured = slope_of(features.centres, mean_spectrum(features));
        ASSERT_TRUE(measured.known);
        EXPECT_NEAR(measured.db_per_octave, slope, 0.5);
    }
    const Features narrow = features_of(tone(1000, 0.3));
    EXPECT_FALSE(slope_of(narrow.centres, mean_spectrum(narrow)).known) << "one tone has no slope";
    EXPECT_EQ(decide_tilt(narrow, RoleTarget{}), 0);
}

TEST(AutomixMeasures, TiltGoesToTheNearerEndAndNoFartherThanFour) {
    RoleTarget target;
    target.slope_low = -5;
    target.slope_high = 1;
    EXPECT_EQ(decide_tilt(features_of(falling_noise(-3, 0.01)), target), 0);
    EXPECT_NEAR(decide_tilt(features_of(falling_noise(-12, 0.01)), target), 4, 1e-9);
    EXPECT_NEAR(decide_tilt(features_of(falling_noise(9, 0.01)), target), -4, 1e-9);
    const double little = decide_tilt(features_of(falling_noise(-6, 0.01)), target);
    EXPECT_GT(little, 0.3);
    EXPECT_LT(little, 4);
}

TEST(AutomixMeasures, ALouderNeighbourCoversAndIsNamed) {
    const Features quiet = features_of(tone(1000, 0.01)), loud = features_of(falling_noise(0, 0.05)),
                   far = features_of(tone(60, 0.05));
    const auto masked = masking({{&quiet, 1}, {&far, 1}, {&loud, 1}});
    EXPECT_GT(masked[0].share, 0.9);
    EXPECT_EQ(masked[0].by, 2);
    EXPECT_GT(masked[0].by_share, 0.8);
    EXPECT_LT(masked[2].share, 0.3);
    EXPECT_LT(masking({{&quiet, 1}, {&far, 1}})[0].share, 0.05)
        << "a tone four octaves below covers nothing of it";
    EXPECT_EQ(masking({{&quiet, 1}})[0].share, 0);
    EXPECT_TRUE(masking({}).empty());
}

TEST(AutomixMeasures, AnEstimateOfFewRowsIsNear) {
    const Features lead = features_of(*stem("melody", 0)), pad = features_of(*stem("pad", 0));
    const auto whole = masking({{&lead, 0.2}, {&pad, 1}}), part = masking({{&lead, 0.2}, {&pad, 1}}, 3);
    EXPECT_GT(whole[0].share, 0.1);
    EXPECT_NEAR(part[0].share, whole[0].share, 0.05);
    EXPECT_EQ(part[0].by, 1);
}

TEST(AutomixMeasures, MaskingFallsAsTheTrackRises) {
    const Features lead = features_of(*stem("melody", 0)), pad = features_of(*stem("pad", 0));
    double last = 2;
    for (const double gain : {0.03, 0.1, 0.3, 1.0, 3.0}) {
        const double share = masking({{&lead, gain}, {&pad, 1}})[0].share;
        EXPECT_GE(share, 0);
        EXPECT_LT(share, last);
        last = share;
    }
    EXPECT_LT(last, 0.2);
}

} // namespace
} // namespace loopmind::automix::test
