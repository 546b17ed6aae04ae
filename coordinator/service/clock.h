// The two clocks of the service: one that never jumps for decisions, one that people read.
#pragma once

#include <chrono>
#include <cstdint>
#include <ctime>

#include "coordinator/core/records.h"

namespace loopmind::service {

/// Monotonic and counts through suspend, so that a lease means the same on both ends.
inline core::Millis boot_now() {
    timespec t{};
    ::clock_gettime(CLOCK_BOOTTIME, &t);
    return core::Millis(static_cast<std::int64_t>(t.tv_sec) * 1000 + t.tv_nsec / 1'000'000);
}

/// Milliseconds of Unix time; for people only, decides nothing.
inline std::uint64_t unix_now_ms() {
    using namespace std::chrono;
    return static_cast<std::uint64_t>(
        duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
}

/// Both clocks where they are passed in: a virtual farm has its own.
class Clock {
  public:
    virtual ~Clock() = default;
    virtual core::Millis boot() const { return boot_now(); }
    virtual std::uint64_t unix_ms() const { return unix_now_ms(); }
};

/// Those of this machine.
inline const Clock kMachineClock;

} // namespace loopmind::service
