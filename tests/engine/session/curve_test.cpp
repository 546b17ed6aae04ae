// Automation and fade curves against their formulas.
#include "engine/session/automation_curve.h"
#include "engine/session/automation_target.h"
#include "engine/session/fade_curve.h"

#include <gtest/gtest.h>

#include <vector>

namespace loopmind::session {
namespace {

using enum AutomationShape;

TEST(AutomationCurve, FollowsShapesBetweenPoints) {
    const std::vector<AutomationPoint> points{{4, -10}, {8, 10, kHold}, {12, 0, kCurve, 0.25}, {16, 8}};
    EXPECT_EQ(automation_value({}, 3, -7), -7);
    EXPECT_EQ(automation_value(points, -1, 99), -10); // before the first: its value
    EXPECT_EQ(automation_value(points, 4, 99), -10);
    EXPECT_EQ(automation_value(points, 5, 99), -5);
    EXPECT_EQ(automation_value(points, 8, 99), 10);
    EXPECT_EQ(automation_value(points, 11.999, 99), 10);
    EXPECT_EQ(automation_value(points, 12, 99), 0);
    EXPECT_DOUBLE_EQ(automation_value(points, 13, 99), 8 * (std::exp(0.5) - 1) / (std::exp(2.0) - 1));
    EXPECT_EQ(automation_value(points, 16, 99), 8);
    EXPECT_EQ(automation_value(points, 1e7, 99), 8);
}

TEST(AutomationCurve, OfSeveralPointsOnOneBeatTheLastHolds) {
    const std::vector<AutomationPoint> points{{0, 0}, {4, 4}, {4, 100}, {4, 50}, {8, 50}};
    EXPECT_DOUBLE_EQ(automation_value(points, std::nextafter(4.0, 0.0), 0), 4);
    EXPECT_EQ(automation_value(points, 4, 0), 50);
}

TEST(AutomationCurve, TensionBendsBothWaysAndEndsExactly) {
    for (const double tension : {-1.0, -0.5, -1e-12, 0.0, 1e-12, 0.5, 1.0}) {
        EXPECT_EQ(automation_progress(kCurve, tension, 0), 0) << tension;
        EXPECT_EQ(automation_progress(kCurve, tension, 1), 1) << tension;
        double last = 0;
        for (double x = 0.01; x < 1; x += 0.01) {
            const double now = automation_progress(kCurve, tension, x);
            EXPECT_GT(now, last);
            EXPECT_NEAR(now, 1 - automation_progress(kCurve, -tension, 1 - x), 1e-12);
            last = now;
        }
    }
    EXPECT_LT(automation_progress(kCurve, 1, 0.5), 0.02);
    EXPECT_GT(automation_progress(kCurve, -1, 0.5), 0.98);
}

TEST(AutomationTargets, AreTakenApart) {
    EXPECT_EQ(parse_automation_target("gain_db")->minimum, -144);
    EXPECT_EQ(parse_automation_target("pan")->maximum, 1);
    EXPECT_EQ(parse_automation_target("mute")->kind, AutomationTarget::Kind::kMute);
    EXPECT_EQ(parse_automation_target(send_target("bus.one"))->id, "bus.one");
    const auto insert = parse_automation_target(insert_target("eq.2", "band1_db"));
    EXPECT_EQ(insert->id, "eq.2");
    EXPECT_EQ(insert->param, "band1_db");
    for (const char* none : {"", "gain", "sends.level", "sends..level", "inserts.", "inserts.eq",
                             "inserts.eq.", "inserts..wet", "solo"})
        EXPECT_FALSE(parse_automation_target(none).has_value()) << none;
}

TEST(FadeCurve, EveryCurveRisesFromSilenceToFull) {
    for (const FadeCurve curve : {FadeCurve::kLinear, FadeCurve::kEqualPower, FadeCurve::kSCurve,
                                  FadeCurve::kExponential, FadeCurve::kLogarithmic}) {
        EXPECT_EQ(fade_gain(curve, -1), 0);
        EXPECT_EQ(fade_gain(curve, 0), 0);
        EXPECT_EQ(fade_gain(curve, 1), 1);
        EXPECT_EQ(fade_gain(curve, 7), 1);
        EXPECT_EQ(fade_gain(curve, std::nan("")), 0);
        double last = 0;
        for (int i = 1; i <= 1000; ++i) {
            const double now = fade_gain(curve, i / 1000.0);
            EXPECT_GT(now, last);
            last = now;
        }
    }
}

TEST(FadeCurve, CrossfadesKeepWhatTheyPromise) {
    for (double x = 0; x <= 1; x += 1.0 / 64) {
        const double power = std::pow(fade_gain(FadeCurve::kEqualPower, x), 2) +
                             std::pow(fade_gain(FadeCurve::kEqualPower, 1 - x), 2);
        EXPECT_NEAR(power, 1, 1e-12);
        EXPECT_NEAR(fade_gain(FadeCurve::kSCurve, x) + fade_gain(FadeCurve::kSCurve, 1 - x), 1, 1e-12);
        EXPECT_NEAR(fade_gain(FadeCurve::kExponential, x), 1 - fade_gain(FadeCurve::kLogarithmic, 1 - x),
                    1e-12);
    }
}

TEST(FadeCurve, AClipFadesAtBothEnds) {
    const auto gain = [](double at) {
        return clip_fade_gain(at, 8, 2, FadeCurve::kLinear, 4, FadeCurve::kLinear);
    };
    EXPECT_EQ(gain(0), 0);
    EXPECT_EQ(gain(1), 0.5);
    EXPECT_EQ(gain(3), 1);
    EXPECT_EQ(gain(6), 0.5);
    EXPECT_EQ(gain(8), 0);
    EXPECT_EQ(clip_fade_gain(0, 8, 0, FadeCurve::kLinear, 0, FadeCurve::kLinear), 1);
    EXPECT_EQ(clip_fade_gain(1, 2, 2, FadeCurve::kLinear, 2, FadeCurve::kLinear), 0.25); // crossing fades
}

} // namespace
} // namespace loopmind::session
