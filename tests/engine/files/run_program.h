// Runs a program of the machine and takes what it prints, for tests that let other programs judge our files.
#pragma once

#include <array>
#include <cstdio>
#include <string>
#include <sys/wait.h>

namespace loopmind::files {

struct ProgramResult {
    int exit_code = -1;
    std::string output; ///< stdout and stderr, in the order they came
};

/// Runs a shell command line.
inline ProgramResult run_program(const std::string& command) {
    ProgramResult result;
    FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
    if (!pipe) return result;
    std::array<char, 4096> buffer{};
    while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe))
        result.output.append(buffer.data(), got);
    const int status = ::pclose(pipe);
    result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return result;
}

} // namespace loopmind::files
