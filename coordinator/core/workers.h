// The workers that have said hello: what they can do, how busy they are, and which of them suits a task best.
#pragma once

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
};

/// Numbers for "why does it wait".
struct Capacity {
    std::uint32_t workers = 0;
    std::uint32_t slots = 0;
    std::uint32_t busy = 0;
};

/// The registry. Silence: a worker not heard of for `silence` gets nothing new until it speaks again.
class Workers {
  public:
    Workers(Millis silence, std::uint32_t preview_extra) : silence_(silence), preview_extra_(preview_extra) {}

    Worker& enter(WorkerFacts facts, std::uint64_t connection, std::uint64_t unix_ms, Millis now);
    Worker* find(const std::string& key);
    const Worker* find(const std::string& key) const;
    Worker* by_connection(std::uint64_t connection);
    const Worker* by_connection(std::uint64_t connection) const;
    void disconnect(std::uint64_t connection);

    bool usable(const Worker& worker, Millis now) const;
    bool has_room(const Worker& worker, TaskKind kind) const;

    /// Best worker with room for a task: not excluded, able, then of the wanted fingerprint, then warm
    /// for the kind, then with most free slots, then lowest key. Excluded workers are eligible only when no
    /// other usable worker could ever take the task.
    Worker* choose(TaskKind kind, const std::set<std::string>& excluded, const std::string& fingerprint,
                   Millis now);

    Capacity capacity(TaskKind kind, Millis now) const;
    bool any_room(Millis now) const;
    const std::map<std::string, Worker>& all() const { return workers_; }
    std::set<std::string> fingerprints(Millis now) const;

  private:
    Millis silence_;
    std::uint32_t preview_extra_;
    std::map<std::string, Worker> workers_;
    std::map<std::uint64_t, std::string> by_connection_;
};

} // namespace loopmind::core
