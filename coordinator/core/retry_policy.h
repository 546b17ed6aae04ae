// What follows a failed or lost attempt: try again (when, without whom) or give up, told in words.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "coordinator/core/records.h"

namespace loopmind::core {

struct RetryPolicy {
    std::uint32_t max_failures = 3; ///< Different workers, or attempts when fewer workers are eligible.
    std::uint32_t max_losses = 8;   ///< Workers that died or fell silent while they had the task.
    Millis first_backoff{250};
    Millis max_backoff{15'000};
};

struct RetryDecision {
    bool give_up = false;
    Error error;    ///< With give_up: what the person is told.
    Millis wait{0}; ///< Without: not before this long from now.
};

/// After a reported failure. `failures` holds the earlier ones and this one (not for a shortage, which
/// consumes no retry). A task fault gives up at once: the worker says that the task itself cannot work.
RetryDecision after_failure(const RetryPolicy& policy, const std::vector<Failure>& failures, Fault fault,
                            const Error& error, std::uint32_t shortages);

/// After an attempt that ended without a word; `losses` includes this one.
RetryDecision after_loss(const RetryPolicy& policy, std::uint32_t losses);

} // namespace loopmind::core
