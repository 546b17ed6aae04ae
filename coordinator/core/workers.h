// The workers that have said hello: what they can do, how busy they are, and which of them suits a task best.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "coordinator/core/records.h"

namespace loopmind::core {

/// What a worker says of itself.
struct WorkerFacts {
    std::string key;  ///< Proven public key and worker id; another key can never speak for this worker.
    std::string name; ///< For people.
    std::string worker_id;
    std::string incarnation; ///< Drawn at each start of its process.
    std::string software;
    std::string device;
    std::string fingerprint;
    std::uint32_t slots = 1;
    std::uint64_t memory_bytes = 0;
    std::set<TaskKind> kinds; ///< Empty: all.
    std::vector<std::string> warm_models;
};

/// A worker and its connection.
struct Worker {
    WorkerFacts facts;
    std::uint64_t connection = 0; ///< Service's number of the connection; 0 when it has none.
    std::uint64_t connected_unix_ms = 0;
    Millis last_heard{0};
    std::uint32_t busy = 0;          ///< Granted ordinary slots.
    std::uint32_t busy_previews = 0; ///< Previews beyond or inside the slots.
    std::uint64_t tasks_done = 0;
    std::set<TaskKind> warm; ///< Kinds it has finished in this process.
    bool drained = false;    ///< Gets nothing new; finishes what it has.

  private:
    friend class Workers;
    std::uint64_t serial = 0; ///< Order of arrival; breaks ties.
    bool listed = false;      ///< In the index; silent workers are taken out when they are met.
};

/// Numbers for "why does it wait".
struct Capacity {
    std::uint32_t workers = 0;
    std::uint32_t slots = 0;
    std::uint32_t busy = 0;
    std::uint32_t drained = 0; ///< Workers that would count if they were not.
};

/// The registry. Silence: a worker not heard of for `silence` gets nothing new until it speaks again.
///
/// Workers of one software, device and kinds form a pool. A pool keeps, for each kind, its workers with room
/// in the order in which they are wanted, so that choosing costs O(pools + log workers), not O(workers).
class Workers {
  public:
    Workers(Millis silence, std::uint32_t preview_extra) : silence_(silence), preview_extra_(preview_extra) {}
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

    Worker& enter(WorkerFacts facts, std::uint64_t connection, std::uint64_t unix_ms, Millis now);
    Worker* find(const std::string& key);
    const Worker* find(const std::string& key) const;
    Worker* by_connection(std::uint64_t connection);
    const Worker* by_connection(std::uint64_t connection) const;
    void disconnect(std::uint64_t connection);

    /// What changes where a worker stands.
    void heard(Worker& worker, Millis now);
    void take_slot(Worker& worker, bool preview);
    void free_slot(Worker& worker, bool preview);
    void set_busy(Worker& worker, std::uint32_t busy, std::uint32_t busy_previews);
    void finished(Worker& worker, TaskKind kind); ///< It is warm for the kind.

    /// A person wants it to get nothing new, or lets it work again; holds whether it is here or not.
    void drain(const std::string& key, bool on);

    bool usable(const Worker& worker, Millis now) const;
    bool has_room(const Worker& worker, TaskKind kind) const;

    /// Best worker with room for a task: not excluded, able, then of the wanted fingerprint, then warm
    /// for the kind, then with most free slots, then first to come. Excluded workers are eligible only when
    /// no other usable worker could ever take the task.
    Worker* choose(TaskKind kind, const std::set<std::string>& excluded, const std::string& fingerprint,
                   Millis now);

    Capacity capacity(TaskKind kind, Millis now) const;
    const std::map<std::string, Worker>& all() const { return workers_; }
    std::set<std::string> fingerprints(Millis now) const;

  private:
    struct PoolName {
        std::string fingerprint;
        std::set<TaskKind> kinds;
        auto operator<=>(const PoolName&) const = default;
    };
    struct Rank {
        bool cold = true;
        std::int64_t minus_free = 0;
        std::uint64_t serial = 0;
        auto operator<=>(const Rank&) const = default;
    };
    struct Pool {
        std::map<std::uint64_t, Worker*> members;                      ///< Connected ones, by serial.
        std::array<std::map<Rank, Worker*>, kTaskKinds + 1> with_room; ///< by kind
    };

    Rank rank_of(const Worker& worker, TaskKind kind) const;
    Pool& pool_of(const Worker& worker);
    void list(Worker& worker);
    void unlist(Worker& worker);
    Worker* first_of(Pool& pool, TaskKind kind, const std::set<std::string>& excluded, Millis now);
    bool others_eligible(TaskKind kind, const std::set<std::string>& excluded, Millis now) const;

    Millis silence_;
    std::uint32_t preview_extra_;
    std::uint64_t serial_ = 0;
    std::map<std::string, Worker> workers_;
    std::map<std::uint64_t, std::string> by_connection_;
    std::map<PoolName, Pool> pools_;
    std::set<std::string> drained_;
};

} // namespace loopmind::core
