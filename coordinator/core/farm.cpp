// Jobs and time. Workers, attempts, dispatch and what people are told are in files of their own, farm_*.cpp.
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

} // namespace

Farm::Farm(FarmConfig config, std::uint32_t term)
    : config_(config), term_(term), workers_(3 * config.heartbeat, config.preview_extra_slots) {}

// --- small steps

const Task* Farm::find(TaskRef ref) const {
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
        equal_.take_out(*EqualWork::name_of(job, task), ref);
        task.parked = false;
    }
    if (!task.shape) return;
    queue_.erase(ref);
    shapes_.drop(*task.shape);
    task.shape.reset();
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
            leases_.run_until(open_lease(kept, task, task.record.worker, now), now + config_.lease);
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
    for (const TaskRef& ref : leases_.due(now)) {
        Job& job = jobs_.at(ref.job);
        lose(job, job.tasks[ref.index], now, "its worker fell silent");
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
    if (const auto deadline = leases_.next_deadline()) next = std::min(next, *deadline);
    return std::max(next, now);
}

void Farm::grace(Millis now) {
    for (const TaskRef& ref : leases_.all())
        leases_.extend(*find(ref)->lease, now + config_.lease);
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

} // namespace loopmind::core
