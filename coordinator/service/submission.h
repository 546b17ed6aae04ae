// From a person's parameters to a job with its tasks and recipes.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "coordinator/core/records.h"
#include "coordinator/store/store.h"
#include "loopmind/v1/job.pb.h"

namespace loopmind::service {

struct Submission {
    store::NewJob job;
};

/// Checks and resolves a request; `draw_seed` answers "seed":"random". `fingerprints` are those whose cached
/// results count. Errors: invalid_argument naming the field.
Result<Submission> make_submission(const v1::SubmitJob& request, const std::string& tenant,
                                   const std::string& owner, const std::set<std::string>& fingerprints,
                                   const std::function<std::uint64_t()>& draw_seed, std::uint64_t now_ms);

} // namespace loopmind::service
