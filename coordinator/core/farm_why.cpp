// One plain sentence: why a job waits, what it does, or how it ended.
#include <algorithm>

#include "coordinator/core/farm.h"

namespace loopmind::core {
namespace {

std::string part_name(const TaskRecord& task) {
    switch (task.kind) {
    case TaskKind::kCompose:
        return "the composition";
    case TaskKind::kRender:
        return "the stem " + task.stem;
    case TaskKind::kFinish:
        return "the mix";
    case TaskKind::kPreview:
        return "the preview";
    case TaskKind::kTrack:
        return "the track " + task.stem;
    case TaskKind::kSum:
        return "the sum of the tracks";
    }
    return "a part";
}

std::string failure_of(const Job& job) {
    const auto failed = std::find_if(job.tasks.begin(), job.tasks.end(), [](const Task& task) {
        return task.record.state == TaskState::kFailed;
    });
    const std::string why = job.record.error ? job.record.error->text() : "nobody said why";
    return "It failed" + (failed == job.tasks.end() ? "" : " at " + part_name(failed->record)) + ": " + why +
           ".";
}

} // namespace

std::string Farm::job_why(const Job& job, Millis now) const {
    switch (job.record.state) {
    case JobState::kDone:
        return job.record.cached ? "It is done: all of it came from the cache." : "It is done.";
    case JobState::kFailed:
        return failure_of(job);
    case JobState::kCancelled:
        return "It was cancelled; a retry starts it again.";
    case JobState::kSuperseded:
        return "A newer preview of the same control took its place.";
    case JobState::kQueued:
    case JobState::kRunning:
        break;
    }
    std::size_t at_work = 0;
    const Task* waiting = nullptr;
    for (const Task& task : job.tasks) {
        const bool runs = task.lease && task.lease->connection != 0;
        if (runs) ++at_work;
        if (!runs && waiting == nullptr &&
            (task.record.state == TaskState::kReady || task.record.state == TaskState::kLeased))
            waiting = &task;
    }
    const std::string wait =
        waiting == nullptr ? "" : part_name(waiting->record) + ": " + task_note(job, *waiting, now);
    if (at_work == 0) return waiting == nullptr ? "It is about to go on." : "It waits with " + wait + ".";
    return std::to_string(at_work) + " of its " + std::to_string(job.tasks.size()) + " parts " +
           (at_work == 1 ? "is" : "are") + " at work" +
           (waiting == nullptr ? "." : "; next is " + wait + ".");
}

} // namespace loopmind::core
