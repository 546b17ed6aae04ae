// How the engine starts loopmind-plugin, and what the child does first: give up what it does not need.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

namespace loopmind::plugins::child {

/// Descriptors under which the child finds what it was given.
inline constexpr int kControl = 3; ///< socket for messages
inline constexpr int kMemory = 4;  ///< the shared audio, of `run`

struct Arguments {
    bool scan = false; ///< else run
    std::string bundle;
    std::string uri;            ///< of run
    std::set<std::string> skip; ///< of scan: URIs that crashed
    std::int64_t memory_bytes = 0;
    std::int64_t cpu_seconds = 0;
};

std::optional<Arguments> parse(int argc, char** argv);

/// No network, no programs, no other process; memory and time as told. False when the system refuses.
bool give_up_rights(const Arguments& arguments);

/// The child's two lives. Both return the exit status.
int scan_main(const Arguments& arguments);
int run_main(const Arguments& arguments);

} // namespace loopmind::plugins::child
