// A bounded queue into a thread that waits on sockets: values are handed over, the owner's poll loop wakes.
#pragma once

#include "proto/wire/wakeup.h"

#include <cstddef>
#include <deque>
#include <limits>
#include <mutex>
#include <utility>

namespace loopmind::wire {

/// Any thread pushes, one thread takes.
template <typename T> class Mailbox {
  public:
    explicit Mailbox(std::size_t capacity = std::numeric_limits<std::size_t>::max()) : capacity_(capacity) {}

    /// False (and `value` is dropped) when the mailbox is full or closed.
    bool push(T value) {
        bool was_empty = false;
        {
            const std::lock_guard lock(mutex_);
            if (closed_ || values_.size() >= capacity_) return false;
            was_empty = values_.empty();
            values_.push_back(std::move(value));
        }
        if (was_empty) wakeup_.signal();
        return true;
    }

    /// Everything pushed so far, in order; never waits.
    std::deque<T> take_all() {
        wakeup_.clear();
        const std::lock_guard lock(mutex_);
        return std::exchange(values_, {});
    }

    /// Refuses further pushes; what is inside stays.
    void close() {
        const std::lock_guard lock(mutex_);
        closed_ = true;
    }

    zmq::pollitem_t poll_item() const { return wakeup_.poll_item(); }
    int fd() const { return wakeup_.fd(); }

  private:
    const std::size_t capacity_;
    std::mutex mutex_;
    std::deque<T> values_;
    bool closed_ = false;
    Wakeup wakeup_;
};

} // namespace loopmind::wire
