// What the farm decided and somebody has to carry out.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "coordinator/core/job.h"

namespace loopmind::core {

/// To do: make the grant durable (unless `stored` is false), then call commit_grant or refuse_grant.
struct GrantAction {
    TaskRef task;
    std::string tenant;
    std::string spec_json;
    std::uint64_t epoch = 0;
    std::uint32_t losses = 0;
    std::string worker;
    std::string incarnation;
    std::string fingerprint;
    bool cacheable = false; ///< All inputs came from this fingerprint: the recipe cache may answer.
    bool stored = true;
};
/// To do: tell the worker to stop; it reports nothing.
struct CancelAction {
    std::uint64_t connection = 0;
    AttemptName attempt;
    std::string reason;
};
/// To do: make the failure durable, then call commit_failure.
struct FailureAction {
    TaskRef task;
    Failure failure;
    std::uint32_t losses = 0;
    bool give_up = false;
    Error error; ///< With give_up: why the job failed.
};
/// To do: tell who watches. `progress_only` may be thinned out.
struct ChangedAction {
    TaskRef task;
    bool whole_job = false;
    bool progress_only = false;
};
using Action = std::variant<GrantAction, CancelAction, FailureAction, ChangedAction>;

} // namespace loopmind::core
