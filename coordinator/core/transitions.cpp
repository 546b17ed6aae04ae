// Legal moves of tasks and jobs.
#include "coordinator/core/transitions.h"

namespace loopmind::core {

bool Transitions::legal(TaskState from, TaskState to) {
    using S = TaskState;
    switch (from) {
    case S::kBlocked:
        return to == S::kReady || to == S::kCancelled;
    case S::kReady:
        return to == S::kLeased || to == S::kDone || to == S::kFailed || to == S::kCancelled;
    case S::kLeased:
        return to == S::kReady || to == S::kDone || to == S::kFailed || to == S::kCancelled;
    case S::kDone:
        return false;
    case S::kFailed:
    case S::kCancelled:
        return to == S::kBlocked || to == S::kReady;
    }
    return false;
}

bool Transitions::legal(JobState from, JobState to) {
    using S = JobState;
    switch (from) {
    case S::kQueued:
    case S::kRunning:
        return to == S::kRunning || to == S::kDone || to == S::kFailed || to == S::kCancelled ||
               to == S::kSuperseded;
    case S::kFailed:
    case S::kCancelled:
        return to == S::kQueued;
    case S::kDone:
    case S::kSuperseded:
        return false;
    }
    return false;
}

bool Transitions::move(TaskState& state, TaskState to) {
    if (state == to || !legal(state, to)) return false;
    state = to;
    return true;
}

bool Transitions::move(JobState& state, JobState to) {
    if (state == to || !legal(state, to)) return false;
    state = to;
    return true;
}

} // namespace loopmind::core
