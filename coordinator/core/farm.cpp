// Jobs, attempts and dispatch. What people are told is in farm_notes.cpp.
#include "coordinator/core/farm.h"

#include <algorithm>
#include <utility>

#include "coordinator/core/transitions.h"

namespace loopmind::core {
namespace {

std::string name_of(const std::string& tenant, const std::string& job_id) {
    return tenant + "\n" + job_id;
}

ShareOf share_of(const JobRecord& record) {
    ShareOf out;
    out.job_class = record.kind == JobKind::kPreview ? JobClass::kInteractive : JobClass::kNormal;
    out.tenant = record.tenant;
    out.user = record.owner;
    return out;
}

/// What a task of a kind that was never measured is charged.
constexpr Millis kUnknownCost{1000};

double seconds_of(Millis time) {
    return std::chrono::duration<double>(time).count();
}

} // namespace

Farm::Farm(FarmConfig config, std::uint32_t term)
    : config_(config), term_(term), workers_(3 * config.heartbeat, config.preview_extra_slots) {}

// --- small steps

Task* Farm::find(TaskRef ref) {
    auto it = jobs_.find(ref.job);
    if (it == jobs_.end() || ref.index >= it->second.tasks.size()) return nullptr;
    return &it->second.tasks[ref.index];
}

Task* Farm::find_attempt(TaskRef ref, std::uint64_t epoch) {
    Task* task = find(ref);
    return task != nullptr && task->epoch_open && task->record.epoch == epoch ? task : nullptr;
}

void Farm::changed(const Job& job, const Task* task, bool progress_only) {
    ChangedAction action;
    action.task = {job.record.key, task != nullptr ? task->record.index : 0};
    action.whole_job = task == nullptr;
    action.progress_only = progress_only;
    actions_.emplace_back(action);
}

void Farm::move_task(Job& job, Task& task, TaskState to) {
    if (Transitions::move(task.record.state, to)) changed(job, &task);
}

void Farm::make_ready(Job& job, Task& task, Millis now) {
    move_task(job, task, TaskState::kReady);
    if (task.not_before > Millis{0})
        deferred_.insert({task.not_before, {job.record.key, task.record.index}});
    else
        enqueue(job, task, now);
}

void Farm::enqueue(Job& job, Task& task, Millis now) {
    if (task.shape) return;
    task.shape = shapes_.hold({task.record.kind, wanted_fingerprint(job, task), task.excluded});
    queue_.insert({job.record.key, task.record.index}, *task.shape, now);
}

void Farm::unready(Job& job, Task& task) {
    const TaskRef ref{job.record.key, task.record.index};
    deferred_.erase({task.not_before, ref});
    if (task.parked) {
        const auto found = parked_.find(name_of(job.record.tenant, task.record.spec_json));
        found->second.erase(ref);
        if (found->second.empty()) parked_.erase(found);
        task.parked = false;
    }
    if (!task.shape) return;
    queue_.erase(ref);
    shapes_.drop(*task.shape);
    task.shape.reset();
}

// Equal work runs: this one waits for it outside the queue, so that it is not looked at again and again.
void Farm::park(Job& job, Task& task) {
    unready(job, task);
    parked_[name_of(job.record.tenant, task.record.spec_json)].insert({job.record.key, task.record.index});
    task.parked = true;
}

void Farm::unpark(const Job& job, const Task& task, Millis now) {
    if (parked_.empty()) return;
    const auto found = parked_.find(name_of(job.record.tenant, task.record.spec_json));
    if (found == parked_.end()) return;
    const std::set<TaskRef> waiting = std::move(found->second);
    parked_.erase(found);
    for (const TaskRef& ref : waiting) {
        Task& other = *find(ref);
        other.parked = false;
        enqueue(jobs_.at(ref.job), other, now);
    }
}

void Farm::free_slot(Task& task) {
    if (!task.lease || !task.lease->counted) return;
    task.lease->counted = false;
    if (Worker* worker = workers_.find(task.lease->worker))
        workers_.free_slot(*worker, task.lease->preview_slot);
}

Lease& Farm::open_lease(Job& job, Task& task) {
    task.lease.emplace();
    leased_.insert({job.record.key, task.record.index});
    queue_.count_running(job.record.key);
    return *task.lease;
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
    leased_.erase({job.record.key, task.record.index});
    task.lease.reset();
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
    if (task.lease) task.lease->closing = true;
    free_slot(task);
    actions_.emplace_back(std::move(action));
}

void Farm::settle_job(Job& job, Millis now) {
    bool running = false;
    bool all_done = true;
    for (const Task& task : job.tasks) {
        if (task.record.state != TaskState::kDone) all_done = false;
        if (task.record.state == TaskState::kLeased || task.record.state == TaskState::kDone) running = true;
    }
    bool moved = false;
    if (all_done)
        moved = Transitions::move(job.record.state, JobState::kDone);
    else if (running)
        moved = Transitions::move(job.record.state, JobState::kRunning);
    if (moved) changed(job, nullptr);
}

// --- jobs

Job make_job(JobRecord record) {
    Job job;
    job.tasks.reserve(record.tasks.size());
    for (TaskRecord& task : record.tasks) {
        Task entry;
        entry.record = std::move(task);
        for (const Failure& failure : entry.record.failures)
            if (failure.fault == Fault::kWorker) entry.excluded.insert(failure.worker);
        job.tasks.push_back(std::move(entry));
    }
    record.tasks.clear();
    job.record = std::move(record);
    return job;
}

void Farm::add_job(JobRecord record, Millis now) {
    const JobKey key = record.key;
    if (record.kind == JobKind::kPreview && !record.supersede_key.empty()) {
        std::vector<JobKey> older;
        for (const auto& [other_key, other] : jobs_)
            if (other.record.kind == JobKind::kPreview && !is_terminal(other.record.state) &&
                other.record.tenant == record.tenant && other.record.owner == record.owner &&
                other.record.supersede_key == record.supersede_key)
                older.push_back(other_key);
        for (JobKey other : older)
            commit_cancel(other, JobState::kSuperseded, now);
    }
    Job job = make_job(std::move(record));
    by_id_[name_of(job.record.tenant, job.record.job_id)] = key;
    queue_.add_job(key, share_of(job.record));
    Job& kept = jobs_[key] = std::move(job);
    for (Task& task : kept.tasks) {
        const TaskRef ref{key, task.record.index};
        if (task.record.state == TaskState::kReady) {
            make_ready(kept, task, now);
        } else if (task.record.state == TaskState::kLeased) {
            Lease& lease = open_lease(kept, task);
            lease.worker = task.record.worker;
            lease.deadline = now + config_.lease;
            lease.pushed = true;
            task.epoch_open = true;
            task.started = now;
            by_epoch_[task.record.epoch] = ref;
            note_work(kept, task);
        }
    }
    settle_job(kept, now);
    changed(kept, nullptr);
}

void Farm::commit_cancel(JobKey key, JobState how, Millis now) {
    auto it = jobs_.find(key);
    if (it == jobs_.end() || is_terminal(it->second.record.state)) return;
    Job& job = it->second;
    const std::string reason = how == JobState::kSuperseded ? "superseded by a newer preview"
                               : how == JobState::kFailed   ? "another task of the job failed"
                                                            : "the job was cancelled";
    for (Task& task : job.tasks) {
        if (is_terminal(task.record.state)) continue;
        unready(job, task);
        cancel_lease(job, task, reason, now);
        move_task(job, task, TaskState::kCancelled);
    }
    if (Transitions::move(job.record.state, how)) changed(job, nullptr);
}

const Job* Farm::find_job(JobKey key) const {
    auto it = jobs_.find(key);
    return it == jobs_.end() ? nullptr : &it->second;
}

const Job* Farm::find_job(const std::string& tenant, const std::string& job_id) const {
    auto it = by_id_.find(name_of(tenant, job_id));
    return it == by_id_.end() ? nullptr : find_job(it->second);
}

void Farm::forget_job(JobKey key, Millis now) {
    auto it = jobs_.find(key);
    if (it == jobs_.end()) return;
    for (Task& task : it->second.tasks) {
        unready(it->second, task);
        if (task.epoch_open) by_epoch_.erase(task.record.epoch);
        end_lease(it->second, task, now);
    }
    queue_.remove_job(key);
    auto name = by_id_.find(name_of(it->second.record.tenant, it->second.record.job_id));
    if (name != by_id_.end() && name->second == key) by_id_.erase(name);
    jobs_.erase(it);
}

// --- workers

std::vector<AttemptName> Farm::hello(WorkerFacts facts, std::uint64_t connection,
                                     const std::vector<AttemptName>& running,
                                     const std::vector<AttemptName>& outbox, std::uint64_t unix_ms,
                                     Millis now) {
    const std::string key = facts.key;
    const std::string incarnation = facts.incarnation;
    workers_.enter(std::move(facts), connection, unix_ms, now);
    const std::set<AttemptName> in_outbox(outbox.begin(), outbox.end());
    const std::set<AttemptName> at_work(running.begin(), running.end());
    std::vector<AttemptName> stop;

    const std::vector<TaskRef> held(leased_.begin(), leased_.end());
    for (const TaskRef& ref : held) {
        Job& job = jobs_.at(ref.job);
        Task& task = job.tasks[ref.index];
        if (!task.lease || task.lease->worker != key || task.lease->closing) continue;
        const AttemptName name{task_id(job.record.job_id, ref.index), task.record.epoch};
        const bool reported = in_outbox.contains(name) || at_work.contains(name);
        if (task.record.incarnation != incarnation && !in_outbox.contains(name)) {
            // A new process of the same worker: the old one is gone, and it kept no result of this attempt.
            lose(job, task, now, "its worker was restarted");
            continue;
        }
        if (reported) {
            task.lease->connection = connection;
            task.lease->deadline = now + config_.lease;
            task.lease->pushed = true;
        } else if (task.lease->pushed && task.lease->connection != connection) {
            // The same process on a new connection: what was pushed on the old one is listed or never
            // arrived.
            task.wait_reason = "its worker never got it";
            release(job, task, now, Millis{0});
        }
    }
    for (const AttemptName& name : running) {
        TaskRef ref;
        AttemptVerdict verdict;
        Task* task = current(connection, name, ref, verdict);
        if (task == nullptr) {
            stop.push_back(name);
            continue;
        }
        if (task->lease) continue;
        // The lease had run out, but nobody else has the task yet: the worker keeps it.
        Job& job = jobs_.at(ref.job);
        unready(job, *task);
        Lease& lease = open_lease(job, *task);
        lease.worker = key;
        lease.connection = connection;
        lease.deadline = now + config_.lease;
        lease.pushed = true;
        task->not_before = Millis{0};
        move_task(job, *task, TaskState::kLeased);
        settle_job(job, now);
    }
    // Count its slots afresh from the leases it holds.
    std::uint32_t busy = 0, previews = 0;
    for (const TaskRef& ref : leased_) {
        Task& task = *find(ref);
        if (!task.lease || task.lease->worker != key || task.lease->closing) continue;
        task.lease->preview_slot = task.record.kind == TaskKind::kPreview;
        task.lease->counted = true;
        ++(task.lease->preview_slot ? previews : busy);
    }
    workers_.set_busy(*workers_.find(key), busy, previews);
    return stop;
}

HeartbeatAnswer Farm::heartbeat(std::uint64_t connection, const std::vector<RunningReport>& running,
                                Millis now) {
    HeartbeatAnswer answer;
    Worker* worker = workers_.by_connection(connection);
    if (worker == nullptr) return answer;
    answer.known = true;
    workers_.heard(*worker, now);
    for (const RunningReport& report : running) {
        TaskRef ref;
        AttemptVerdict verdict;
        Task* task = current(connection, report.attempt, ref, verdict);
        if (task == nullptr && verdict == AttemptVerdict::kBusy) continue;
        if (task == nullptr) {
            answer.cancelled.push_back(report.attempt);
            continue;
        }
        Job& job = jobs_.at(ref.job);
        if (!task->lease) {
            // It ran out while the worker was silent and nobody else has the task yet: the worker keeps it.
            unready(job, *task);
            open_lease(job, *task).worker = worker->facts.key;
            task->lease->counted = true;
            task->lease->preview_slot = task->record.kind == TaskKind::kPreview;
            workers_.take_slot(*worker, task->lease->preview_slot);
            task->not_before = Millis{0};
            move_task(job, *task, TaskState::kLeased);
        }
        task->lease->connection = connection;
        task->lease->pushed = true;
        task->lease->deadline = now + config_.lease;
        const double progress = std::clamp(report.progress, 0.0, 1.0);
        if (progress != task->progress || report.note != task->worker_note) {
            task->progress = progress == progress ? progress : 0;
            task->worker_note = report.note.substr(0, 200);
            task->worker_eta_ms = report.eta_ms;
            changed(job, task, true);
        }
        answer.renewed.push_back(report.attempt);
    }
    return answer;
}

bool Farm::heard(std::uint64_t connection, Millis now) {
    Worker* worker = workers_.by_connection(connection);
    if (worker != nullptr) workers_.heard(*worker, now);
    return worker != nullptr;
}

void Farm::goodbye(std::uint64_t connection, Millis now) {
    Worker* worker = workers_.by_connection(connection);
    if (worker == nullptr) return;
    const std::string key = worker->facts.key;
    const std::vector<TaskRef> held(leased_.begin(), leased_.end());
    for (const TaskRef& ref : held) {
        Job& job = jobs_.at(ref.job);
        Task& task = job.tasks[ref.index];
        if (task.lease && task.lease->worker == key && !task.lease->closing) {
            task.wait_reason = "its worker was stopped";
            release(job, task, now, Millis{0});
        }
    }
    workers_.disconnect(connection);
}

void Farm::unreachable(std::uint64_t connection) {
    workers_.disconnect(connection);
}

// --- attempts

std::optional<TaskRef> Farm::find_task(const std::string& name, std::uint64_t epoch) const {
    auto it = by_epoch_.find(epoch);
    if (it == by_epoch_.end()) return std::nullopt;
    const Job* job = find_job(it->second.job);
    if (job == nullptr || task_id(job->record.job_id, it->second.index) != name) return std::nullopt;
    return it->second;
}

Task* Farm::current(std::uint64_t connection, const AttemptName& attempt, TaskRef& ref,
                    AttemptVerdict& verdict) {
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
    task->lease->pushed = true;
    task->lease->deadline = now + config_.lease;
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
    if (!task->lease) {
        unready(jobs_.at(ref.job), *task);
        open_lease(jobs_.at(ref.job), *task).worker = task->record.worker;
        task->not_before = Millis{0};
        move_task(jobs_.at(ref.job), *task, TaskState::kLeased);
    }
    task->lease->connection = connection;
    task->lease->closing = true;
    task->lease->pushed = true;
    free_slot(*task);
    return AttemptVerdict::kCurrent;
}

void Farm::reopen(TaskRef ref, std::uint64_t epoch, Millis now) {
    Task* task = find_attempt(ref, epoch);
    if (task == nullptr || !task->lease) return;
    task->lease->closing = false;
    task->lease->deadline = now + config_.lease;
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
        // Late news of an attempt that was given up already: nothing changes but the reason.
        task->wait_reason = error.text();
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
    task->lease->closing = true;
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

// --- time

std::set<std::uint64_t> Farm::open_epochs() const {
    std::set<std::uint64_t> epochs;
    for (const auto& [epoch, task] : by_epoch_)
        epochs.insert(epoch);
    return epochs;
}

void Farm::tick(Millis now) {
    // This process itself stood still (stopped, swapped, suspended): heartbeats may wait unread in the
    // sockets.
    if (last_tick_ && now - *last_tick_ > config_.lease / 2) grace(now);
    last_tick_ = now;
    const std::vector<TaskRef> held(leased_.begin(), leased_.end());
    for (const TaskRef& ref : held) {
        Job& job = jobs_.at(ref.job);
        Task& task = job.tasks[ref.index];
        if (!task.lease || task.lease->closing || !task.lease->pushed || task.lease->deadline > now) continue;
        lose(job, task, now, "its worker fell silent");
    }
    while (!deferred_.empty() && deferred_.begin()->first <= now) {
        const TaskRef ref = deferred_.begin()->second;
        deferred_.erase(deferred_.begin());
        Task* task = find(ref);
        task->not_before = Millis{0};
        enqueue(jobs_.at(ref.job), *task, now);
    }
}

Millis Farm::next_deadline(Millis now) const {
    Millis next = now + config_.lease / 4;
    if (!deferred_.empty()) next = std::min(next, deferred_.begin()->first);
    for (const TaskRef& ref : leased_) {
        const Task& task = jobs_.at(ref.job).tasks[ref.index];
        if (task.lease && task.lease->pushed && !task.lease->closing)
            next = std::min(next, task.lease->deadline);
    }
    return std::max(next, now);
}

void Farm::grace(Millis now) {
    for (const TaskRef& ref : leased_) {
        Task& task = *find(ref);
        if (task.lease) task.lease->deadline = std::max(task.lease->deadline, now + config_.lease);
    }
}

void Farm::pause(std::optional<std::string> reason, Millis now) {
    if (paused_.has_value() == reason.has_value()) {
        paused_ = std::move(reason);
        return;
    }
    if (!reason) grace(now);
    paused_ = std::move(reason);
    for (const auto& [key, job] : jobs_)
        changed(job, nullptr);
}

// --- dispatch

std::string Farm::wanted_fingerprint(const Job& job, const Task& task) const {
    for (std::uint32_t need : task.record.needs)
        if (!job.tasks[need].record.fingerprint.empty()) return job.tasks[need].record.fingerprint;
    return {};
}

bool Farm::same_work_in_flight(const Job& job, const Task& task) const {
    if (!job.stored()) return false;
    const auto it = work_.find(name_of(job.record.tenant, task.record.spec_json));
    if (it == work_.end() || it->second == TaskRef{job.record.key, task.record.index}) return false;
    const Job* other = find_job(it->second.job);
    return other != nullptr && it->second.index < other->tasks.size() &&
           other->tasks[it->second.index].lease &&
           other->tasks[it->second.index].record.spec_json == task.record.spec_json;
}

void Farm::note_work(const Job& job, const Task& task) {
    if (!job.stored()) return;
    if (work_.size() > 1024 + 4 * leased_.size()) // entries of ended leases are dropped now and then
        std::erase_if(work_, [this](const auto& entry) { return !leased_.contains(entry.second); });
    work_[name_of(job.record.tenant, task.record.spec_json)] = {job.record.key, task.record.index};
}

void Farm::dispatch(Millis now) {
    // Asked again after every grant, because the room has changed; a handful of shapes wait at a time.
    const auto choose = [this, now](ReadyQueue::Shape shape) -> Worker* {
        const TaskShape& wanted = shapes_.of(shape);
        if (paused_ && wanted.kind != TaskKind::kPreview) return nullptr;
        return workers_.choose(wanted.kind, wanted.excluded, wanted.fingerprint, now);
    };
    while (queue_.size() > 0) {
        const auto next =
            queue_.pick([&choose](ReadyQueue::Shape shape) { return choose(shape) != nullptr; }, now);
        if (!next) return;
        Job& job = jobs_.at(next->job);
        Task& task = job.tasks[next->index];
        if (same_work_in_flight(job, task))
            park(job, task);
        else
            grant(job, task, *choose(*task.shape), now);
    }
}

void Farm::grant(Job& job, Task& task, Worker& worker, Millis now) {
    const TaskRef ref{job.record.key, task.record.index};
    const Millis expected = estimates_.mean(task.record.kind).value_or(kUnknownCost);
    queue_.grant(ref, std::max(seconds_of(expected), 1e-3), now);
    unready(job, task);
    GrantAction grant;
    grant.task = ref;
    grant.tenant = job.record.tenant;
    grant.spec_json = task.record.spec_json;
    grant.epoch = (term_ << 32) | ++counter_;
    grant.losses = task.record.losses;
    grant.worker = worker.facts.key;
    grant.incarnation = worker.facts.incarnation;
    grant.fingerprint = worker.facts.fingerprint;
    grant.cacheable =
        std::all_of(task.record.needs.begin(), task.record.needs.end(), [&job, &grant](std::uint32_t need) {
            return job.tasks[need].record.fingerprint == grant.fingerprint;
        });
    grant.stored = job.stored();
    if (task.epoch_open) by_epoch_.erase(task.record.epoch);
    task.record.epoch = grant.epoch;
    task.record.worker = grant.worker;
    task.record.incarnation = grant.incarnation;
    ++task.record.attempts;
    task.epoch_open = true;
    task.progress = 0;
    task.growth.clear();
    Lease& lease = open_lease(job, task);
    lease.worker = grant.worker;
    lease.connection = worker.connection;
    lease.deadline = now + config_.lease;
    lease.counted = true;
    lease.preview_slot = task.record.kind == TaskKind::kPreview;
    lease.expected = expected;
    workers_.take_slot(worker, lease.preview_slot);
    by_epoch_[grant.epoch] = ref;
    note_work(job, task);
    move_task(job, task, TaskState::kLeased);
    settle_job(job, now);
    actions_.emplace_back(std::move(grant));
}

std::vector<Action> Farm::take_actions(Millis now) {
    dispatch(now);
    return std::exchange(actions_, {});
}

} // namespace loopmind::core
