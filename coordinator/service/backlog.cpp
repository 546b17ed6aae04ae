// Three counters that agree.
#include "coordinator/service/backlog.h"

#include <algorithm>

namespace loopmind::service {

std::uint64_t Backlog::room(std::uint64_t session) const {
    const auto found = sessions_.find(session);
    const std::uint64_t held = found == sessions_.end() ? 0 : found->second;
    if (total_ >= kOfAll) return held == 0 ? wire::kChunkBytes : 0;
    return held < kOfSession ? kOfSession - held : 0;
}

void Backlog::sent(std::uint64_t session, std::uint64_t stream, std::uint64_t bytes) {
    if (bytes == 0) return;
    streams_[{session, stream}] += bytes;
    sessions_[session] += bytes;
    total_ += bytes;
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
    total_ -= taken;
}

void Backlog::forget(std::uint64_t session, std::uint64_t stream) {
    read(session, stream, UINT64_MAX);
}

void Backlog::forget_all(std::uint64_t session) {
    for (auto it = streams_.lower_bound({session, 0}); it != streams_.end() && it->first.first == session;) {
        total_ -= it->second;
        it = streams_.erase(it);
    }
    sessions_.erase(session);
}

} // namespace loopmind::service
