// Progress and time left.
#include "coordinator/core/estimates.h"

#include <gtest/gtest.h>

namespace loopmind::core {
namespace {

using S = TaskState;

TEST(Estimates, EtaIsUnknownUntilEveryNeededKindWasMeasured) {
    Estimates estimates;
    const std::vector<TaskProgress> tasks{{TaskKind::kRender, S::kReady, 0},
                                          {TaskKind::kFinish, S::kBlocked, 0}};
    EXPECT_EQ(estimates.job_eta(tasks, 2), Millis(0));
    estimates.learn(TaskKind::kRender, Millis(400));
    EXPECT_EQ(estimates.job_eta(tasks, 2), Millis(0));
    estimates.learn(TaskKind::kFinish, Millis(100));
    EXPECT_EQ(estimates.job_eta(tasks, 2), Millis(500));
}

TEST(Estimates, EtaIsBoundByTheChainAndByTheSlots) {
    Estimates estimates;
    estimates.learn(TaskKind::kRender, Millis(400));
    std::vector<TaskProgress> tasks(6, {TaskKind::kRender, S::kReady, 0});
    EXPECT_EQ(estimates.job_eta(tasks, 2), Millis(1200));
    EXPECT_EQ(estimates.job_eta(tasks, 100), Millis(400));
    for (auto& task : tasks)
        task.state = S::kDone;
    EXPECT_EQ(estimates.job_eta(tasks, 2), Millis(0));
}

TEST(Estimates, ProgressGrowsFromZeroToOne) {
    Estimates estimates;
    std::vector<TaskProgress> tasks{{TaskKind::kCompose, S::kReady, 0}, {TaskKind::kRender, S::kBlocked, 0}};
    EXPECT_DOUBLE_EQ(estimates.job_progress(tasks), 0);
    tasks[0].state = S::kDone;
    const double one = estimates.job_progress(tasks);
    tasks[1] = {TaskKind::kRender, S::kLeased, 0.5};
    const double two = estimates.job_progress(tasks);
    tasks[1].state = S::kDone;
    EXPECT_GT(one, 0);
    EXPECT_GT(two, one);
    EXPECT_DOUBLE_EQ(estimates.job_progress(tasks), 1);
}

TEST(Estimates, RecentDurationsCountMost) {
    Estimates estimates;
    for (int i = 0; i < 50; ++i)
        estimates.learn(TaskKind::kRender, Millis(100));
    for (int i = 0; i < 50; ++i)
        estimates.learn(TaskKind::kRender, Millis(1000));
    EXPECT_NEAR(static_cast<double>(estimates.mean(TaskKind::kRender)->count()), 1000, 10);
}

} // namespace
} // namespace loopmind::core
