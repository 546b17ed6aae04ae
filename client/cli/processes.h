// Programs that go on without us: started in their own session, known by a pid file that a reused pid cannot
// fool.
#pragma once

#include "proto/base/result.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace loopmind::cli {

/// One program of this machine's farm; its files are `<run>/<name>.pid`, `.log` and `.ready`.
struct Service {
    std::string name; ///< "coordinator", "worker-1"
    std::filesystem::path program;
    std::vector<std::string> arguments; ///< without --ready-file
    std::filesystem::path run_folder;
    std::uint64_t log_from = 0; ///< set by start_detached: where this start's lines begin

    std::filesystem::path pid_file() const { return run_folder / (name + ".pid"); }
    std::filesystem::path log_file() const { return run_folder / (name + ".log"); }
    std::filesystem::path ready_file() const { return run_folder / (name + ".ready"); }
};

/// Its process, if it runs: the pid file's process must be alive and have started when the file says.
std::optional<pid_t> running(const std::filesystem::path& pid_file);

/// Starts it detached (own session, log appended, stdin closed) and writes the pid file. Does not wait.
/// A log beyond 4 MiB is first put aside as `.log.old`.
Result<pid_t> start_detached(Service& service);

/// Waits until the ready file is there. Errors: unavailable when the process ends first (with the end of its
/// log) or the time is up.
Status wait_ready(const Service& service, pid_t process, std::chrono::milliseconds timeout);

/// SIGTERM, then after `patience` SIGKILL; true when it had to be killed. Removes the pid and ready files.
Result<bool> stop(const std::filesystem::path& pid_file, std::chrono::milliseconds patience);

/// Runs a program to its end. Errors: not_found; unavailable with what it wrote to stderr when it fails.
Result<std::string> output_of(const std::filesystem::path& program,
                              const std::vector<std::string>& arguments);

/// Path of another program of ours: beside this one, else by PATH. Errors: not_found.
Result<std::filesystem::path> sibling_program(const std::string& name);

/// The last lines of a log behind byte `from`.
std::string log_end(const std::filesystem::path& log_file, std::uint64_t from, int lines);

} // namespace loopmind::cli
