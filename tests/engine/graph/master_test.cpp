// The settled master, measured by libebur128 after 24-bit rounding, on music, sparse, quiet and silent input.
#include "engine/graph/master.h"
#include "engine/graph/render_loop.h"
#include "engine/metering/loudness.h"
#include "tests/engine/graph/loops.h"

#include <gtest/gtest.h>

namespace loopmind::graph {
namespace {

struct Finished {
    SettledMaster settled;
    metering::Loudness measured;
    StereoBuffer mix;
};

Finished finish(const StereoBuffer& loop, int rate, const MasterTarget& target = {}) {
    Finished out;
    out.settled = settle_master(loop.left, loop.right, rate, target);
    out.mix = loop;
    const std::vector<InsertSpec> chain = {
        {"gain", "gain", {{"gain_db", out.settled.gain_db}}, false},
        {"limiter",
         "limiter",
         {{"ceiling_db", target.ceiling_db}, {"release_ms", target.release_ms}},
         false}};
    EXPECT_TRUE(process_loop(chain, "master", rate, 120, out.mix.left, out.mix.right).ok());
    for (auto* channel : {&out.mix.left, &out.mix.right}) {
        for (float& x : *channel)
            x = std::round(x * 8388608.0f) / 8388608.0f;
    }
    const auto read = metering::measure_loudness(out.mix.left, out.mix.right, rate);
    EXPECT_TRUE(read.ok());
    out.measured = *read;
    return out;
}

TEST(SettleMaster, MeetsLoudnessAndCeilingOnBeats) {
    for (int rate : {44100, 48000}) {
        for (double tempo : {82.0, 128.0, 174.0}) {
            for (float hit : {0.1f, 1.0f, 3.0f}) {
                const auto loop = test::beat_loop(rate * 10 + 7, tempo, rate, hit);
                const Finished out = finish(*loop, rate);
                EXPECT_TRUE(out.settled.reached);
                EXPECT_NEAR(out.measured.integrated_lufs, -14.0, 0.3) << tempo << " " << hit;
                EXPECT_LE(out.measured.true_peak_db, -1.0) << tempo << " " << hit;
                EXPECT_NEAR(out.measured.integrated_lufs, out.settled.lufs, 0.05);
                EXPECT_NEAR(out.measured.true_peak_db, out.settled.true_peak_db, 0.35);
            }
        }
    }
}

TEST(SettleMaster, RaisesQuietAudio) {
    for (const auto& [scale, reached] : {std::pair{1e-2f, true}, std::pair{1e-3f, false}}) {
        auto loop = test::beat_loop(480000, 100);
        for (auto* channel : {&loop->left, &loop->right}) {
            for (float& x : *channel)
                x *= scale;
        }
        const Finished out = finish(*loop, 48000);
        EXPECT_EQ(out.settled.reached, reached);
        EXPECT_LE(out.settled.gain_db, 48.0); // what the gain insert of a session can hold
        if (reached) {
            EXPECT_NEAR(out.measured.integrated_lufs, -14.0, 0.3);
        } else {
            EXPECT_NEAR(out.settled.gain_db, 48.0, 0.1);
        }
        EXPECT_LE(out.measured.true_peak_db, -1.0);
    }
}

TEST(SettleMaster, LowersWhatIsTooLoud) {
    const auto loop = test::noise_loop(480000, 4, 0.9f);
    const Finished out = finish(*loop, 48000);
    EXPECT_LT(out.settled.gain_db, -5);
    EXPECT_NEAR(out.measured.integrated_lufs, -14.0, 0.3);
}

TEST(SettleMaster, ConvergesOnSparseAudio) {
    // Short hits in long silence: the limiter takes most of what the gain gives.
    for (double seconds_between : {0.5, 1.5, 4.0}) {
        StereoBuffer loop;
        loop.left.assign(48000 * 12, 0.0f);
        for (size_t i = 0; i < loop.left.size(); ++i) {
            const double t = std::fmod(static_cast<double>(i) / 48000, seconds_between);
            loop.left[i] =
                static_cast<float>(0.9 * std::exp(-40 * t) * std::sin(2 * std::numbers::pi * 180 * t));
        }
        loop.right = loop.left;
        const Finished out = finish(loop, 48000);
        EXPECT_LE(out.settled.iterations, 8);
        EXPECT_LE(out.measured.true_peak_db, -1.0) << seconds_between;
        EXPECT_NEAR(out.measured.integrated_lufs, out.settled.lufs, 0.05) << seconds_between;
        if (out.settled.reached) {
            EXPECT_NEAR(out.measured.integrated_lufs, -14.0, 0.3);
        } else {
            EXPECT_GT(seconds_between, 1.0); // hits every half second can be brought there
        }
    }
}

TEST(SettleMaster, SaysWhenAClickCannotGetThere) {
    StereoBuffer loop;
    loop.left.assign(48000 * 4, 0.0f);
    loop.left[1000] = 0.5f;
    loop.right = loop.left;
    const Finished out = finish(loop, 48000);
    EXPECT_FALSE(out.settled.reached);
    EXPECT_FALSE(out.settled.silent);
    EXPECT_LE(out.measured.true_peak_db, -1.0);
}

TEST(SettleMaster, LeavesSilenceAlone) {
    const std::vector<float> nothing(48000, 0.0f);
    for (const auto& loop : {nothing, std::vector<float>{}}) {
        const SettledMaster out = settle_master(loop, loop, 48000);
        EXPECT_TRUE(out.silent);
        EXPECT_EQ(out.gain_db, 0);
        EXPECT_FALSE(out.reached);
        EXPECT_TRUE(std::isinf(out.lufs) && std::isinf(out.true_peak_db));
    }
}

TEST(SettleMaster, IsRepeatable) {
    const auto loop = test::beat_loop(300001, 90);
    const SettledMaster a = settle_master(loop->left, loop->right, 48000);
    const SettledMaster b = settle_master(loop->left, loop->right, 48000);
    EXPECT_EQ(a.gain_db, b.gain_db);
    EXPECT_EQ(a.lufs, b.lufs);
}

TEST(SettleMaster, TheLimiterStartsWithTheEndOfTheLoop) {
    // A burst at the very end still holds the gain down at the start of the next round.
    auto loop = test::beat_loop(240000, 120, 48000, 0.2f);
    for (size_t i = 239000; i < 240000; ++i)
        loop->left[i] = loop->right[i] = (i & 8) ? 2.0f : -2.0f;
    const Finished out = finish(*loop, 48000);
    ASSERT_TRUE(out.settled.reached);
    const double gain = std::pow(10, out.settled.gain_db / 20);
    auto level = [&](size_t from) {
        double before = 0, after = 0;
        for (size_t i = from; i < from + 500; ++i) {
            before += std::pow(gain * loop->left[i], 2);
            after += std::pow(out.mix.left[i], 2);
        }
        return 10 * std::log10(after / before);
    };
    EXPECT_LT(level(600), -1.0);
    EXPECT_GT(level(12000 * 5 + 9000), level(600) + 0.5);
}

} // namespace
} // namespace loopmind::graph
