// Leases on an injected clock: they run out, are renewed forwards only, and end what runs.
#include "worker/service/attempt_table.h"

#include <gtest/gtest.h>

namespace loopmind::worker {
namespace {

using std::chrono::milliseconds;

v1::StartTask start(const std::string& task, std::uint64_t epoch, std::uint32_t lease_ms) {
    v1::StartTask out;
    fill(*out.mutable_attempt(), {task, epoch});
    out.set_lease_ms(lease_ms);
    return out;
}

TEST(AttemptTable, ALeaseEndsAtItsDeadlineAndNotBefore) {
    AttemptTable table;
    BootTime now(1000);
    const auto attempt = table.add(start("t", 1, 500), now, [&] { return now; });
    ASSERT_TRUE(attempt);
    EXPECT_EQ(table.next_deadline(), BootTime(1500));
    EXPECT_TRUE(table.expire(BootTime(1499)).empty());
    now = BootTime(1499);
    EXPECT_FALSE(attempt->must_stop());
    now = BootTime(1500);
    EXPECT_TRUE(attempt->must_stop()) << "the slot sees it before the connection's thread does";
    const auto expired = table.expire(now);
    ASSERT_EQ(expired.size(), 1u);
    EXPECT_TRUE(attempt->cancelled);
    EXPECT_EQ(table.size(), 0u);
    EXPECT_FALSE(table.next_deadline());
    EXPECT_FALSE(table.finish(attempt->name)) << "a finish after the end is noticed";
}

TEST(AttemptTable, RenewalsMoveTheDeadlineForwardsOnly) {
    AttemptTable table;
    const auto attempt = table.add(start("t", 1, 500), BootTime(0));
    table.renew(attempt->name, BootTime(2000));
    table.renew(attempt->name, BootTime(1000)); // an older answer that arrives late
    EXPECT_EQ(table.next_deadline(), BootTime(2000));
    table.renew({"other", 1}, BootTime(9000));
    EXPECT_EQ(table.size(), 1u);
}

TEST(AttemptTable, ARenewalAfterTheEndRevivesNothing) {
    AttemptTable table;
    const auto attempt = table.add(start("t", 1, 500), BootTime(0));
    ASSERT_EQ(table.expire(BootTime(500)).size(), 1u);
    table.renew(attempt->name, BootTime(2000));
    EXPECT_EQ(table.size(), 0u);
    EXPECT_TRUE(attempt->cancelled);
}

TEST(AttemptTable, ARepeatedPushIsNotASecondAttemptButANewEpochIs) {
    AttemptTable table;
    EXPECT_TRUE(table.add(start("t", 1, 500), BootTime(0)));
    EXPECT_FALSE(table.add(start("t", 1, 900), BootTime(0)));
    EXPECT_EQ(table.next_deadline(), BootTime(500));
    EXPECT_TRUE(table.add(start("t", 2, 900), BootTime(0)));
    EXPECT_EQ(table.size(), 2u);
}

TEST(AttemptTable, CancelStopsOneAttempt) {
    AttemptTable table;
    const auto first = table.add(start("t", 1, 500), BootTime(0));
    const auto second = table.add(start("u", 1, 400), BootTime(0));
    EXPECT_EQ(table.next_deadline(), BootTime(400));
    EXPECT_EQ(table.cancel(first->name), first);
    EXPECT_TRUE(first->cancelled);
    EXPECT_FALSE(second->cancelled);
    EXPECT_EQ(table.cancel(first->name), nullptr);
    EXPECT_TRUE(table.finish(second->name));
}

TEST(BootClock, NeverGoesBack) {
    auto last = boot_now();
    for (int i = 0; i < 1000; ++i) {
        const auto now = boot_now();
        ASSERT_GE(now, last);
        last = now;
    }
    EXPECT_GT(last.count(), 0);
}

} // namespace
} // namespace loopmind::worker
