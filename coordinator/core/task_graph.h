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

/// What decides the graph of a mixdown job, track by track.
struct MixdownShape {
    std::string track;                ///< Track id; empty for the sum, which comes last.
    std::vector<std::uint32_t> needs; ///< Indices of the tasks whose sound it reads.
};

/// One task per entry, in this order. Specs are left empty for the caller to fill.
std::vector<TaskRecord> mixdown_tasks(const std::vector<MixdownShape>& shape);

/// Inputs that come from other tasks: role "plan" from compose, "audio:<stem>" from renders, "track:<id>"
/// from tracks. Every need must be done.
std::vector<Artifact> task_inputs(const std::vector<TaskRecord>& tasks, const TaskRecord& task);

} // namespace loopmind::core
