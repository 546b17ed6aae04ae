// Decisions that do not depend on the database.
#include "coordinator/store/cache_answer.h"

#include <algorithm>

namespace loopmind::store {

using core::JobState;
using core::TaskRecord;
using core::TaskState;

void answer_from_cache(const NewJob& wanted, core::JobRecord& job,
                       const std::function<CachedOutputs(const std::vector<std::string>& recipes)>& look_up) {
    CachedOutputs best(job.tasks.size());
    std::size_t best_hits = 0;
    std::string fingerprint;
    for (const RecipeSet& candidate : wanted.candidates) {
        CachedOutputs outputs = look_up(candidate.recipes);
        outputs.resize(job.tasks.size());
        const auto hits = static_cast<std::size_t>(
            std::count_if(outputs.begin(), outputs.end(), [](const auto& found) { return !found.empty(); }));
        if (hits <= best_hits) continue;
        best_hits = hits;
        best = std::move(outputs);
        fingerprint = candidate.fingerprint;
    }
    for (std::size_t i = 0; i < job.tasks.size(); ++i) {
        if (best[i].empty()) continue;
        TaskRecord& task = job.tasks[i];
        task.state = TaskState::kDone;
        task.cached = true;
        task.fingerprint = fingerprint;
        task.outputs = std::move(best[i]);
    }
    for (TaskRecord& task : job.tasks)
        if (task.state != TaskState::kDone)
            task.state = open_needs(job, task) == 0 ? TaskState::kReady : TaskState::kBlocked;
    job.state = JobState::kQueued;
    if (!job.tasks.empty() && best_hits == job.tasks.size()) {
        job.state = JobState::kDone;
        job.cached = true;
        job.finished_ms = job.created_ms;
    }
}

int open_needs(const core::JobRecord& job, const TaskRecord& task) {
    return static_cast<int>(std::count_if(task.needs.begin(), task.needs.end(), [&job](std::uint32_t need) {
        return job.tasks.at(need).state != TaskState::kDone;
    }));
}

Error no_such_job(const std::string& job_id) {
    return {ErrorCode::kNotFound, "job_id", "there is no job " + job_id, "`loopmind jobs` lists yours"};
}

Error another_request(const std::string& job_id) {
    return {ErrorCode::kAlreadyExists, "job_id", "job " + job_id + " exists with other parameters",
            "draw a new id"};
}

Error missing_blob(const core::Artifact& blob) {
    return {ErrorCode::kNotFound, blob.role, "the farm does not have blob " + blob.sha256,
            "put it first and submit again"};
}

Error not_retryable() {
    return {ErrorCode::kInvalidArgument, "job_id", "only a failed or cancelled job can be tried again",
            "submit it as a new job"};
}

Error no_such_role(const std::string& role) {
    return {ErrorCode::kInvalidArgument, "role", "there is no role '" + role + "'",
            "use worker, producer, viewer or admin"};
}

Error leadership_lost(std::uint32_t term) {
    return {ErrorCode::kUnavailable, "leader",
            "another coordinator leads since; term " + std::to_string(term) + " is over",
            "the coordinator that leads now takes it"};
}

bool is_identity_role(const std::string& role) {
    return role == "worker" || role == "producer" || role == "viewer" || role == "admin";
}

} // namespace loopmind::store
