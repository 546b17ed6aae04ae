// Worker registry and placement.
#include "coordinator/core/workers.h"

#include <tuple>

namespace loopmind::core {
namespace {

bool able(const Worker& worker, TaskKind kind) {
    return worker.facts.kinds.empty() || worker.facts.kinds.contains(kind);
}

} // namespace

Worker& Workers::enter(WorkerFacts facts, std::uint64_t connection, std::uint64_t unix_ms, Millis now) {
    Worker& worker = workers_[facts.key];
    if (worker.connection != 0) by_connection_.erase(worker.connection);
    if (worker.facts.incarnation != facts.incarnation) {
        worker.warm.clear();
        worker.connected_unix_ms = unix_ms;
    }
    worker.facts = std::move(facts);
    worker.connection = connection;
    worker.last_heard = now;
    by_connection_[connection] = worker.facts.key;
    return worker;
}

Worker* Workers::find(const std::string& key) {
    auto it = workers_.find(key);
    return it == workers_.end() ? nullptr : &it->second;
}

const Worker* Workers::find(const std::string& key) const {
    auto it = workers_.find(key);
    return it == workers_.end() ? nullptr : &it->second;
}

Worker* Workers::by_connection(std::uint64_t connection) {
    auto it = by_connection_.find(connection);
    return it == by_connection_.end() ? nullptr : find(it->second);
}

const Worker* Workers::by_connection(std::uint64_t connection) const {
    auto it = by_connection_.find(connection);
    return it == by_connection_.end() ? nullptr : find(it->second);
}

void Workers::disconnect(std::uint64_t connection) {
    if (Worker* worker = by_connection(connection)) worker->connection = 0;
    by_connection_.erase(connection);
}

bool Workers::usable(const Worker& worker, Millis now) const {
    return worker.connection != 0 && now - worker.last_heard <= silence_;
}

bool Workers::has_room(const Worker& worker, TaskKind kind) const {
    const std::uint32_t all = worker.busy + worker.busy_previews;
    // A preview may use the reserved slot; ordinary work never counts on it.
    return kind == TaskKind::kPreview ? all < worker.facts.slots + preview_extra_ : all < worker.facts.slots;
}

Worker* Workers::choose(TaskKind kind, const std::set<std::string>& excluded, const std::string& fingerprint,
                        Millis now) {
    bool others_eligible = false;
    for (const auto& [key, worker] : workers_)
        if (usable(worker, now) && able(worker, kind) && !excluded.contains(key)) others_eligible = true;
    Worker* best = nullptr;
    std::tuple<bool, bool, std::int64_t> best_score;
    for (auto& [key, worker] : workers_) {
        if (!usable(worker, now) || !able(worker, kind) || !has_room(worker, kind)) continue;
        if (excluded.contains(key) && others_eligible) continue;
        const std::tuple<bool, bool, std::int64_t> score{
            !fingerprint.empty() && worker.facts.fingerprint == fingerprint, worker.warm.contains(kind),
            std::int64_t{worker.facts.slots} - worker.busy - worker.busy_previews};
        if (best == nullptr || score > best_score) {
            best = &worker;
            best_score = score;
        }
    }
    return best;
}

Capacity Workers::capacity(TaskKind kind, Millis now) const {
    Capacity sum;
    for (const auto& [key, worker] : workers_) {
        if (!usable(worker, now) || !able(worker, kind)) continue;
        ++sum.workers;
        sum.slots += worker.facts.slots;
        sum.busy += worker.busy + worker.busy_previews;
    }
    return sum;
}

bool Workers::any_room(Millis now) const {
    for (const auto& [key, worker] : workers_)
        if (usable(worker, now) && has_room(worker, TaskKind::kPreview)) return true;
    return false;
}

std::set<std::string> Workers::fingerprints(Millis now) const {
    std::set<std::string> all;
    for (const auto& [key, worker] : workers_)
        if (usable(worker, now)) all.insert(worker.facts.fingerprint);
    return all;
}

} // namespace loopmind::core
