// Two counters that agree.
#include "coordinator/service/backlog.h"

#include <algorithm>

namespace loopmind::service {

std::uint64_t Backlog::room(std::uint64_t session) const {
    const auto found = sessions_.find(session);
    const std::uint64_t held = found == sessions_.end() ? 0 : found->second;
    return held < kOfSession ? kOfSession - held : 0;
}

void Backlog::sent(std::uint64_t session, std::uint64_t stream, std::uint64_t bytes) {
    if (bytes == 0) return;
    streams_[{session, stream}] += bytes;
    sessions_[session] += bytes;
}

void Backlog::read(std::uint64_t session, std::uint64_t stream, std::uint64_t bytes) {
    const auto found = streams_.find({session, stream});
    if (found == streams_.end()) return;
    const std::uint64_t taken = std::min(bytes, found->second);
    found->second -= taken;
    if (found->second == 0) streams_.erase(found);
    const auto sum = sessions_.find(session);
    sum->second -= taken;
    if (sum->second == 0) sessions_.erase(sum);
}

void Backlog::forget(std::uint64_t session, std::uint64_t stream) {
    read(session, stream, UINT64_MAX);
}

void Backlog::forget_all(std::uint64_t session) {
    for (auto it = streams_.lower_bound({session, 0}); it != streams_.end() && it->first.first == session;)
        it = streams_.erase(it);
    sessions_.erase(session);
}

} // namespace loopmind::service
