// Cutting and rearranging lanes keeps what they mean at every beat.
#include "engine/session/automation_points.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace loopmind::session {
namespace {

using enum AutomationShape;

double at(const AutomationPoints& points, double beat) {
    return automation_value(points, beat, 0);
}

AutomationPoints random_lane(std::mt19937& random, int count) {
    std::uniform_real_distribution<double> value(-1, 1);
    AutomationPoints out;
    double beat = 0;
    for (int i = 0; i < count; ++i) {
        if (i == 0 || random() % 5 != 0) beat += static_cast<double>(random() % 16) / 4; // some on one beat
        out.push_back({beat, value(random), static_cast<AutomationShape>(random() % 3), value(random)});
    }
    return out;
}

TEST(AutomationPoints, ACutChangesNothing) {
    std::mt19937 random(1);
    for (int round = 0; round < 300; ++round) {
        const AutomationPoints points = random_lane(random, 1 + static_cast<int>(random() % 8));
        AutomationPoints cut = points;
        for (int i = 0; i < 5; ++i)
            cut = with_point_at(cut, static_cast<double>(random() % 200) / 7);
        for (double beat = 0; beat < 30; beat += 0.13)
            ASSERT_NEAR(at(cut, beat), at(points, beat), 1e-9) << beat;
    }
}

TEST(AutomationPoints, ValueBeforeAJump) {
    const AutomationPoints points{{0, 0}, {4, 4}, {4, 9}, {8, 1, kHold}, {12, 5}};
    EXPECT_EQ(automation_value_before(points, 4, 0), 4);
    EXPECT_EQ(automation_value_before(points, 2, 0), 2);
    EXPECT_EQ(automation_value_before(points, 12, 0), 1);
    EXPECT_EQ(automation_value_before(points, 99, 0), 5);
    EXPECT_EQ(automation_value_before({}, 4, 7), 7);
}

TEST(AutomationPoints, SwappedRangesPlayEachOther) {
    std::mt19937 random(2);
    for (int round = 0; round < 300; ++round) {
        const AutomationPoints points = random_lane(random, 1 + static_cast<int>(random() % 10));
        const double low = static_cast<double>(random() % 16) / 2;
        const double middle = low + 0.5 + static_cast<double>(random() % 16) / 2;
        const double high = middle + 0.5 + static_cast<double>(random() % 16) / 2;
        const AutomationPoints swapped = swap_ranges(points, low, middle, high);
        ASSERT_TRUE(std::is_sorted(swapped.begin(), swapped.end(),
                                   [](const auto& a, const auto& b) { return a.beat < b.beat; }));
        const double border = low + (high - middle);
        for (double beat = 0.01; beat < 30; beat += 0.0937) {
            if (std::abs(beat - low) < 1e-6 || std::abs(beat - border) < 1e-6 || std::abs(beat - high) < 1e-6)
                continue;
            double from = beat;
            if (beat >= low && beat < border) from = beat - low + middle;
            if (beat >= border && beat < high) from = beat - border + low;
            ASSERT_NEAR(at(swapped, beat), at(points, from), 1e-9) << "round " << round << " beat " << beat;
        }
        // Back again the lane plays as before.
        const AutomationPoints back = swap_ranges(swapped, low, border, high);
        for (double beat = 0.01; beat < 30; beat += 0.0937)
            ASSERT_NEAR(at(back, beat), at(points, beat), 1e-9) << "round " << round << " beat " << beat;
    }
}

TEST(AutomationPoints, MovingToAndFroLeavesNoPointsBehind) {
    AutomationPoints points{{0, 0}, {40, 10}};
    for (int i = 0; i < 20; ++i)
        points = swap_ranges(swap_ranges(points, 8, 16, 24), 8, 16, 24);
    EXPECT_EQ(points.size(), 2u);
}

TEST(AutomationPoints, SimplifyingStaysWithinItsTolerance) {
    std::mt19937 random(3);
    std::uniform_real_distribution<double> noise(-0.01, 0.01);
    AutomationPoints points;
    for (int i = 0; i <= 2000; ++i) {
        const double beat = i / 100.0;
        points.push_back({beat, std::sin(beat) + noise(random)});
    }
    const AutomationPoints few = simplified(points, 0.05);
    EXPECT_LT(few.size(), 60u);
    for (double beat = 0; beat <= 20; beat += 0.001)
        ASSERT_NEAR(at(few, beat), at(points, beat), 0.05 + 1e-12);
    EXPECT_EQ(simplified({{0, 1}, {1, 2}, {2, 3}, {3, 4}}, 0), (AutomationPoints{{0, 1}, {3, 4}}));
    const AutomationPoints bent{{0, 1, kHold}, {1, 2, kCurve, 0.5}, {2, 3}, {2, 9}, {3, 9}};
    EXPECT_EQ(simplified(bent, 100), bent); // holds, curves and jumps stay
}

} // namespace
} // namespace loopmind::session
