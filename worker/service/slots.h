// The threads that compute: one per slot, and one more for previews, which never wait behind anything else.
#pragma once

#include "worker/service/attempt_table.h"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace loopmind::worker {

/// Starts its threads at once and joins them when destroyed (after finishing what runs: cancel attempts
/// first).
class Slots {
  public:
    using Run = std::function<void(const std::shared_ptr<RunningAttempt>&)>;
    static constexpr std::size_t kMostQueued = 256;

    /// `prepare` runs first on each thread (pins its numerics); `run` computes one attempt and must not
    /// throw.
    Slots(std::size_t count, std::function<void()> prepare, Run run);
    ~Slots();
    Slots(const Slots&) = delete;
    Slots& operator=(const Slots&) = delete;

    /// Queues an attempt. False when too many wait.
    bool submit(std::shared_ptr<RunningAttempt> attempt);

  private:
    void serve(std::deque<std::shared_ptr<RunningAttempt>>& queue);

    const std::function<void()> prepare_;
    const Run run_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::shared_ptr<RunningAttempt>> ordinary_;
    std::deque<std::shared_ptr<RunningAttempt>> previews_;
    bool stop_ = false;
    std::vector<std::thread> threads_;
};

} // namespace loopmind::worker
