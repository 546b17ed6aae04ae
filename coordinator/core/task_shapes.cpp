// Counted interning.
#include "coordinator/core/task_shapes.h"

namespace loopmind::core {

ReadyQueue::Shape TaskShapes::hold(const TaskShape& shape) {
    const auto [found, fresh] = numbers_.try_emplace(shape, 0);
    if (fresh) {
        if (free_.empty()) {
            free_.push_back(static_cast<ReadyQueue::Shape>(slots_.size()));
            slots_.emplace_back();
        }
        found->second = free_.back();
        free_.pop_back();
        slots_[found->second].shape = &found->first;
    }
    ++slots_[found->second].held;
    return found->second;
}

void TaskShapes::drop(ReadyQueue::Shape number) {
    Slot& slot = slots_[number];
    if (--slot.held > 0) return;
    numbers_.erase(numbers_.find(*slot.shape));
    slot.shape = nullptr;
    free_.push_back(number);
}

} // namespace loopmind::core
