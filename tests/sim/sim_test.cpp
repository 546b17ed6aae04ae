// A fixed set of seeds breaks no promise, and shows each planted bug.
#include <gtest/gtest.h>

#include "tests/sim/virtual_farm.h"

namespace loopmind::sim {
namespace {

constexpr std::uint64_t kSeedsPerPart = 100;

class Seeds : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(Seeds, NoPromiseIsBroken) {
    const std::uint64_t first = GetParam() * kSeedsPerPart;
    for (std::uint64_t seed = first; seed < first + kSeedsPerPart; ++seed) {
        const Outcome outcome = run_virtual_farm(seed);
        ASSERT_EQ(outcome.broken, "") << "seed " << seed << ": sim --from " << seed << " --seeds 1 --trace";
        ASSERT_GT(outcome.tasks, 0u) << "seed " << seed;
    }
}

INSTANTIATE_TEST_SUITE_P(Fixed, Seeds, ::testing::Range<std::uint64_t>(0, 4));

TEST(VirtualFarm, TheSameSeedIsTheSameRun) {
    EXPECT_EQ(run_virtual_farm(7, Plant::kNone, true).trace, run_virtual_farm(7, Plant::kNone, true).trace);
}

// The same seeds that are clean without the bug.
constexpr std::uint64_t kFixedSeeds = 4 * kSeedsPerPart;

TEST(PlantedBugs, OneInTheEpochCheckIsFound) {
    EXPECT_TRUE(first_broken_seed(0, kFixedSeeds, Plant::kEpochCheck));
}

TEST(PlantedBugs, OneInThePublishTransactionIsFound) {
    EXPECT_TRUE(first_broken_seed(0, kFixedSeeds, Plant::kPublish));
}

TEST(PlantedBugs, OneInTheLeaseExpiryIsFound) {
    EXPECT_TRUE(first_broken_seed(0, kFixedSeeds, Plant::kLeaseExpiry));
}

} // namespace
} // namespace loopmind::sim
