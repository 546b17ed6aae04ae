// Slices of events on a loop.
#include "models/synth/timeline.h"

#include <gtest/gtest.h>

namespace loopmind::synth {
namespace {

TEST(Timeline, AnEventInsideASegmentIsOneSlice) {
    const auto slices = slices_in({{100, 50}}, 1000, 0, 200);
    ASSERT_EQ(slices.size(), 1u);
    EXPECT_EQ(slices[0].from, 0);
    EXPECT_EQ(slices[0].at, 100);
    EXPECT_EQ(slices[0].frames, 50);
}

TEST(Timeline, ATailPastTheEndSoundsAtTheStart) {
    const auto slices = slices_in({{950, 100}}, 1000, 0, 1000);
    ASSERT_EQ(slices.size(), 2u);
    EXPECT_EQ(slices[0].at, 950);
    EXPECT_EQ(slices[0].frames, 50);
    EXPECT_EQ(slices[1].from, 50);
    EXPECT_EQ(slices[1].at, 0);
    EXPECT_EQ(slices[1].frames, 50);
}

TEST(Timeline, ATailLongerThanTheLoopGoesRoundAgain) {
    std::int64_t frames = 0;
    for (const auto& slice : slices_in({{10, 2500}}, 1000, 0, 1000))
        frames += slice.frames;
    EXPECT_EQ(frames, 2500);
}

TEST(Timeline, SegmentsCoverEveryFrameOnce) {
    const std::vector<Event> events = {{0, 700}, {333, 1200}, {999, 5}};
    std::vector<std::vector<int>> heard(3, std::vector<int>(1200, 0));
    for (std::int64_t first = 0; first < 1000; first += 70) {
        const auto frames = std::min<std::int64_t>(70, 1000 - first);
        for (const auto& slice : slices_in(events, 1000, first, frames)) {
            for (std::int64_t i = 0; i < slice.frames; ++i) {
                EXPECT_EQ((events[slice.event].start + slice.from + i) % 1000, first + slice.at + i);
                ++heard[slice.event][static_cast<std::size_t>(slice.from + i)];
            }
        }
    }
    for (std::size_t e = 0; e < events.size(); ++e) {
        for (std::int64_t i = 0; i < events[e].frames; ++i)
            EXPECT_EQ(heard[e][static_cast<std::size_t>(i)], 1);
    }
}

} // namespace
} // namespace loopmind::synth
