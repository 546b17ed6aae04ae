// Effects against their definitions; `build/bench/effects --report` prints the same figures.
#include "tests/engine/effects/measures.h"

#include <gtest/gtest.h>

namespace loopmind::effects::test {
namespace {

void expect_all(const std::vector<Figure>& figures) {
    EXPECT_FALSE(figures.empty());
    for (const Figure& figure : figures)
        EXPECT_TRUE(figure.holds()) << figure.what << ": " << figure.worst << " " << figure.unit << ", limit "
                                    << figure.limit;
}

TEST(Measures, CompressorFollowsItsCurve) {
    expect_all(compressor_curve());
}
TEST(Measures, CompressorKeepsItsTimes) {
    expect_all(compressor_times());
}
TEST(Measures, EqFollowsTheCookbook) {
    expect_all(eq_response());
}
TEST(Measures, LimiterHoldsItsCeiling) {
    expect_all(limiter_ceiling());
}
TEST(Measures, CrossoversAddUpFlat) {
    expect_all(crossover_response());
}

TEST(Measures, MetersReadAKnownPeak) {
    // fs/4 with its samples 3 dB below its peaks, and fs/3 whose four points per sample miss the peak.
    const Stereo quarter = sine(9600, 48000, 12000, 0.5, std::numbers::pi / 4);
    EXPECT_NEAR(true_peak_16x_db(quarter), 20 * std::log10(0.5), 0.3); // the edges ring a little higher
    const Stereo third = sine(9600, 48000, 16000, 0.5, std::numbers::pi / 12);
    EXPECT_GE(true_peak_16x_db(third), 20 * std::log10(0.5) - 0.02);
}

} // namespace
} // namespace loopmind::effects::test
