// How leases begin and end: grants, results, failures and losses.
#include "coordinator/core/farm.h"

#include <algorithm>
#include <utility>

namespace loopmind::core {

void Farm::free_slot(Task& task) {
    if (!task.lease || !task.lease->counted) return;
    task.lease->counted = false;
    if (Worker* worker = workers_.find(task.lease->worker))
        workers_.free_slot(*worker, task.lease->preview_slot);
}

Lease& Farm::open_lease(Job& job, Task& task, const std::string& worker, Millis deadline) {
    Lease& lease = leases_.open(task.lease, ref_of(job, task), worker, deadline);
    lease.preview_slot = task.record.kind == TaskKind::kPreview;
    queue_.count_running(job.record.key);
    return lease;
}

// The lease had run out, but nobody else has the task yet: its worker keeps it.
void Farm::take_back(Job& job, Task& task, Worker& worker, Millis now) {
    unready(job, task);
    Lease& lease = open_lease(job, task, worker.facts.key, now + config_.lease);
    lease.connection = worker.connection;
    lease.counted = true;
    workers_.take_slot(worker, lease.preview_slot);
    leases_.run_until(lease, now + config_.lease);
    task.not_before = Millis{0};
    move_task(job, task, TaskState::kLeased);
    settle_job(job, now);
}

void Farm::end_lease(Job& job, Task& task, Millis now) {
    if (!task.lease) return;
    free_slot(task);
    // What was never pushed cost nothing: the cache answered, or the store refused.
    const Millis real = !task.lease->pushed || task.started == Millis{0} ? Millis{0} : now - task.started;
    if (task.lease->expected > Millis{0})
        queue_.ended(job.record.key, seconds_of(real - task.lease->expected));
    else
        queue_.ended(job.record.key, 0);
    leases_.close(task.lease);
    task.progress = 0;
    task.worker_eta_ms = 0;
    task.worker_note.clear();
    unpark(job, task, now);
}

void Farm::cancel_lease(Job& job, Task& task, const std::string& reason, Millis now) {
    if (task.lease && task.lease->connection != 0 && task.lease->pushed && !task.lease->closing)
        actions_.emplace_back(CancelAction{task.lease->connection,
                                           {task_id(job.record.job_id, task.record.index), task.record.epoch},
                                           reason});
    by_epoch_.erase(task.record.epoch);
    task.epoch_open = false;
    end_lease(job, task, now);
}

// The attempt is over without a result; the task waits for another.
void Farm::release(Job& job, Task& task, Millis now, Millis wait) {
    end_lease(job, task, now);
    task.not_before = wait > Millis{0} ? now + wait : Millis{0};
    make_ready(job, task, now);
}

// The attempt ended without a word. Its epoch stays current: a late result counts until the next grant.
void Farm::lose(Job& job, Task& task, Millis now, const std::string& why) {
    ++task.record.losses;
    task.wait_reason = why;
    const RetryDecision decision = after_loss(config_.retry, task.record.losses);
    if (!decision.give_up) {
        release(job, task, now, Millis{0});
        return;
    }
    FailureAction action;
    action.task = {job.record.key, task.record.index};
    action.failure = {task.record.epoch, task.record.worker, Fault::kWorker, decision.error};
    action.losses = task.record.losses;
    action.give_up = true;
    action.error = decision.error;
    if (task.lease) leases_.hold(*task.lease);
    free_slot(task);
    actions_.emplace_back(std::move(action));
}

std::optional<TaskRef> Farm::find_task(const std::string& name, std::uint64_t epoch) const {
    auto it = by_epoch_.find(epoch);
    if (it == by_epoch_.end()) return std::nullopt;
    const Job* job = find_job(it->second.job);
    if (job == nullptr || task_id(job->record.job_id, it->second.index) != name) return std::nullopt;
    return it->second;
}

Task* Farm::current(std::uint64_t connection, const AttemptName& attempt, TaskRef& ref,
                    AttemptVerdict& verdict) {
    verdict = AttemptVerdict::kNewer;
    if (attempt.epoch >> 32 > term_) return nullptr;
    verdict = AttemptVerdict::kUnknown;
    const Worker* worker = workers_.by_connection(connection);
    auto found = find_task(attempt.task_id, attempt.epoch);
    if (!found || worker == nullptr) return nullptr;
    ref = *found;
    Task* task = find_attempt(ref, attempt.epoch);
    verdict = AttemptVerdict::kStale;
    if (task == nullptr || task->record.worker != worker->facts.key) return nullptr;
    if (task->lease && task->lease->closing) {
        verdict = AttemptVerdict::kBusy;
        return nullptr;
    }
    verdict = AttemptVerdict::kCurrent;
    return task;
}

const Task* Farm::current_attempt(std::uint64_t connection, const AttemptName& attempt) const {
    TaskRef ref;
    AttemptVerdict verdict;
    return const_cast<Farm*>(this)->current(connection, attempt, ref, verdict);
}

void Farm::commit_grant(TaskRef ref, std::uint64_t epoch, Millis now) {
    Task* task = find_attempt(ref, epoch);
    if (task == nullptr || !task->lease) return;
    leases_.run_until(*task->lease, now + config_.lease);
    task->started = now;
}

void Farm::refuse_grant(TaskRef ref, std::uint64_t epoch, bool stale, Millis now) {
    Task* task = find_attempt(ref, epoch);
    if (task == nullptr || !task->lease) return;
    by_epoch_.erase(epoch);
    task->epoch_open = false;
    if (!stale) {
        release(jobs_.at(ref.job), *task, now, Millis{0});
        return;
    }
    end_lease(jobs_.at(ref.job), *task, now);
}

AttemptVerdict Farm::output_grew(std::uint64_t connection, const AttemptName& attempt,
                                 const std::string& role, Growth growth, Millis now) {
    TaskRef ref;
    AttemptVerdict verdict;
    Task* task = current(connection, attempt, ref, verdict);
    if (task == nullptr) return verdict;
    Growth& known = task->growth[role];
    if (growth.bytes < known.bytes || (growth.total != 0 && growth.bytes > growth.total))
        return AttemptVerdict::kStale;
    known = growth;
    changed(jobs_.at(ref.job), task, true);
    return AttemptVerdict::kCurrent;
}

AttemptVerdict Farm::begin_completion(std::uint64_t connection, const AttemptName& attempt, Millis now) {
    TaskRef ref;
    AttemptVerdict verdict;
    Task* task = current(connection, attempt, ref, verdict);
    if (task == nullptr) return verdict;
    if (!task->lease) take_back(jobs_.at(ref.job), *task, *workers_.by_connection(connection), now);
    task->lease->connection = connection;
    task->lease->pushed = true;
    leases_.hold(*task->lease);
    free_slot(*task);
    return AttemptVerdict::kCurrent;
}

void Farm::reopen(TaskRef ref, std::uint64_t epoch, Millis now) {
    Task* task = find_attempt(ref, epoch);
    if (task == nullptr || !task->lease) return;
    leases_.run_until(*task->lease, now + config_.lease);
}

void Farm::commit_completion(TaskRef ref, std::uint64_t epoch, std::vector<Artifact> outputs,
                             const std::string& fingerprint, bool cached, Millis now) {
    Task* task = find_attempt(ref, epoch);
    if (task == nullptr) return;
    Job& job = jobs_.at(ref.job);
    if (task->lease && !cached) {
        if (Worker* worker = workers_.find(task->record.worker))
            workers_.finished(*worker, task->record.kind);
        if (task->started > Millis{0}) estimates_.learn(task->record.kind, now - task->started);
    }
    task->record.outputs = std::move(outputs);
    task->record.fingerprint = fingerprint;
    task->record.cached = cached;
    unready(job, *task);
    by_epoch_.erase(epoch);
    task->epoch_open = false;
    end_lease(job, *task, now);
    task->progress = 1;
    task->wait_reason.clear();
    move_task(job, *task, TaskState::kDone);
    for (Task& other : job.tasks) {
        if (other.record.state != TaskState::kBlocked) continue;
        const auto& needs = other.record.needs;
        if (std::all_of(needs.begin(), needs.end(),
                        [&job](std::uint32_t n) { return job.tasks[n].record.state == TaskState::kDone; }))
            make_ready(job, other, now);
    }
    settle_job(job, now);
}

void Farm::drop_attempt(TaskRef ref, std::uint64_t epoch, Millis now) {
    refuse_grant(ref, epoch, true, now);
}

AttemptVerdict Farm::report_failure(std::uint64_t connection, const AttemptName& attempt, Fault fault,
                                    Error error, Millis now) {
    TaskRef ref;
    AttemptVerdict verdict;
    Task* task = current(connection, attempt, ref, verdict);
    if (task == nullptr) return verdict;
    Job& job = jobs_.at(ref.job);
    if (!task->lease) {
        // Late news of an attempt that was given up already: no result of it will come.
        task->wait_reason = error.text();
        by_epoch_.erase(task->record.epoch);
        task->epoch_open = false;
        return AttemptVerdict::kCurrent;
    }
    if (fault == Fault::kShortage) {
        ++task->shortages;
        task->wait_reason = error.text();
        by_epoch_.erase(task->record.epoch);
        task->epoch_open = false;
        release(job, *task, now,
                after_failure(config_.retry, task->record.failures, fault, error, task->shortages).wait);
        return AttemptVerdict::kCurrent;
    }
    FailureAction action;
    action.task = ref;
    action.failure = {attempt.epoch, task->record.worker, fault, error};
    action.losses = task->record.losses;
    std::vector<Failure> failures = task->record.failures;
    failures.push_back(action.failure);
    const RetryDecision decision = after_failure(config_.retry, failures, fault, error, 0);
    action.give_up = decision.give_up;
    action.error = decision.error;
    leases_.hold(*task->lease);
    free_slot(*task);
    actions_.emplace_back(std::move(action));
    return AttemptVerdict::kCurrent;
}

void Farm::commit_failure(const FailureAction& action, Millis now) {
    Task* task = find_attempt(action.task, action.failure.epoch);
    if (task == nullptr) return;
    Job& job = jobs_.at(action.task.job);
    task->record.failures.push_back(action.failure);
    if (action.failure.fault == Fault::kWorker) task->excluded.insert(action.failure.worker);
    task->wait_reason = action.failure.error.text();
    by_epoch_.erase(action.failure.epoch);
    task->epoch_open = false;
    if (!action.give_up) {
        release(
            job, *task, now,
            after_failure(config_.retry, task->record.failures, action.failure.fault, action.failure.error, 0)
                .wait);
        return;
    }
    end_lease(job, *task, now);
    move_task(job, *task, TaskState::kFailed);
    job.record.error = action.error;
    commit_cancel(action.task.job, JobState::kFailed, now);
}

} // namespace loopmind::core
