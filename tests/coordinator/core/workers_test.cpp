// Placement: who gets a task.
#include "coordinator/core/workers.h"

#include <gtest/gtest.h>

#include <random>
#include <tuple>

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
    workers_.set_busy(a, 1, 0);
    EXPECT_EQ(workers_.choose(TaskKind::kRender, {}, "", kNow), nullptr);
    workers_.set_busy(a, 0, 0);
    workers_.disconnect(1);
    EXPECT_EQ(workers_.choose(TaskKind::kRender, {}, "", kNow), nullptr);
}

TEST_F(WorkersTest, APreviewMayUseTheReservedSlotOnce) {
    Worker& a = workers_.enter(facts("a", 2), 1, 0, kNow);
    workers_.set_busy(a, 2, 0);
    EXPECT_EQ(workers_.choose(TaskKind::kRender, {}, "", kNow), nullptr);
    EXPECT_EQ(workers_.choose(TaskKind::kPreview, {}, "", kNow), &a);
    workers_.set_busy(a, 2, 1);
    EXPECT_EQ(workers_.choose(TaskKind::kPreview, {}, "", kNow), nullptr);
}

TEST_F(WorkersTest, ADrainedWorkerGetsNothingNewUntilItMayWorkAgain) {
    Worker& a = workers_.enter(facts("a", 2), 1, 0, kNow);
    Worker& b = workers_.enter(facts("b", 1), 2, 0, kNow);
    workers_.drain("a", true);
    EXPECT_EQ(workers_.choose(TaskKind::kRender, {}, "", kNow), &b);
    EXPECT_EQ(workers_.choose(TaskKind::kPreview, {}, "", kNow), &b);
    EXPECT_EQ(workers_.choose(TaskKind::kRender, {"b"}, "", kNow), &b)
        << "a drained worker does not count as another who could";
    EXPECT_EQ(workers_.capacity(TaskKind::kRender, kNow).slots, 1u);
    EXPECT_EQ(workers_.capacity(TaskKind::kRender, kNow).drained, 1u);
    workers_.set_busy(b, 2, 0);
    EXPECT_EQ(workers_.choose(TaskKind::kPreview, {}, "", kNow), nullptr);
    workers_.drain("a", false);
    EXPECT_EQ(workers_.choose(TaskKind::kRender, {}, "", kNow), &a);
}

TEST_F(WorkersTest, DrainingHoldsOverConnectionsAndBeforeTheFirst) {
    workers_.drain("a", true);
    workers_.enter(facts("a"), 1, 0, kNow);
    EXPECT_EQ(workers_.choose(TaskKind::kRender, {}, "", kNow), nullptr);
    workers_.enter(facts("a"), 2, 0, kNow);
    EXPECT_EQ(workers_.choose(TaskKind::kRender, {}, "", kNow), nullptr);
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
    workers_.set_busy(b, 1, 0); // busy, but it could take the task later: wait for it
    EXPECT_EQ(workers_.choose(TaskKind::kRender, {"a"}, "", kNow), nullptr);
    workers_.disconnect(2);
    EXPECT_EQ(workers_.choose(TaskKind::kRender, {"a"}, "", kNow), &a);
}

TEST_F(WorkersTest, FingerprintThenWarmthThenFreeSlotsDecide) {
    Worker& a = workers_.enter(facts("a", 8), 1, 0, kNow);
    Worker& b = workers_.enter(facts("b", 1), 2, 0, kNow);
    EXPECT_EQ(workers_.choose(TaskKind::kRender, {}, "", kNow), &a);
    workers_.finished(b, TaskKind::kRender);
    EXPECT_EQ(workers_.choose(TaskKind::kRender, {}, "", kNow), &b);
    auto matching = facts("a", 8);
    matching.fingerprint = "x";
    workers_.enter(matching, 1, 0, kNow);
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
    workers_.finished(a, TaskKind::kRender);
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

/// The rules in the plainest way, over all workers.
const Worker* plainly_chosen(const Workers& workers, TaskKind kind, const std::set<std::string>& excluded,
                             const std::string& fingerprint, Millis now) {
    const auto able = [kind](const Worker& worker) {
        return worker.facts.kinds.empty() || worker.facts.kinds.contains(kind);
    };
    bool others = false;
    for (const auto& [key, worker] : workers.all())
        if (workers.usable(worker, now) && able(worker) && !excluded.contains(key)) others = true;
    const Worker* best = nullptr;
    std::tuple<bool, bool, std::int64_t> best_score;
    for (const auto& [key, worker] : workers.all()) {
        if (!workers.usable(worker, now) || !able(worker) || !workers.has_room(worker, kind)) continue;
        if (others && excluded.contains(key)) continue;
        const std::tuple<bool, bool, std::int64_t> score{
            !fingerprint.empty() && worker.facts.fingerprint == fingerprint, worker.warm.contains(kind),
            std::int64_t{worker.facts.slots} - worker.busy - worker.busy_previews};
        if (best == nullptr || score > best_score) {
            best = &worker;
            best_score = score;
        }
    }
    return best;
}

TEST(WorkersHistory, TheIndexAgreesWithThePlainRules) {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        std::mt19937_64 random(seed);
        const auto below = [&random](std::uint64_t n) { return random() % n; };
        Workers workers(Millis(50), 1);
        Millis now{0};
        std::uint64_t connections = 0;
        for (int step = 0; step < 600; ++step) {
            now += Millis(static_cast<std::int64_t>(below(6)));
            const std::string key(1, static_cast<char>('a' + below(8)));
            Worker* worker = workers.find(key);
            const auto kind = static_cast<TaskKind>(1 + below(kTaskKinds));
            switch (below(8)) {
            case 0: {
                auto hello = facts(key, static_cast<std::uint32_t>(1 + below(3)));
                hello.fingerprint = std::string(1, "xy"[below(2)]);
                hello.incarnation = std::to_string(below(3));
                if (below(3) == 0) hello.kinds = {TaskKind::kRender, TaskKind::kPreview};
                workers.enter(hello, ++connections, 0, now);
                break;
            }
            case 1:
                if (worker != nullptr && below(4) == 0) workers.disconnect(worker->connection);
                break;
            case 2:
                if (worker != nullptr) workers.heard(*worker, now);
                break;
            case 3:
                if (worker != nullptr) workers.free_slot(*worker, below(3) == 0);
                break;
            case 4:
                if (worker != nullptr) workers.finished(*worker, kind);
                break;
            default: {
                std::set<std::string> excluded;
                while (below(3) == 0)
                    excluded.insert(std::string(1, static_cast<char>('a' + below(8))));
                const std::string wanted = below(2) == 0 ? "" : std::string(1, "xy"[below(2)]);
                const Worker* plain = plainly_chosen(workers, kind, excluded, wanted, now);
                Worker* chosen = workers.choose(kind, excluded, wanted, now);
                ASSERT_EQ(chosen == nullptr, plain == nullptr) << "seed " << seed << " step " << step;
                if (chosen == nullptr) break;
                // Among equals either may be taken.
                ASSERT_EQ(chosen->facts.fingerprint == wanted, plain->facts.fingerprint == wanted);
                ASSERT_EQ(chosen->warm.contains(kind), plain->warm.contains(kind)) << "seed " << seed;
                ASSERT_EQ(std::int64_t{chosen->facts.slots} - chosen->busy - chosen->busy_previews,
                          std::int64_t{plain->facts.slots} - plain->busy - plain->busy_previews);
                ASSERT_TRUE(workers.usable(*chosen, now) && workers.has_room(*chosen, kind));
                workers.take_slot(*chosen, kind == TaskKind::kPreview);
            }
            }
        }
    }
}

} // namespace
} // namespace loopmind::core
