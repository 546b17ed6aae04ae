// The state machine of tasks and jobs: the only place that says which change of state is legal.
#pragma once

#include "coordinator/core/records.h"

namespace loopmind::core {

/// Moves states and refuses illegal moves; every change of state in the coordinator's memory goes through it.
///
///   task: blocked → ready → leased → done | failed;  leased → ready (lost or failed attempt, retried)
///         ready → done (a late result of a still current epoch, or the recipe cache)
///         any open state → cancelled;  failed | cancelled → blocked | ready (retry of the job)
///   job:  queued → running → done | failed | cancelled | superseded;  failed | cancelled → queued (retry)
class Transitions {
  public:
    static bool legal(TaskState from, TaskState to);
    static bool legal(JobState from, JobState to);

    /// Sets `state` and returns true when the move is legal (staying is legal and returns false).
    static bool move(TaskState& state, TaskState to);
    static bool move(JobState& state, JobState to);
};

} // namespace loopmind::core
