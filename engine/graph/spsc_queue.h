// A bounded queue from one thread to one other, without locks.
#pragma once

#include <atomic>
#include <cstddef>
#include <vector>

namespace loopmind::graph {

/// push() belongs to one thread, pop() to one other; neither allocates, locks or waits. T is copied.
template <typename T> class SpscQueue {
  public:
    /// Holds up to `capacity` entries; allocates here only.
    explicit SpscQueue(std::size_t capacity) : ring_(capacity + 1) {}

    /// False when it is full.
    bool push(const T& entry) noexcept {
        const std::size_t head = head_.load(std::memory_order_relaxed);
        const std::size_t next = head + 1 == ring_.size() ? 0 : head + 1;
        if (next == tail_.load(std::memory_order_acquire)) return false;
        ring_[head] = entry;
        head_.store(next, std::memory_order_release);
        return true;
    }
    /// The oldest entry, null when there is none. It stays until pop().
    const T* front() const noexcept {
        const std::size_t tail = tail_.load(std::memory_order_relaxed);
        return tail == head_.load(std::memory_order_acquire) ? nullptr : &ring_[tail];
    }
    /// Drops the oldest entry; there must be one.
    void pop() noexcept {
        const std::size_t tail = tail_.load(std::memory_order_relaxed);
        tail_.store(tail + 1 == ring_.size() ? 0 : tail + 1, std::memory_order_release);
    }
    /// Entries in it, as far as the asking thread can know.
    std::size_t size() const noexcept {
        const std::size_t head = head_.load(std::memory_order_acquire);
        const std::size_t tail = tail_.load(std::memory_order_acquire);
        return head >= tail ? head - tail : head + ring_.size() - tail;
    }
    std::size_t capacity() const noexcept { return ring_.size() - 1; }

  private:
    std::vector<T> ring_;
    alignas(64) std::atomic<std::size_t> head_{0};
    alignas(64) std::atomic<std::size_t> tail_{0};
};

} // namespace loopmind::graph
