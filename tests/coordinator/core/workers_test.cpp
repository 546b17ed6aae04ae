// Placement: who gets a task.
#include "coordinator/core/workers.h"

#include <gtest/gtest.h>

namespace loopmind::core {
namespace {

constexpr Millis kNow{1000};

WorkerFacts facts(const std::string& key, std::uint32_t slots = 1) {
    WorkerFacts f;
    f.key = key;
    f.incarnation = "1";
    f.slots = slots;
    return f;
}

class WorkersTest : public ::testing::Test {
  protected:
    Workers workers_{Millis(3000), 1};
};

TEST_F(WorkersTest, NobodyWithoutRoomOrConnectionIsChosen) {
    Worker& a = workers_.enter(facts("a"), 1, 0, kNow);
    EXPECT_EQ(workers_.choose(TaskKind::kRender, {}, "", kNow), &a);
    a.busy = 1;
    EXPECT_EQ(workers_.choose(TaskKind::kRender, {}, "", kNow), nullptr);
    a.busy = 0;
    workers_.disconnect(1);
    EXPECT_EQ(workers_.choose(TaskKind::kRender, {}, "", kNow), nullptr);
}

TEST_F(WorkersTest, APreviewMayUseTheReservedSlotOnce) {
    Worker& a = workers_.enter(facts("a", 2), 1, 0, kNow);
    a.busy = 2;
    EXPECT_EQ(workers_.choose(TaskKind::kRender, {}, "", kNow), nullptr);
    EXPECT_EQ(workers_.choose(TaskKind::kPreview, {}, "", kNow), &a);
    a.busy_previews = 1;
    EXPECT_EQ(workers_.choose(TaskKind::kPreview, {}, "", kNow), nullptr);
}

TEST_F(WorkersTest, SilentWorkersGetNothingNew) {
    workers_.enter(facts("a"), 1, 0, kNow);
    EXPECT_NE(workers_.choose(TaskKind::kRender, {}, "", kNow + Millis(3000)), nullptr);
    EXPECT_EQ(workers_.choose(TaskKind::kRender, {}, "", kNow + Millis(3001)), nullptr);
}

TEST_F(WorkersTest, ExcludedOnlyWhileAnotherIsEligible) {
    Worker& a = workers_.enter(facts("a"), 1, 0, kNow);
    Worker& b = workers_.enter(facts("b"), 2, 0, kNow);
    EXPECT_EQ(workers_.choose(TaskKind::kRender, {"a"}, "", kNow), &b);
    b.busy = 1; // busy, but it could take the task later: wait for it
    EXPECT_EQ(workers_.choose(TaskKind::kRender, {"a"}, "", kNow), nullptr);
    workers_.disconnect(2);
    EXPECT_EQ(workers_.choose(TaskKind::kRender, {"a"}, "", kNow), &a);
}

TEST_F(WorkersTest, FingerprintThenWarmthThenFreeSlotsDecide) {
    Worker& a = workers_.enter(facts("a", 8), 1, 0, kNow);
    Worker& b = workers_.enter(facts("b", 1), 2, 0, kNow);
    EXPECT_EQ(workers_.choose(TaskKind::kRender, {}, "", kNow), &a);
    b.warm.insert(TaskKind::kRender);
    EXPECT_EQ(workers_.choose(TaskKind::kRender, {}, "", kNow), &b);
    a.facts.fingerprint = "x";
    EXPECT_EQ(workers_.choose(TaskKind::kRender, {}, "x", kNow), &a);
}

TEST_F(WorkersTest, OnlyAbleWorkersAreAsked) {
    auto f = facts("a");
    f.kinds = {TaskKind::kPreview};
    workers_.enter(f, 1, 0, kNow);
    EXPECT_EQ(workers_.choose(TaskKind::kRender, {}, "", kNow), nullptr);
    EXPECT_NE(workers_.choose(TaskKind::kPreview, {}, "", kNow), nullptr);
}

TEST_F(WorkersTest, ANewProcessIsCold) {
    Worker& a = workers_.enter(facts("a"), 1, 5, kNow);
    a.warm.insert(TaskKind::kRender);
    workers_.enter(facts("a"), 2, 6, kNow);
    EXPECT_TRUE(a.warm.contains(TaskKind::kRender));
    EXPECT_EQ(a.connected_unix_ms, 5u);
    auto restarted = facts("a");
    restarted.incarnation = "2";
    workers_.enter(restarted, 3, 7, kNow);
    EXPECT_TRUE(a.warm.empty());
    EXPECT_EQ(a.connected_unix_ms, 7u);
    EXPECT_EQ(workers_.by_connection(1), nullptr);
    EXPECT_EQ(workers_.by_connection(3), &a);
}

} // namespace
} // namespace loopmind::core
