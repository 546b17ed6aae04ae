// Durations, progress and time left.
#include "coordinator/core/estimates.h"

#include <algorithm>
#include <cmath>

namespace loopmind::core {
namespace {

constexpr double kNewestShare = 0.2; // exponential mean: old machines and cold starts fade

// Relative cost of a kind before anything was measured.
double guess(TaskKind kind) {
    switch (kind) {
    case TaskKind::kCompose:
        return 30;
    case TaskKind::kRender:
        return 300;
    case TaskKind::kFinish:
        return 300;
    case TaskKind::kPreview:
        return 50;
    case TaskKind::kTrack:
        return 500;
    case TaskKind::kSum:
        return 2000;
    }
    return 100;
}

double left(const TaskProgress& task) {
    if (is_terminal(task.state)) return 0;
    return task.state == TaskState::kLeased ? 1 - std::clamp(task.progress, 0.0, 1.0) : 1;
}

} // namespace

void Estimates::learn(TaskKind kind, Millis duration) {
    Mean& mean = means_[static_cast<std::size_t>(kind)];
    const auto ms = static_cast<double>(std::max<std::int64_t>(duration.count(), 1));
    mean.milliseconds = mean.count == 0 ? ms : mean.milliseconds + kNewestShare * (ms - mean.milliseconds);
    ++mean.count;
}

std::optional<Millis> Estimates::mean(TaskKind kind) const {
    const Mean& mean = means_[static_cast<std::size_t>(kind)];
    if (mean.count == 0) return std::nullopt;
    return Millis(std::llround(mean.milliseconds));
}

double Estimates::weight(TaskKind kind) const {
    const Mean& mean = means_[static_cast<std::size_t>(kind)];
    return mean.count == 0 ? guess(kind) : mean.milliseconds;
}

double Estimates::job_progress(const std::vector<TaskProgress>& tasks) const {
    double total = 0;
    double done = 0;
    for (const TaskProgress& task : tasks) {
        const double w = weight(task.kind);
        total += w;
        if (task.state == TaskState::kDone)
            done += w;
        else if (task.state == TaskState::kLeased)
            done += w * (1 - left(task));
    }
    return total > 0 ? done / total : 0;
}

Millis Estimates::job_eta(const std::vector<TaskProgress>& tasks, std::uint32_t slots) const {
    std::array<double, kTaskKinds + 1> longest{};
    double work = 0;
    for (const TaskProgress& task : tasks) {
        const double share = left(task);
        if (share == 0) continue;
        const auto kind = static_cast<std::size_t>(task.kind);
        if (means_[kind].count == 0) return Millis(0);
        const double ms = share * means_[kind].milliseconds;
        longest[kind] = std::max(longest[kind], ms);
        work += ms;
    }
    double chain = 0;
    for (double ms : longest)
        chain += ms;
    return Millis(std::llround(std::max(chain, work / std::max<std::uint32_t>(slots, 1))));
}

} // namespace loopmind::core
