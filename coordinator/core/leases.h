// Who has which task until when, found by worker and by deadline.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "coordinator/core/records.h"
#include "coordinator/core/task_ref.h"

namespace loopmind::core {

/// One task with one worker. What Leases finds it by changes only there.
struct Lease {
    TaskRef task;
    std::string worker;
    std::uint64_t connection = 0; ///< 0 after a restart until the worker is heard again.
    Millis deadline{0};
    bool pushed = false;  ///< The grant is durable and was sent.
    bool closing = false; ///< Its result or failure is being made durable: it cannot expire.
    bool preview_slot = false;
    bool counted = false; ///< Occupies a slot of its worker.
    Millis expected{0};   ///< What its job was charged for it.

    /// Its deadline counts.
    bool runs() const { return pushed && !closing; }
};

/// The index of all leases; the leases themselves lie in their tasks. Each call costs O(log leases).
class Leases {
  public:
    /// A lease that does not run yet.
    Lease& open(std::optional<Lease>& place, TaskRef task, const std::string& worker, Millis deadline);
    void close(std::optional<Lease>& place);

    /// It runs (again) until `deadline`.
    void run_until(Lease& lease, Millis deadline);
    /// Its result or failure is being made durable: its deadline no longer counts.
    void hold(Lease& lease);
    /// Its deadline becomes `deadline` if that is later; whether it runs does not change.
    void extend(Lease& lease, Millis deadline);

    /// In the order of tasks; a copy, so that they may be closed one by one.
    std::vector<TaskRef> of_worker(const std::string& worker) const;
    /// Those that have run out, the oldest first.
    std::vector<TaskRef> due(Millis now) const;
    std::optional<Millis> next_deadline() const;
    std::vector<TaskRef> all() const;
    std::size_t size() const { return size_; }

  private:
    void list(const Lease& lease);
    void unlist(const Lease& lease);

    std::unordered_map<std::string, std::set<TaskRef>> by_worker_;
    std::set<std::pair<Millis, TaskRef>> by_deadline_; ///< Those that run.
    std::size_t size_ = 0;
};

} // namespace loopmind::core
