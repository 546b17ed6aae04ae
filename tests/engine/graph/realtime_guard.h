// Catches what an audio thread must not do: allocate, free, lock, wait. For tests.
#pragma once

namespace loopmind::graph::test {

/// While it lives, forbidden calls of this thread are counted: malloc and free (hence new and delete),
/// mutexes, condition variables, semaphores, sleeping and futex waits of std::atomic.
class RealtimeGuard {
  public:
    RealtimeGuard();
    ~RealtimeGuard();
    RealtimeGuard(const RealtimeGuard&) = delete;
    RealtimeGuard& operator=(const RealtimeGuard&) = delete;
    /// Forbidden calls of this thread so far, in all guards.
    static long violations();
    /// Name of the last forbidden call; "" none.
    static const char* last();
};

} // namespace loopmind::graph::test
