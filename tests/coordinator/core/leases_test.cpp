// The index of leases agrees with the leases whatever happens to them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "coordinator/core/leases.h"

namespace loopmind::core {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAreArray;

TEST(Leases, AGrantOnItsWayNeverRunsOut) {
    Leases leases;
    std::optional<Lease> place;
    leases.open(place, {1, 0}, "w", Millis(10));
    EXPECT_THAT(leases.due(Millis(1000)), IsEmpty());
    EXPECT_FALSE(leases.next_deadline());
    EXPECT_THAT(leases.of_worker("w"), ElementsAre(TaskRef{1, 0}));
    leases.run_until(*place, Millis(20));
    EXPECT_THAT(leases.due(Millis(20)), ElementsAre(TaskRef{1, 0}));
}

TEST(Leases, AResultThatIsBeingStoredNeverRunsOutAndRunsAgainWhenReopened) {
    Leases leases;
    std::optional<Lease> place;
    leases.run_until(leases.open(place, {1, 0}, "w", Millis(0)), Millis(10));
    leases.hold(*place);
    leases.extend(*place, Millis(30));
    EXPECT_THAT(leases.due(Millis(1000)), IsEmpty());
    leases.run_until(*place, Millis(40));
    EXPECT_EQ(leases.next_deadline(), Millis(40));
    leases.close(place);
    EXPECT_FALSE(place);
    EXPECT_EQ(leases.size(), 0u);
    EXPECT_FALSE(leases.next_deadline());
}

TEST(Leases, TheIndexAgreesWithAScan) {
    std::mt19937 random(5);
    Leases leases;
    std::map<TaskRef, std::optional<Lease>> places;
    for (int step = 0; step < 5000; ++step) {
        const TaskRef task{random() % 7, static_cast<std::uint32_t>(random() % 5)};
        std::optional<Lease>& place = places[task];
        const Millis time(random() % 100);
        switch (random() % 5) {
        case 0:
            leases.open(place, task, std::string(1, static_cast<char>('a' + random() % 3)), time);
            break;
        case 1:
            leases.close(place);
            break;
        case 2:
            if (place) leases.run_until(*place, time);
            break;
        case 3:
            if (place) leases.hold(*place);
            break;
        case 4:
            if (place) leases.extend(*place, time);
            break;
        }
        std::vector<TaskRef> of_a, due, all;
        for (const auto& [ref, lease] : places) {
            if (!lease) continue;
            all.push_back(ref);
            if (lease->worker == "a") of_a.push_back(ref);
            if (lease->runs() && lease->deadline <= Millis(50)) due.push_back(ref);
        }
        ASSERT_EQ(leases.of_worker("a"), of_a);
        ASSERT_THAT(leases.due(Millis(50)), UnorderedElementsAreArray(due));
        ASSERT_THAT(leases.all(), UnorderedElementsAreArray(all));
        ASSERT_EQ(leases.size(), all.size());
    }
}

} // namespace
} // namespace loopmind::core
