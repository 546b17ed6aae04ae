// Turns a request's shape into its tasks, and finished tasks' outputs into the inputs of the next.
#pragma once

#include <string>
#include <vector>

#include "coordinator/core/records.h"

namespace loopmind::core {

/// What decides the graph of a generate job.
struct GenerateShape {
    std::vector<std::string> stems; ///< Stem ids in document order; at least one.
    std::uint32_t variations = 1;   ///< At least one.
};

/// compose → render per stem × variation → finish per variation. Indices are stable: compose is 0, then the
/// renders variation by variation, then the finishes. Specs are left empty for the caller to fill.
std::vector<TaskRecord> generate_tasks(const GenerateShape& shape);

/// The single task of a preview job.
std::vector<TaskRecord> preview_tasks();

/// Inputs of a task: role "plan" from compose, "audio:<stem>" from renders. Every need must be done.
std::vector<Artifact> task_inputs(const std::vector<TaskRecord>& tasks, const TaskRecord& task);

} // namespace loopmind::core
