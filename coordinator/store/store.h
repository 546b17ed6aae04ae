// The coordinator's durable truth behind one interface: jobs, tasks, epochs, recipe cache, identities.
//
// Promises that every implementation keeps (tests/coordinator/store is the conformance suite):
//  - Between begin() and commit() everything is one transaction; after commit() returned success it is on the
//  disk.
//    A call outside begin()/commit() is its own transaction.
//  - A result is accepted by one predicate: the task is leased and its epoch and worker are those of the
//  result.
//    Exactly one result of a task is ever accepted; a stale item never fails its batch.
//  - State, outputs, cache entry, tenant's blobs, dependants becoming ready and the job's end change
//  together.
//  - After acquire_leadership() every write (identities excepted: people enrol beside a running coordinator)
//  is checked
//    against the leader row in its own transaction: once another term has begun it is refused, and a
//    transaction of the old term that is still open either commits before the new term begins or not at all.
//  - Every write may be repeated. When a connection breaks during a commit, the store finds out whether it
//  was
//    committed; where it cannot (the database stays away), it answers unavailable and the repeated write is
//    recognised: a submission by its id, a result by its epoch (kRepeated), a grant by its higher epoch.
//  - Errors that are not about one item (disk full, read-only, damaged) come back as Error; the caller rolls
//  back.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "coordinator/core/records.h"
#include "proto/base/result.h"

namespace loopmind::store {

/// Recipes of all tasks of a job, in task order, for workers of one fingerprint.
struct RecipeSet {
    std::string fingerprint;
    std::vector<std::string> recipes;
};

/// Says whether the bytes of a cached output are still there; asked before the cache answers.
using BlobPresent = std::function<bool(const core::Artifact&)>;

struct NewJob {
    core::JobRecord job;               ///< `key` is ignored; tasks as the graph made them.
    std::vector<RecipeSet> candidates; ///< The one with most hits answers; its hits are done at once.
    BlobPresent blob_present;          ///< Unset: believed.
    std::vector<core::Artifact>
        required; ///< Blobs of the tenant that the tasks read; `role` names the field.
};

struct SubmitVerdict {
    bool existed = false;
    core::JobRecord job; ///< As stored, with its key; tasks answered by the cache are done.
};

struct GrantItem {
    core::JobKey job = 0;
    std::uint32_t index = 0;
    std::uint64_t epoch = 0;
    std::uint32_t losses = 0;
    std::string worker;
    std::string incarnation;
    std::string fingerprint;
    std::string tenant;
    std::string recipe; ///< Empty: the cache is not asked.
    BlobPresent blob_present;
    std::uint64_t now_ms = 0;
};

struct GrantVerdict {
    enum class State { kGranted, kCached, kStale } state = State::kStale;
    std::vector<core::Artifact> outputs; ///< kCached: the task is done with these.
};

struct CompletionItem {
    core::JobKey job = 0;
    std::uint32_t index = 0;
    std::uint64_t epoch = 0;
    std::string worker;
    std::string fingerprint;
    std::string tenant;
    std::string recipe; ///< Empty: not kept in the cache.
    std::vector<core::Artifact> outputs;
    std::uint64_t now_ms = 0;
};

struct CompletionVerdict {
    enum class State { kAccepted, kRepeated, kStale } state = State::kStale;
};

struct FailureItem {
    core::JobKey job = 0;
    std::uint32_t index = 0;
    core::Failure failure;
    std::uint32_t losses = 0;
    bool give_up = false;
    Error error; ///< With give_up: the job's error.
    std::uint64_t now_ms = 0;
};

/// What became of an attempt that memory no longer knows.
struct AttemptFate {
    enum class State {
        kAccepted,
        kOpen, ///< A result would be accepted: memory is wrong.
        kOver
    } state = State::kOver;
    core::JobKey job = 0; ///< With kAccepted and kOpen.
};

struct StoredIdentity {
    std::string public_key;
    std::string role; ///< worker producer viewer admin
    std::string name;
    std::string tenant;
    bool revoked = false;
    std::uint64_t created_ms = 0;
};

/// Who leads, as the leader row says.
struct Leader {
    std::string holder; ///< Empty: nobody.
    std::uint32_t term = 0;
    std::uint64_t left_ms = 0; ///< Until its time is over, by the database's clock.
};

struct LeadershipVerdict {
    bool acquired = false;
    Leader leader; ///< After the call: oneself, or who leads.
};

/// One thread owns it.
class Store {
  public:
    virtual ~Store() = default;

    virtual Status begin() = 0;
    virtual Status commit() = 0;
    virtual void rollback() = 0;

    /// Idempotent by (tenant, job_id): the same submission again answers what is stored. Errors:
    /// already_exists when the id is known with another request digest; not_found when the tenant has not put
    /// a required blob.
    virtual Result<SubmitVerdict> submit_job(const NewJob& job) = 0;
    virtual Result<std::vector<GrantVerdict>> grant_batch(std::span<const GrantItem> items) = 0;
    virtual Result<std::vector<CompletionVerdict>> complete_batch(std::span<const CompletionItem> items) = 0;
    /// True per item when it was current; false changes nothing.
    virtual Result<std::vector<bool>> fail_batch(std::span<const FailureItem> items) = 0;
    /// Returns the job after the call; a terminal job stays as it is. Errors: not_found.
    virtual Result<core::JobRecord> cancel_job(const std::string& tenant, const std::string& job_id,
                                               std::uint64_t now_ms) = 0;
    /// Opens a failed or cancelled job again, keeping what is done. Errors: not_found; invalid_argument when
    /// the job is neither failed nor cancelled.
    virtual Result<core::JobRecord> retry_job(const std::string& tenant, const std::string& job_id) = 0;

    virtual Result<std::vector<core::JobRecord>> load_open_jobs() = 0;
    virtual Result<core::JobRecord> load_job(core::JobKey key) = 0;
    virtual Result<std::optional<core::JobRecord>> find_job(const std::string& tenant,
                                                            const std::string& job_id) = 0;
    /// Newest first, without tasks. `state` empty: all.
    virtual Result<std::vector<core::JobRecord>> list_jobs(const std::string& tenant, std::uint32_t limit,
                                                           std::optional<core::JobState> state) = 0;
    virtual Result<AttemptFate> attempt_fate(const std::string& task_id, std::uint64_t epoch,
                                             const std::string& worker) = 0;

    virtual Status add_blob(const std::string& tenant, const std::string& sha256, std::uint64_t size) = 0;
    /// Size of a blob the tenant refers to, or nothing.
    virtual Result<std::optional<std::uint64_t>> find_blob(const std::string& tenant,
                                                           const std::string& sha256) = 0;

    /// Adds or changes; a key has one role and tenant.
    virtual Status put_identity(const StoredIdentity& identity) = 0;
    virtual Result<std::optional<StoredIdentity>> find_identity(const std::string& public_key) = 0;

    virtual Result<std::optional<std::string>> meta(const std::string& key) = 0;
    virtual Status set_meta(const std::string& key, const std::string& value) = 0;

    /// Begins a new term if nobody leads, the leader's time is over by the database's clock, or `holder` led
    /// already (its process must be known to be over). From then on writes of this Store belong to that term.
    virtual Result<LeadershipVerdict> acquire_leadership(const std::string& holder, core::Millis ttl) = 0;
    /// `term` leads for another `ttl` from now; false when another term has begun. Any Store may renew any
    /// term.
    virtual Result<bool> renew_leadership(std::uint32_t term, core::Millis ttl) = 0;
    /// The next coordinator need not wait; nothing happens when another term has begun.
    virtual Status resign_leadership(std::uint32_t term) = 0;
    virtual Result<Leader> leader() = 0;

    /// Moves up to `limit` jobs that ended before `ended_before_ms` out of the way of those that run;
    /// everything answers as before. Returns how many were moved: 0 when there is nothing more to do.
    virtual Result<std::size_t> archive_jobs(std::uint64_t ended_before_ms, std::size_t limit) = 0;
    virtual Result<int> schema_version() = 0;
};

/// Looks up identities beside the owner of the Store; any thread.
class IdentityReader {
  public:
    virtual ~IdentityReader() = default;
    virtual Result<std::optional<StoredIdentity>> find(const std::string& public_key) = 0;
};

} // namespace loopmind::store
