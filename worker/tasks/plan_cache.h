// Parsed plans: all stems of a request come from one plan, which is parsed once.
#pragma once

#include "models/composer/plan.h"
#include "proto/base/result.h"
#include "worker/tasks/executor.h"

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace loopmind::tasks {

using SharedComposition = std::shared_ptr<const composer::Composition>;

/// Keeps the newest plans by blob hash. Thread-safe.
class PlanCache {
  public:
    static constexpr std::size_t kMost = 16;
    static constexpr std::size_t kMaxPlanBytes = 64u << 20;

    /// The plan of a task's input "plan". Errors: of the input, data_corrupt when it does not parse.
    Result<SharedComposition> load(TaskContext& context);
    void put(const std::string& sha256, SharedComposition composition);

  private:
    std::mutex mutex_;
    std::deque<std::pair<std::string, SharedComposition>> newest_first_;
};

/// One variation. Errors: invalid_argument when there is none of that number.
Result<const composer::Plan*> variation_of(const composer::Composition& composition, int variation);

} // namespace loopmind::tasks
