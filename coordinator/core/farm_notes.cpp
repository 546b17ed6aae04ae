// Progress, time left and "why does it wait", in words.
#include <algorithm>
#include <cmath>

#include "coordinator/core/farm.h"

namespace loopmind::core {
namespace {

std::vector<TaskProgress> progress_of(const Job& job) {
    std::vector<TaskProgress> all;
    all.reserve(job.tasks.size());
    for (const Task& task : job.tasks)
        all.push_back({task.record.kind, task.record.state, task.progress});
    return all;
}

std::string seconds(Millis wait) {
    const auto s = std::max<std::int64_t>(1, (wait.count() + 999) / 1000);
    return std::to_string(s) + " s";
}

} // namespace

double Farm::job_progress(const Job& job) const {
    if (job.record.state == JobState::kDone) return 1;
    return estimates_.job_progress(progress_of(job));
}

Millis Farm::job_eta(const Job& job, Millis now) const {
    if (is_terminal(job.record.state)) return Millis{0};
    return estimates_.job_eta(progress_of(job), workers_.capacity(TaskKind::kRender, now).slots);
}

std::string Farm::task_note(const Job& job, const Task& task, Millis now) const {
    switch (task.record.state) {
    case TaskState::kBlocked: {
        std::size_t open = 0;
        for (std::uint32_t need : task.record.needs)
            if (job.tasks[need].record.state != TaskState::kDone) ++open;
        return "waits for " + std::to_string(open) + (open == 1 ? " other task" : " other tasks");
    }
    case TaskState::kReady: {
        const std::string after = task.wait_reason.empty() ? "" : ", after: " + task.wait_reason;
        if (paused_ && job.stored()) return *paused_;
        if (task.not_before > now) return "tries again in " + seconds(task.not_before - now) + after;
        if (same_work_in_flight(job, task)) return "waits for the same task of another job" + after;
        const Capacity capacity = workers_.capacity(task.record.kind, now);
        if (capacity.workers == 0)
            return (capacity.drained > 0                 ? "every worker that could do it is drained"
                    : workers_.fingerprints(now).empty() ? "no worker is connected"
                                                         : "no connected worker does this kind of work") +
                   after;
        if (capacity.busy >= capacity.slots)
            return (capacity.slots == 1 ? std::string("the only slot is busy")
                                        : "all " + std::to_string(capacity.slots) + " slots are busy") +
                   after;
        return "starts now" + after;
    }
    case TaskState::kLeased:
        if (task.lease && task.lease->connection == 0)
            return "waits for its worker to come back, at most " + seconds(task.lease->deadline - now);
        return task.worker_note;
    case TaskState::kFailed:
        return task.record.failures.empty() ? "" : task.record.failures.back().error.text();
    case TaskState::kDone:
        return task.record.cached ? "from the cache" : "";
    case TaskState::kCancelled:
        return "";
    }
    return {};
}

std::string Farm::job_note(const Job& job, Millis now) const {
    if (is_terminal(job.record.state)) return {};
    const Task* waiting = nullptr;
    for (const Task& task : job.tasks) {
        if (task.record.state == TaskState::kLeased && (!task.lease || task.lease->connection != 0))
            return {};
        if (waiting == nullptr &&
            (task.record.state == TaskState::kReady || task.record.state == TaskState::kLeased))
            waiting = &task;
    }
    return waiting == nullptr ? std::string() : task_note(job, *waiting, now);
}

} // namespace loopmind::core
