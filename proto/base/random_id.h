// Random names (jobs, workers, incarnations, probes) from the operating system's generator.
#pragma once

#include <cstddef>
#include <string>

namespace loopmind::base {

/// 2 × `bytes` lower-case hexadecimal digits from OpenSSL's RAND_bytes; a job id is random_hex(16).
/// Thread-safe. Ends the process when the system has no randomness: going on would give guessable names.
std::string random_hex(std::size_t bytes);

} // namespace loopmind::base
