// Leases of this worker.
#include "worker/service/attempt_table.h"

#include <algorithm>

namespace loopmind::worker {

Attempt attempt_of(const v1::AttemptKey& key) {
    return {key.task_id(), key.epoch()};
}

void fill(v1::AttemptKey& key, const Attempt& attempt) {
    key.set_task_id(attempt.task_id);
    key.set_epoch(attempt.epoch);
}

std::shared_ptr<RunningAttempt> AttemptTable::add(const v1::StartTask& start, BootTime now, BootClock clock) {
    const auto name = attempt_of(start.attempt());
    if (running_.contains(name)) return nullptr;
    auto attempt = std::make_shared<RunningAttempt>(start, std::move(clock));
    attempt->deadline = now.count() + start.lease_ms();
    running_[name] = attempt;
    return attempt;
}

void AttemptTable::renew(const Attempt& attempt, BootTime deadline) {
    const auto found = running_.find(attempt);
    if (found == running_.end()) return;
    auto& current = found->second->deadline;
    current = std::max(current.load(), deadline.count());
}

std::shared_ptr<RunningAttempt> AttemptTable::cancel(const Attempt& attempt) {
    const auto found = running_.find(attempt);
    if (found == running_.end()) return nullptr;
    auto taken = std::move(found->second);
    running_.erase(found);
    taken->cancelled = true;
    return taken;
}

bool AttemptTable::finish(const Attempt& attempt) {
    return running_.erase(attempt) > 0;
}

std::vector<std::shared_ptr<RunningAttempt>> AttemptTable::expire(BootTime now) {
    std::vector<std::shared_ptr<RunningAttempt>> expired;
    for (auto it = running_.begin(); it != running_.end();) {
        if (it->second->deadline <= now.count()) {
            it->second->cancelled = true;
            expired.push_back(std::move(it->second));
            it = running_.erase(it);
        } else {
            ++it;
        }
    }
    return expired;
}

std::optional<BootTime> AttemptTable::next_deadline() const {
    std::optional<BootTime> soonest;
    for (const auto& [name, attempt] : running_) {
        const BootTime deadline(attempt->deadline);
        if (!soonest || deadline < *soonest) soonest = deadline;
    }
    return soonest;
}

std::shared_ptr<RunningAttempt> AttemptTable::find(const Attempt& attempt) const {
    const auto found = running_.find(attempt);
    return found == running_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<RunningAttempt>> AttemptTable::all() const {
    std::vector<std::shared_ptr<RunningAttempt>> out;
    for (const auto& [name, attempt] : running_)
        out.push_back(attempt);
    return out;
}

} // namespace loopmind::worker
