// Numbers for what decides which workers could take a task.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "coordinator/core/ready_queue.h"
#include "coordinator/core/records.h"

namespace loopmind::core {

/// Tasks of equal shape fit the same workers.
struct TaskShape {
    TaskKind kind = TaskKind::kCompose;
    std::string fingerprint;        ///< of the workers that made its inputs; empty: any
    std::set<std::string> excluded; ///< workers that failed it
    auto operator<=>(const TaskShape&) const = default;
};

/// Gives equal shapes one number for as long as one of them is held.
class TaskShapes {
  public:
    ReadyQueue::Shape hold(const TaskShape& shape);
    void drop(ReadyQueue::Shape number);
    const TaskShape& of(ReadyQueue::Shape number) const { return *slots_[number].shape; }
    std::size_t size() const { return numbers_.size(); }

  private:
    struct Slot {
        const TaskShape* shape = nullptr; ///< key in `numbers_`
        std::size_t held = 0;
    };
    std::map<TaskShape, ReadyQueue::Shape> numbers_;
    std::vector<Slot> slots_;
    std::vector<ReadyQueue::Shape> free_;
};

} // namespace loopmind::core
