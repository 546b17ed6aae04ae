// Worker registry and placement.
#include "coordinator/core/workers.h"

namespace loopmind::core {
namespace {

bool able(const std::set<TaskKind>& kinds, TaskKind kind) {
    return kinds.empty() || kinds.contains(kind);
}

} // namespace

// --- the index

Workers::Rank Workers::rank_of(const Worker& worker, TaskKind kind) const {
    return {!worker.warm.contains(kind),
            std::int64_t{worker.busy} + worker.busy_previews - std::int64_t{worker.facts.slots},
            worker.serial};
}

Workers::Pool& Workers::pool_of(const Worker& worker) {
    return pools_[{worker.facts.fingerprint, worker.facts.kinds}];
}

// Puts a connected worker where it stands now; unlist() must come before anything that moves it.
void Workers::list(Worker& worker) {
    if (worker.connection == 0) return;
    Pool& pool = pool_of(worker);
    pool.members[worker.serial] = &worker;
    for (std::size_t i = 1; i <= kTaskKinds; ++i) {
        const auto kind = static_cast<TaskKind>(i);
        if (able(worker.facts.kinds, kind) && has_room(worker, kind))
            pool.with_room[i].emplace(rank_of(worker, kind), &worker);
    }
    worker.listed = true;
}

void Workers::unlist(Worker& worker) {
    if (!worker.listed) return;
    const auto found = pools_.find({worker.facts.fingerprint, worker.facts.kinds});
    found->second.members.erase(worker.serial);
    for (std::size_t i = 1; i <= kTaskKinds; ++i)
        found->second.with_room[i].erase(rank_of(worker, static_cast<TaskKind>(i)));
    if (found->second.members.empty()) pools_.erase(found);
    worker.listed = false;
}

// --- changes

Worker& Workers::enter(WorkerFacts facts, std::uint64_t connection, std::uint64_t unix_ms, Millis now) {
    Worker& worker = workers_[facts.key];
    unlist(worker);
    if (worker.serial == 0) worker.serial = ++serial_;
    if (worker.connection != 0) by_connection_.erase(worker.connection);
    if (worker.facts.incarnation != facts.incarnation) {
        worker.warm.clear();
        worker.connected_unix_ms = unix_ms;
    }
    worker.facts = std::move(facts);
    worker.connection = connection;
    worker.drained = drained_.contains(worker.facts.key);
    worker.last_heard = now;
    by_connection_[connection] = worker.facts.key;
    list(worker);
    return worker;
}

void Workers::disconnect(std::uint64_t connection) {
    if (Worker* worker = by_connection(connection)) {
        unlist(*worker);
        worker->connection = 0;
    }
    by_connection_.erase(connection);
}

void Workers::heard(Worker& worker, Millis now) {
    worker.last_heard = now;
    if (!worker.listed) list(worker);
}

void Workers::take_slot(Worker& worker, bool preview) {
    set_busy(worker, worker.busy + (preview ? 0 : 1), worker.busy_previews + (preview ? 1 : 0));
}

void Workers::free_slot(Worker& worker, bool preview) {
    std::uint32_t busy = worker.busy, previews = worker.busy_previews;
    std::uint32_t& count = preview ? previews : busy;
    if (count > 0) --count;
    set_busy(worker, busy, previews);
}

void Workers::set_busy(Worker& worker, std::uint32_t busy, std::uint32_t busy_previews) {
    const bool listed = worker.listed;
    unlist(worker);
    worker.busy = busy;
    worker.busy_previews = busy_previews;
    if (listed) list(worker);
}

void Workers::finished(Worker& worker, TaskKind kind) {
    ++worker.tasks_done;
    if (worker.warm.contains(kind)) return;
    const bool listed = worker.listed;
    unlist(worker);
    worker.warm.insert(kind);
    if (listed) list(worker);
}

void Workers::drain(const std::string& key, bool on) {
    if (on)
        drained_.insert(key);
    else
        drained_.erase(key);
    Worker* worker = find(key);
    if (worker == nullptr) return;
    const bool listed = worker->listed;
    unlist(*worker);
    worker->drained = on;
    if (listed) list(*worker);
}

// --- looking up

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

bool Workers::usable(const Worker& worker, Millis now) const {
    return worker.connection != 0 && now - worker.last_heard <= silence_;
}

bool Workers::has_room(const Worker& worker, TaskKind kind) const {
    if (worker.drained) return false;
    const std::uint32_t all = worker.busy + worker.busy_previews;
    // A preview may use the reserved slot; ordinary work never counts on it.
    return kind == TaskKind::kPreview ? all < worker.facts.slots + preview_extra_ : all < worker.facts.slots;
}

// The first of a pool that may be asked. Silent workers that are met leave the index until they are heard.
Worker* Workers::first_of(Pool& pool, TaskKind kind, const std::set<std::string>& excluded, Millis now) {
    auto& room = pool.with_room[static_cast<std::size_t>(kind)];
    for (auto it = room.begin(); it != room.end();) {
        Worker& worker = *it->second;
        if (usable(worker, now)) {
            if (!excluded.contains(worker.facts.key)) return &worker;
            ++it;
            continue;
        }
        ++it; // unlist() takes the one before it away, and only that one
        const bool last = it == room.end();
        const Rank next = last ? Rank{} : it->first;
        const bool empties = pool.members.size() == 1;
        unlist(worker);
        if (empties || last) return nullptr;
        it = room.find(next);
    }
    return nullptr;
}

bool Workers::others_eligible(TaskKind kind, const std::set<std::string>& excluded, Millis now) const {
    for (const auto& [name, pool] : pools_) {
        if (!able(name.kinds, kind)) continue;
        for (const auto& [serial, worker] : pool.members)
            if (usable(*worker, now) && !worker->drained && !excluded.contains(worker->facts.key))
                return true;
    }
    return false;
}

Worker* Workers::choose(TaskKind kind, const std::set<std::string>& excluded, const std::string& fingerprint,
                        Millis now) {
    static const std::set<std::string> nobody;
    const std::set<std::string>& without =
        excluded.empty() || others_eligible(kind, excluded, now) ? excluded : nobody;
    Worker* best = nullptr;
    bool best_matches = false;
    for (auto it = pools_.begin(); it != pools_.end();) {
        const auto here = it++; // a pool whose workers have all gone silent disappears
        if (!able(here->first.kinds, kind)) continue;
        const bool matches = !fingerprint.empty() && here->first.fingerprint == fingerprint;
        Worker* worker = first_of(here->second, kind, without, now);
        if (worker == nullptr || (best != nullptr && best_matches && !matches)) continue;
        if (best == nullptr || matches != best_matches || rank_of(*worker, kind) < rank_of(*best, kind)) {
            best = worker;
            best_matches = matches;
        }
    }
    return best;
}

Capacity Workers::capacity(TaskKind kind, Millis now) const {
    Capacity sum;
    for (const auto& [key, worker] : workers_) {
        if (!usable(worker, now) || !able(worker.facts.kinds, kind)) continue;
        if (worker.drained) {
            ++sum.drained;
            continue;
        }
        ++sum.workers;
        sum.slots += worker.facts.slots;
        sum.busy += worker.busy + worker.busy_previews;
    }
    return sum;
}

std::set<std::string> Workers::fingerprints(Millis now) const {
    std::set<std::string> all;
    for (const auto& [key, worker] : workers_)
        if (usable(worker, now)) all.insert(worker.facts.fingerprint);
    return all;
}

} // namespace loopmind::core
