// Waiting by zmq_poll, which takes sockets and descriptors alike.
#include "proto/wire/wait.h"

#include <algorithm>
#include <cerrno>
#include <zmq.h>

namespace loopmind::wire {

int wait(std::vector<zmq::pollitem_t>& items, std::chrono::milliseconds timeout) {
    for (auto& item : items)
        item.revents = 0;
    const int ready =
        zmq_poll(items.data(), static_cast<int>(items.size()), static_cast<long>(timeout.count()));
    if (ready < 0) {
        for (auto& item : items)
            item.revents = 0;
        return 0;
    }
    return ready;
}

std::chrono::milliseconds until(std::chrono::steady_clock::time_point now,
                                std::chrono::steady_clock::time_point a,
                                std::chrono::steady_clock::time_point b) {
    using std::chrono::milliseconds;
    const auto soonest = std::min(a, b);
    if (soonest <= now) return milliseconds(0);
    if (soonest - now > std::chrono::minutes(1)) return milliseconds(60000);
    return std::chrono::ceil<milliseconds>(soonest - now);
}

} // namespace loopmind::wire
