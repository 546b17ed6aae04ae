// Waiting on sockets, mailboxes and descriptors together.
#pragma once

#include <chrono>
#include <vector>
#include <zmq.hpp>

namespace loopmind::wire {

/// Waits until an item is ready or the time is up (negative: for ever); `revents` of each item says which. An
/// interrupting signal ends the wait early. Returns how many are ready.
int wait(std::vector<zmq::pollitem_t>& items, std::chrono::milliseconds timeout);

/// Milliseconds from `now` until the earlier of two moments, rounded up, at least 0, at most one minute.
std::chrono::milliseconds
until(std::chrono::steady_clock::time_point now, std::chrono::steady_clock::time_point a,
      std::chrono::steady_clock::time_point b = std::chrono::steady_clock::time_point::max());

} // namespace loopmind::wire
