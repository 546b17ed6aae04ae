// The clock of leases: it goes on while the machine sleeps, so that a lease never outlives its time.
#pragma once

#include <chrono>
#include <functional>

namespace loopmind::worker {

/// Time since boot, sleep included.
using BootTime = std::chrono::milliseconds;
using BootClock = std::function<BootTime()>;

/// CLOCK_BOOTTIME (CLOCK_MONOTONIC where there is none). Thread-safe.
BootTime boot_now();

} // namespace loopmind::worker
