// What every store decides the same way: which cached outputs answer a new job, and the words of its
// refusals.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "coordinator/store/store.h"

namespace loopmind::store {

/// Cached outputs per recipe, in order; empty where the cache has none.
using CachedOutputs = std::vector<std::vector<core::Artifact>>;

/// Sets the states of a new job's tasks and of the job: the candidate with most hits answers, its hits are
/// done, the rest is ready or blocked. `look_up` asks the cache of the job's tenant.
void answer_from_cache(const NewJob& wanted, core::JobRecord& job,
                       const std::function<CachedOutputs(const std::vector<std::string>& recipes)>& look_up);

/// Needs of a task that are not done.
int open_needs(const core::JobRecord& job, const core::TaskRecord& task);

Error no_such_job(const std::string& job_id);
Error another_request(const std::string& job_id);
Error missing_blob(const core::Artifact& blob);
Error not_retryable();
Error no_such_role(const std::string& role);
/// A write of a term that is over: unavailable, so that whoever asked tries again, with the coordinator that
/// leads now.
Error leadership_lost(std::uint32_t term);

bool is_identity_role(const std::string& role);

} // namespace loopmind::store
