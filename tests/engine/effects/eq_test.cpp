// The EQ against the formulas of the Audio EQ Cookbook, computed here anew.
#include "engine/effects/eq.h"
#include "tests/engine/effects/signals.h"

#include <gtest/gtest.h>

namespace loopmind::effects {
namespace {

using test::Stereo;
constexpr double kRate = 48000;

/// |H| in dB of the cookbook's analogue prototype, warped as the bilinear transform warps it.
double prototype_db(const char* kind, double hertz, double centre, double q, double gain_db) {
    const std::complex<double> s(0, std::tan(std::numbers::pi * hertz / kRate) /
                                        std::tan(std::numbers::pi * centre / kRate));
    const double a = std::pow(10, gain_db / 40);
    const double ra = std::sqrt(a);
    std::complex<double> h;
    const std::string name = kind;
    if (name == "peak") h = (s * s + s * (a / q) + 1.0) / (s * s + s / (a * q) + 1.0);
    if (name == "low_shelf") h = a * (s * s + s * (ra / q) + a) / (a * s * s + s * (ra / q) + 1.0);
    if (name == "high_shelf") h = a * (a * s * s + s * (ra / q) + 1.0) / (s * s + s * (ra / q) + a);
    if (name == "low_pass") h = 1.0 / (s * s + s / q + 1.0);
    if (name == "high_pass") h = s * s / (s * s + s / q + 1.0);
    return 20 * std::log10(std::abs(h));
}

Stereo response(Eq& eq) {
    eq.prepare(kRate, 512);
    return test::run(eq, test::impulse(65536));
}

constexpr double kProbes[] = {40, 90, 200, 500, 1000, 2300, 5000, 9000, 14000, 19000};

TEST(Eq, EachBandFollowsItsFormula) {
    struct Case {
        int band;
        const char* kind;
        double hertz, q, db;
    };
    for (const Case& c : {Case{1, "low_shelf", 120, 0.7071, 9}, Case{1, "low_shelf", 300, 1.2, -12},
                          Case{2, "peak", 250, 0.5, 6}, Case{3, "peak", 1000, 4, -18},
                          Case{5, "peak", 5000, 1, 24}, Case{7, "peak", 12000, 2, 7},
                          Case{8, "high_shelf", 8000, 0.7071, 10}, Case{8, "high_shelf", 3000, 0.5, -15}}) {
        Eq eq;
        const std::string band = "band" + std::to_string(c.band);
        ASSERT_TRUE(eq.set(band + "_hz", c.hertz) && eq.set(band + "_q", c.q) && eq.set(band + "_db", c.db));
        const Stereo h = response(eq);
        for (double probe : kProbes) {
            const double expected = prototype_db(c.kind, probe, c.hertz, c.q, c.db);
            EXPECT_NEAR(test::magnitude_db(h.left, kRate, probe), expected, 0.02) << band << " at " << probe;
            EXPECT_NEAR(eq.magnitude_db(probe), expected, 0.01);
        }
    }
}

TEST(Eq, PassFiltersFollowTheirFormula) {
    for (const auto& [name, kind, hertz] :
         {std::tuple{"high_pass_hz", "high_pass", 150.0}, std::tuple{"low_pass_hz", "low_pass", 4000.0}}) {
        Eq eq;
        ASSERT_TRUE(eq.set(name, hertz));
        const Stereo h = response(eq);
        for (double probe : kProbes) {
            const double expected = prototype_db(kind, probe, hertz, std::sqrt(0.5), 0);
            if (expected > -60) {
                EXPECT_NEAR(test::magnitude_db(h.left, kRate, probe), expected, 0.03) << name << probe;
            }
        }
    }
}

TEST(Eq, AmountScalesTheBandsAndSectionsAdd) {
    Eq eq;
    eq.set("band3_db", 8);
    eq.set("band6_db", -6);
    eq.set("amount", 0.5);
    const Stereo h = response(eq);
    for (double probe : kProbes) {
        const double expected =
            prototype_db("peak", probe, 400, 1, 4) + prototype_db("peak", probe, 3200, 1, -3);
        EXPECT_NEAR(test::magnitude_db(h.left, kRate, probe), expected, 0.02) << probe;
    }
}

} // namespace
} // namespace loopmind::effects
