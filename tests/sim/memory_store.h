// The Store in memory: the same promises without a disk, with faults on demand. It passes the conformance
// suite.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/core/task_ref.h"
#include "coordinator/store/store.h"

namespace loopmind::sim {

/// What became of a commit, and what the caller is told of it.
enum class CommitFate { kCommitted, kLost, kCommittedButUntold };

/// Bugs that tests plant to see whether the simulator finds them.
enum class Plant {
    kNone,
    kEpochCheck,  ///< A result is accepted whatever its epoch.
    kPublish,     ///< The state of a task is written outside the transaction that publishes its result.
    kLeaseExpiry, ///< The coordinator lets leases run out before the time that workers were told.
};

/// One durable change that promises are about.
struct StoreEvent {
    enum class What { kSubmitted, kGranted, kAccepted, kCached, kFailed, kCancelled, kRetried } what;
    core::TaskRef task; ///< index 0 where the event is the job's
    std::uint64_t epoch = 0;
    std::string worker{};
    core::Fault fault = core::Fault::kTask;
};

/// What several MemoryStores share, as connections to one database do.
struct MemoryDatabase {
    using Name = std::pair<std::string, std::string>;

    std::function<core::Millis()> clock;
    std::function<bool()> away = [] { return false; }; ///< Asked at each call.
    std::function<CommitFate()> commit_fate = [] { return CommitFate::kCommitted; };
    std::function<void(const std::vector<StoreEvent>&)> committed = [](const auto&) {};
    Plant plant = Plant::kNone;

    std::map<core::JobKey, std::shared_ptr<const core::JobRecord>> jobs;
    std::map<Name, core::JobKey> names;                ///< by tenant and job id
    std::map<Name, std::vector<core::Artifact>> cache; ///< by tenant and recipe
    std::map<Name, std::uint64_t> blobs;               ///< by tenant and hash
    std::map<std::string, store::StoredIdentity> identities;
    std::map<std::string, std::string> meta;
    store::Leader leader;
    core::Millis leader_until{0};

    const void* writer = nullptr; ///< Whose transaction is open.
    std::vector<std::function<void()>> undo;
    std::vector<StoreEvent> events;
};

std::unique_ptr<store::Store> open_memory_store(std::shared_ptr<MemoryDatabase> database);

} // namespace loopmind::sim
