// Fault classes and their consequences.
#include "coordinator/core/retry_policy.h"

#include <algorithm>
#include <set>

namespace loopmind::core {
namespace {

Millis backoff(const RetryPolicy& policy, std::uint32_t count) {
    const std::uint32_t doublings = std::min<std::uint32_t>(count > 0 ? count - 1 : 0, 16);
    return std::min(policy.max_backoff, policy.first_backoff * (std::int64_t{1} << doublings));
}

} // namespace

RetryDecision after_failure(const RetryPolicy& policy, const std::vector<Failure>& failures, Fault fault,
                            const Error& error, std::uint32_t shortages) {
    RetryDecision decision;
    if (fault == Fault::kShortage) {
        decision.wait = backoff(policy, shortages);
        return decision;
    }
    if (fault == Fault::kTask) {
        decision.give_up = true;
        decision.error = error;
        return decision;
    }
    // Three attempts on fewer than three workers happen only when no other worker was eligible, so the count
    // of failures alone covers both halves of the rule.
    if (failures.size() >= policy.max_failures) {
        std::set<std::string> workers;
        for (const Failure& failure : failures)
            workers.insert(failure.worker);
        decision.give_up = true;
        decision.error = error;
        decision.error.message =
            "failed " + std::to_string(failures.size()) + " times on " + std::to_string(workers.size()) +
            (workers.size() == 1 ? " worker, last: " : " different workers, last: ") + error.message;
        return decision;
    }
    decision.wait = backoff(policy, static_cast<std::uint32_t>(failures.size()));
    return decision;
}

RetryDecision after_loss(const RetryPolicy& policy, std::uint32_t losses) {
    RetryDecision decision;
    if (losses < policy.max_losses) return decision;
    decision.give_up = true;
    decision.error = {ErrorCode::kInternal, "",
                      "its worker died or fell silent " + std::to_string(losses) +
                          " times while it had this task",
                      "look at the workers' logs, then `loopmind retry` the job"};
    return decision;
}

} // namespace loopmind::core
