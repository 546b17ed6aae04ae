// Which changes of state are legal.
#include "coordinator/core/transitions.h"

#include <gtest/gtest.h>

namespace loopmind::core {
namespace {

TEST(Transitions, DoneTasksNeverMoveAgain) {
    for (int to = 1; to <= 6; ++to) {
        TaskState state = TaskState::kDone;
        EXPECT_FALSE(Transitions::move(state, static_cast<TaskState>(to)));
        EXPECT_EQ(state, TaskState::kDone);
    }
}

TEST(Transitions, BlockedTasksAreNeverLeasedOrDone) {
    EXPECT_FALSE(Transitions::legal(TaskState::kBlocked, TaskState::kLeased));
    EXPECT_FALSE(Transitions::legal(TaskState::kBlocked, TaskState::kDone));
    EXPECT_TRUE(Transitions::legal(TaskState::kBlocked, TaskState::kReady));
}

TEST(Transitions, OnlyFailedAndCancelledJobsOpenAgain) {
    EXPECT_TRUE(Transitions::legal(JobState::kFailed, JobState::kQueued));
    EXPECT_TRUE(Transitions::legal(JobState::kCancelled, JobState::kQueued));
    EXPECT_FALSE(Transitions::legal(JobState::kDone, JobState::kQueued));
    EXPECT_FALSE(Transitions::legal(JobState::kSuperseded, JobState::kRunning));
}

TEST(Transitions, MoveReportsWhetherSomethingChanged) {
    TaskState state = TaskState::kReady;
    EXPECT_FALSE(Transitions::move(state, TaskState::kReady));
    EXPECT_TRUE(Transitions::move(state, TaskState::kLeased));
    EXPECT_EQ(state, TaskState::kLeased);
}

} // namespace
} // namespace loopmind::core
