// The two orders of leases.
#include "coordinator/core/leases.h"

#include <algorithm>

namespace loopmind::core {

void Leases::list(const Lease& lease) {
    if (lease.runs()) by_deadline_.emplace(lease.deadline, lease.task);
}

void Leases::unlist(const Lease& lease) {
    by_deadline_.erase({lease.deadline, lease.task});
}

Lease& Leases::open(std::optional<Lease>& place, TaskRef task, const std::string& worker, Millis deadline) {
    close(place);
    Lease& lease = place.emplace();
    lease.task = task;
    lease.worker = worker;
    lease.deadline = deadline;
    by_worker_[worker].insert(task);
    ++size_;
    return lease;
}

void Leases::close(std::optional<Lease>& place) {
    if (!place) return;
    unlist(*place);
    const auto of_worker = by_worker_.find(place->worker);
    of_worker->second.erase(place->task);
    if (of_worker->second.empty()) by_worker_.erase(of_worker);
    place.reset();
    --size_;
}

void Leases::run_until(Lease& lease, Millis deadline) {
    unlist(lease);
    lease.pushed = true;
    lease.closing = false;
    lease.deadline = deadline;
    list(lease);
}

void Leases::hold(Lease& lease) {
    unlist(lease);
    lease.closing = true;
}

void Leases::extend(Lease& lease, Millis deadline) {
    unlist(lease);
    lease.deadline = std::max(lease.deadline, deadline);
    list(lease);
}

std::vector<TaskRef> Leases::of_worker(const std::string& worker) const {
    const auto found = by_worker_.find(worker);
    if (found == by_worker_.end()) return {};
    return {found->second.begin(), found->second.end()};
}

std::vector<TaskRef> Leases::due(Millis now) const {
    std::vector<TaskRef> out;
    for (auto it = by_deadline_.begin(); it != by_deadline_.end() && it->first <= now; ++it)
        out.push_back(it->second);
    return out;
}

std::optional<Millis> Leases::next_deadline() const {
    if (by_deadline_.empty()) return std::nullopt;
    return by_deadline_.begin()->first;
}

std::vector<TaskRef> Leases::all() const {
    std::vector<TaskRef> out;
    for (const auto& [worker, tasks] : by_worker_)
        out.insert(out.end(), tasks.begin(), tasks.end());
    return out;
}

} // namespace loopmind::core
