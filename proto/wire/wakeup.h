// A descriptor that becomes readable when another thread (or a signal handler) calls.
#pragma once

#include <zmq.hpp>

namespace loopmind::wire {

/// eventfd on Linux, a pipe elsewhere. signal() may be called from any thread and from signal handlers.
class Wakeup {
  public:
    Wakeup();
    ~Wakeup();
    Wakeup(const Wakeup&) = delete;
    Wakeup& operator=(const Wakeup&) = delete;

    void signal() noexcept;
    /// Makes the descriptor unreadable again; by the waiting thread, before it looks at what it was woken
    /// for.
    void clear() noexcept;
    int fd() const { return read_fd_; }
    zmq::pollitem_t poll_item() const { return {nullptr, read_fd_, ZMQ_POLLIN, 0}; }

  private:
    int read_fd_ = -1;
    int write_fd_ = -1;
};

} // namespace loopmind::wire
