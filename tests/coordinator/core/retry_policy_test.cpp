// Fault classes and what follows them.
#include "coordinator/core/retry_policy.h"

#include <gtest/gtest.h>

namespace loopmind::core {
namespace {

const Error kError{ErrorCode::kInternal, "", "the synth broke", ""};

Failure failure(const std::string& worker) {
    return {1, worker, Fault::kWorker, kError};
}

TEST(RetryPolicy, TaskFaultGivesUpAtOnceInTheWorkersWords) {
    const auto decision = after_failure({}, {failure("a")}, Fault::kTask, kError, 0);
    EXPECT_TRUE(decision.give_up);
    EXPECT_EQ(decision.error.message, "the synth broke");
}

TEST(RetryPolicy, ThreeDifferentWorkersAreTheTasksFault) {
    const RetryPolicy policy;
    EXPECT_FALSE(after_failure(policy, {failure("a")}, Fault::kWorker, kError, 0).give_up);
    EXPECT_FALSE(after_failure(policy, {failure("a"), failure("b")}, Fault::kWorker, kError, 0).give_up);
    const auto last =
        after_failure(policy, {failure("a"), failure("b"), failure("c")}, Fault::kWorker, kError, 0);
    EXPECT_TRUE(last.give_up);
    EXPECT_EQ(last.error.message, "failed 3 times on 3 different workers, last: the synth broke");
}

TEST(RetryPolicy, ThreeAttemptsOnTheOnlyWorkerAreEnough) {
    const auto last =
        after_failure({}, {failure("a"), failure("a"), failure("a")}, Fault::kWorker, kError, 0);
    EXPECT_TRUE(last.give_up);
    EXPECT_EQ(last.error.message, "failed 3 times on 1 worker, last: the synth broke");
}

TEST(RetryPolicy, ShortagesWaitLongerAndLongerAndNeverGiveUp) {
    const RetryPolicy policy;
    Millis before{0};
    for (std::uint32_t n = 1; n < 1000; ++n) {
        const auto decision = after_failure(policy, {}, Fault::kShortage, kError, n);
        ASSERT_FALSE(decision.give_up);
        ASSERT_GE(decision.wait, before);
        ASSERT_LE(decision.wait, policy.max_backoff);
        before = decision.wait;
    }
    EXPECT_EQ(before, policy.max_backoff);
}

TEST(RetryPolicy, ATaskThatKillsItsWorkersIsStoppedInTheEnd) {
    const RetryPolicy policy;
    EXPECT_FALSE(after_loss(policy, policy.max_losses - 1).give_up);
    EXPECT_TRUE(after_loss(policy, policy.max_losses).give_up);
}

} // namespace
} // namespace loopmind::core
