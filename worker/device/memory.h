// How much memory this machine has.
#pragma once

#include <cstdint>

namespace loopmind::device {

/// Bytes of physical memory, 0 when not known.
std::uint64_t memory_bytes();

} // namespace loopmind::device
