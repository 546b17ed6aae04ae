// Threads that render the nodes of a chunk side by side.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

namespace loopmind::graph {

/// Runs a fixed set of jobs again and again. Each waits for those it depends on, which have lower numbers.
/// The order has no influence on what the jobs compute. Denormals are flushed on every thread. For offline
/// rendering: the threads wait on futexes.
class WorkerPool {
  public:
    /// `threads` >= 1 counts the caller of run(). `before[i]` are the jobs that job i waits for.
    WorkerPool(int threads, std::vector<std::vector<int>> before, std::function<void(int)> job);
    ~WorkerPool();
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;

    /// Runs every job once and returns when all are done. Denormals must be flushed by the caller.
    void run();

  private:
    void work(std::uint32_t round);
    void stay();

    std::vector<std::vector<int>> before_;
    std::function<void(int)> job_;
    /// Round in the upper half, next job in the lower: a thread that comes late takes nothing of another
    /// round.
    std::atomic<std::uint64_t> ticket_{0};
    std::atomic<std::uint32_t> round_{0};
    std::atomic<int> finished_{0};
    std::vector<std::atomic<std::uint32_t>> done_; ///< round in which each job was done last
    std::atomic<bool> stop_{false};
    std::vector<std::thread> threads_;
};

} // namespace loopmind::graph
