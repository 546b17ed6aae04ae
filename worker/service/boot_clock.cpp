// CLOCK_BOOTTIME.
#include "worker/service/boot_clock.h"

#include <ctime>

namespace loopmind::worker {

BootTime boot_now() {
#ifdef CLOCK_BOOTTIME
    constexpr auto kClock = CLOCK_BOOTTIME;
#else
    constexpr auto kClock = CLOCK_MONOTONIC;
#endif
    timespec now{};
    ::clock_gettime(kClock, &now);
    return BootTime(now.tv_sec * 1000LL + now.tv_nsec / 1000000);
}

} // namespace loopmind::worker
