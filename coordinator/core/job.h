// Jobs and tasks as memory holds them: what is stored, and what is not.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "coordinator/core/leases.h"
#include "coordinator/core/ready_queue.h"
#include "coordinator/core/records.h"

namespace loopmind::core {

/// Names one attempt on the wire.
struct AttemptName {
    std::string task_id;
    std::uint64_t epoch = 0;
    auto operator<=>(const AttemptName&) const = default;
};

/// Growth of one output of a running attempt.
struct Growth {
    std::uint64_t bytes = 0;
    std::uint64_t total = 0;
};

struct Task {
    TaskRecord record;
    std::optional<Lease> lease;
    bool epoch_open = false; ///< A result of record.epoch would still be accepted.
    double progress = 0;
    std::uint64_t worker_eta_ms = 0;
    std::string worker_note;
    std::map<std::string, Growth> growth;
    Millis not_before{0};
    Millis started{0};
    std::uint32_t shortages = 0;
    std::string wait_reason; ///< Of the last failed attempt, for people.
    std::set<std::string> excluded;
    std::optional<ReadyQueue::Shape> shape; ///< While it waits in the queue.
    bool parked = false;                    ///< While it waits for equal work.
};

struct Job {
    JobRecord record; ///< `tasks` inside is empty: they are below.
    std::vector<Task> tasks;
    bool stored() const { return (record.key & kPreviewKeyBit) == 0; }
};

/// A job as memory holds it, without leases.
Job make_job(JobRecord record);

} // namespace loopmind::core
