// What a child takes from itself before it touches anything dangerous. Linux: resource limits and seccomp.
#pragma once

#include <cstdint>
#include <span>

namespace loopmind::process {

/// 0 leaves a limit as it is.
struct ResourceLimits {
    std::int64_t memory_bytes = 0; ///< of address space
    std::int64_t cpu_seconds = 0;
    std::int64_t file_bytes = -1; ///< largest file it may write; -1 leaves it
};

/// Sets the limits, and that no core dump is written and nobody attaches. Memory is not limited in builds
/// with sanitizers, whose shadow memory is larger than any limit. False when the system refuses.
bool limit_resources(const ResourceLimits& limits);

/// From here on every system call but these fails with EPERM, in this thread and those it starts. False when
/// the system refuses, or the processor is not known. Does nothing under sanitizers.
bool allow_only_calls(std::span<const int> calls);

/// From here on these calls fail with EPERM, and so does every socket that is not a pair inside the process.
/// As allow_only_calls() otherwise.
bool forbid_calls(std::span<const int> calls);

} // namespace loopmind::process
