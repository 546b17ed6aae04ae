// Names of work, who has it, and who waits for it.
#include "coordinator/core/equal_work.h"

#include <utility>

namespace loopmind::core {

std::optional<std::string> EqualWork::name_of(const Job& job, const Task& task) {
    if (!job.stored()) return std::nullopt;
    return job.record.tenant + "\n" + task.record.spec_json;
}

void EqualWork::note(const std::string& name, TaskRef task, std::size_t leases,
                     const std::function<bool(TaskRef)>& leased) {
    if (last_.size() > 1024 + 4 * leases)
        std::erase_if(last_, [&leased](const auto& entry) { return !leased(entry.second); });
    last_[name] = task;
}

std::optional<TaskRef> EqualWork::last(const std::string& name) const {
    const auto found = last_.find(name);
    if (found == last_.end()) return std::nullopt;
    return found->second;
}

void EqualWork::take_out(const std::string& name, TaskRef task) {
    const auto found = parked_.find(name);
    if (found == parked_.end()) return;
    found->second.erase(task);
    if (found->second.empty()) parked_.erase(found);
}

std::set<TaskRef> EqualWork::wake(const std::string& name) {
    const auto found = parked_.find(name);
    if (found == parked_.end()) return {};
    std::set<TaskRef> waiting = std::move(found->second);
    parked_.erase(found);
    return waiting;
}

} // namespace loopmind::core
