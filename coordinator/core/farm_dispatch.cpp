// Who gets what: the next task by ready_queue.h, its worker by workers.h, equal work one after the other.
#include "coordinator/core/farm.h"

#include <algorithm>
#include <utility>

namespace loopmind::core {
namespace {

/// What a task of a kind that was never measured is charged.
constexpr Millis kUnknownCost{1000};

} // namespace

void Farm::park(Job& job, Task& task) {
    unready(job, task);
    equal_.park(*EqualWork::name_of(job, task), ref_of(job, task));
    task.parked = true;
}

void Farm::unpark(const Job& job, const Task& task, Millis now) {
    const auto name = EqualWork::name_of(job, task);
    if (!name) return;
    for (const TaskRef& ref : equal_.wake(*name)) {
        Task& other = *find(ref);
        other.parked = false;
        enqueue(jobs_.at(ref.job), other, now);
    }
}

std::string Farm::wanted_fingerprint(const Job& job, const Task& task) const {
    for (std::uint32_t need : task.record.needs)
        if (!job.tasks[need].record.fingerprint.empty()) return job.tasks[need].record.fingerprint;
    return {};
}

bool Farm::same_work_in_flight(const Job& job, const Task& task) const {
    const auto name = EqualWork::name_of(job, task);
    const auto last = name ? equal_.last(*name) : std::nullopt;
    if (!last || *last == ref_of(job, task)) return false;
    const Task* other = find(*last);
    return other != nullptr && other->lease && other->record.spec_json == task.record.spec_json;
}

void Farm::note_work(const Job& job, const Task& task) {
    if (const auto name = EqualWork::name_of(job, task))
        equal_.note(*name, ref_of(job, task), leases_.size(), [this](TaskRef ref) {
            const Task* other = find(ref);
            return other != nullptr && other->lease;
        });
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
    Lease& lease = open_lease(job, task, grant.worker, now + config_.lease);
    lease.connection = worker.connection;
    lease.counted = true;
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
