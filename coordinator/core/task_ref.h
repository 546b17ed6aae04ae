// The name of a task in memory.
#pragma once

#include <cstdint>
#include <functional>

#include "coordinator/core/records.h"

namespace loopmind::core {

struct TaskRef {
    JobKey job = 0;
    std::uint32_t index = 0;
    auto operator<=>(const TaskRef&) const = default;
};

struct TaskRefHash {
    std::size_t operator()(const TaskRef& task) const {
        return std::hash<std::uint64_t>()(task.job * 0x9E3779B97F4A7C15u + task.index);
    }
};

} // namespace loopmind::core
