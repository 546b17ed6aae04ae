// Measured durations per task kind, and from them the progress and the time left of a job.
#pragma once

#include <array>
#include <vector>

#include "coordinator/core/records.h"

namespace loopmind::core {

/// What an estimate needs to know of one task.
struct TaskProgress {
    TaskKind kind = TaskKind::kCompose;
    TaskState state = TaskState::kBlocked;
    double progress = 0; ///< 0..1 while leased.
};

/// Running mean of compute time per kind; in memory only, forgotten at a restart.
class Estimates {
  public:
    void learn(TaskKind kind, Millis duration);

    /// Mean duration of a kind; nullopt until one was measured.
    std::optional<Millis> mean(TaskKind kind) const;

    /// 0..1, each task weighted by its kind's mean duration (a fixed guess until measured).
    double job_progress(const std::vector<TaskProgress>& tasks) const;

    /// Time left with `slots` tasks at once: no less than the longest task of each kind one after the
    /// other, no less than the work left spread over the slots. 0 ms when a kind it needs was never measured.
    Millis job_eta(const std::vector<TaskProgress>& tasks, std::uint32_t slots) const;

  private:
    double weight(TaskKind kind) const;

    struct Mean {
        double milliseconds = 0;
        std::uint32_t count = 0;
    };
    std::array<Mean, kTaskKinds + 1> means_{}; ///< by kind, which counts from 1
};

} // namespace loopmind::core
