// Tasks of one tenant with one spec: one of them runs, the others wait for its result outside the queue, so
// that they are not looked at again and again.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "coordinator/core/job.h"

namespace loopmind::core {

class EqualWork {
  public:
    /// What makes work equal. Of jobs that are not stored there is none: nothing of them is in the cache.
    static std::optional<std::string> name_of(const Job& job, const Task& task);

    /// The task was granted. Entries whose tasks are not `leased` any more are dropped now and then.
    void note(const std::string& name, TaskRef task, std::size_t leases,
              const std::function<bool(TaskRef)>& leased);
    /// The task that was last granted under this name.
    std::optional<TaskRef> last(const std::string& name) const;

    void park(const std::string& name, TaskRef task) { parked_[name].insert(task); }
    void take_out(const std::string& name, TaskRef task);
    /// All that wait under the name, which wait no longer.
    std::set<TaskRef> wake(const std::string& name);

  private:
    std::unordered_map<std::string, TaskRef> last_;
    std::unordered_map<std::string, std::set<TaskRef>> parked_;
};

} // namespace loopmind::core
