// What `loopmind doctor` looks at.
#pragma once

#include "client/cli/invocation.h"

#include <string>
#include <vector>

namespace loopmind::cli {

struct Finding {
    enum class Level { kOk, kWarning, kFailure };
    std::string name; ///< "programs", "disk", "coordinator", ...
    Level level = Level::kOk;
    std::string message;
    std::string hint; ///< what to do; empty when all is well
};

/// All checks, in the order in which one should repair what they find. Reads, and connects as a client;
/// changes nothing.
std::vector<Finding> examine_machine(const Invocation& invocation);

/// Which BLAS a process has mapped, or the system would load: judged by the lines of /proc/PID/maps or a
/// library path.
Finding judge_blas(const std::string& library_paths, bool of_running_worker);

} // namespace loopmind::cli
