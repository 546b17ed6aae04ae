// Futexes that work between processes.
#include "engine/plugins/shared_audio.h"

#include <climits>
#include <ctime>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace loopmind::plugins {

void sleep_on(std::atomic<std::uint32_t>& word, std::uint32_t value, int milliseconds) noexcept {
    const timespec limit{milliseconds / 1000, milliseconds % 1000 * 1000000L};
    ::syscall(SYS_futex, &word, FUTEX_WAIT, value, &limit, nullptr, 0);
}

void wake(std::atomic<std::uint32_t>& word) noexcept {
    ::syscall(SYS_futex, &word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

} // namespace loopmind::plugins
