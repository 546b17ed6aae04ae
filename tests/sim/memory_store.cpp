// Tables of the memory store, with an undo log in the place of a transaction.
#include "tests/sim/memory_store.h"

#include <algorithm>

#include "coordinator/store/cache_answer.h"

namespace loopmind::sim {
namespace {

using core::Artifact;
using core::JobKey;
using core::JobRecord;
using core::JobState;
using core::TaskRecord;
using core::TaskState;
using namespace store;
using What = StoreEvent::What;

bool is_open(JobState state) {
    return !core::is_terminal(state);
}

class MemoryStore : public Store {
  public:
    explicit MemoryStore(std::shared_ptr<MemoryDatabase> database) : db_(std::move(database)) {}
    ~MemoryStore() override {
        if (db_->writer == this) undo();
    }

    Status begin() override {
        if (db_->away()) return away();
        if (db_->writer != nullptr)
            return Error{ErrorCode::kUnavailable, "store", "another transaction is open", ""};
        db_->writer = this;
        return {};
    }

    Status commit() override {
        const CommitFate fate = db_->away() ? CommitFate::kLost : db_->commit_fate();
        if (fate == CommitFate::kLost) {
            undo();
            return away();
        }
        db_->undo.clear();
        db_->writer = nullptr;
        const std::vector<StoreEvent> events = std::exchange(db_->events, {});
        db_->committed(events);
        return fate == CommitFate::kCommitted ? Status() : Status(away());
    }

    void rollback() override {
        if (db_->writer == this) undo();
    }

    Result<SubmitVerdict> submit_job(const NewJob& wanted) override {
        return write<SubmitVerdict>([&]() -> Result<SubmitVerdict> { return submit(wanted); });
    }
    Result<std::vector<GrantVerdict>> grant_batch(std::span<const GrantItem> items) override {
        return each<GrantVerdict>(items, [this](const GrantItem& item) { return grant(item); });
    }
    Result<std::vector<CompletionVerdict>> complete_batch(std::span<const CompletionItem> items) override {
        return each<CompletionVerdict>(items, [this](const CompletionItem& item) { return complete(item); });
    }
    Result<std::vector<bool>> fail_batch(std::span<const FailureItem> items) override {
        return each<bool>(items, [this](const FailureItem& item) { return fail(item); });
    }

    Result<JobRecord> cancel_job(const std::string& tenant, const std::string& job_id,
                                 std::uint64_t now_ms) override {
        return write<JobRecord>([&]() -> Result<JobRecord> {
            const auto found = db_->names.find({tenant, job_id});
            if (found == db_->names.end()) return no_such_job(job_id);
            if (is_open(db_->jobs.at(found->second)->state)) {
                JobRecord& job = change(found->second);
                job.state = JobState::kCancelled;
                job.finished_ms = now_ms;
                cancel_tasks(job);
                tell({What::kCancelled, {job.key, 0}});
            }
            return *db_->jobs.at(found->second);
        });
    }

    Result<JobRecord> retry_job(const std::string& tenant, const std::string& job_id) override {
        return write<JobRecord>([&]() -> Result<JobRecord> {
            const auto found = db_->names.find({tenant, job_id});
            if (found == db_->names.end()) return no_such_job(job_id);
            const JobState state = db_->jobs.at(found->second)->state;
            if (state != JobState::kFailed && state != JobState::kCancelled) return not_retryable();
            JobRecord& job = change(found->second);
            job.state = JobState::kQueued;
            job.finished_ms = 0;
            job.error.reset();
            for (TaskRecord& task : job.tasks) {
                task.failures.clear();
                if (task.state != TaskState::kFailed && task.state != TaskState::kCancelled) continue;
                task.state = open_needs(job, task) == 0 ? TaskState::kReady : TaskState::kBlocked;
                task.losses = 0;
            }
            tell({What::kRetried, {job.key, 0}});
            return job;
        });
    }

    Result<std::vector<JobRecord>> load_open_jobs() override {
        return read<std::vector<JobRecord>>([&] {
            std::vector<JobRecord> open;
            for (const auto& [key, job] : db_->jobs)
                if (is_open(job->state)) open.push_back(*job);
            return open;
        });
    }
    Result<JobRecord> load_job(JobKey key) override {
        if (db_->away()) return away();
        const auto found = db_->jobs.find(key);
        if (found == db_->jobs.end()) return no_such_job(std::to_string(key));
        return *found->second;
    }
    Result<std::optional<JobRecord>> find_job(const std::string& tenant, const std::string& job_id) override {
        return read<std::optional<JobRecord>>([&]() -> std::optional<JobRecord> {
            const auto found = db_->names.find({tenant, job_id});
            if (found == db_->names.end()) return std::nullopt;
            return *db_->jobs.at(found->second);
        });
    }
    Result<std::vector<JobRecord>> list_jobs(const std::string& tenant, std::uint32_t limit,
                                             std::optional<JobState> state) override {
        return read<std::vector<JobRecord>>([&] {
            std::vector<JobRecord> listed;
            for (auto it = db_->jobs.rbegin(); it != db_->jobs.rend() && listed.size() < limit; ++it) {
                const JobRecord& job = *it->second;
                if (job.tenant != tenant || (state && job.state != *state)) continue;
                listed.push_back(job);
                listed.back().tasks.clear();
            }
            return listed;
        });
    }
    Result<AttemptFate> attempt_fate(const std::string& task_id, std::uint64_t epoch,
                                     const std::string& worker) override {
        return read<AttemptFate>([&] {
            for (const auto& [key, job] : db_->jobs)
                for (const TaskRecord& task : job->tasks)
                    if (epoch > 0 && task.epoch == epoch && task.worker == worker && !task.cached &&
                        (task.state == TaskState::kDone || task.state == TaskState::kLeased) &&
                        core::task_id(job->job_id, task.index) == task_id)
                        return AttemptFate{task.state == TaskState::kDone ? AttemptFate::State::kAccepted
                                                                          : AttemptFate::State::kOpen,
                                           key};
            return AttemptFate{};
        });
    }

    Status add_blob(const std::string& tenant, const std::string& sha256, std::uint64_t size) override {
        return status(write<bool>([&]() -> Result<bool> {
            if (!db_->blobs.contains({tenant, sha256})) put(db_->blobs, {tenant, sha256}, size);
            return true;
        }));
    }
    Result<std::optional<std::uint64_t>> find_blob(const std::string& tenant,
                                                   const std::string& sha256) override {
        return read<std::optional<std::uint64_t>>([&] { return look_up(db_->blobs, {tenant, sha256}); });
    }

    Status put_identity(const StoredIdentity& identity) override {
        if (!is_identity_role(identity.role)) return no_such_role(identity.role);
        if (db_->away()) return away();
        StoredIdentity kept = identity;
        if (const auto known = look_up(db_->identities, identity.public_key))
            kept.created_ms = known->created_ms;
        db_->identities[identity.public_key] = kept;
        return {};
    }
    Result<std::optional<StoredIdentity>> find_identity(const std::string& public_key) override {
        return read<std::optional<StoredIdentity>>([&] { return look_up(db_->identities, public_key); });
    }
    Result<std::optional<std::string>> meta(const std::string& key) override {
        return read<std::optional<std::string>>([&] { return look_up(db_->meta, key); });
    }
    Status set_meta(const std::string& key, const std::string& value) override {
        return status(write<bool>([&]() -> Result<bool> {
            put(db_->meta, key, value);
            return true;
        }));
    }

    Result<LeadershipVerdict> acquire_leadership(const std::string& holder, core::Millis ttl) override {
        if (db_->away()) return away();
        const bool acquired = db_->leader.holder == holder || db_->leader_until < db_->clock();
        if (acquired) {
            db_->leader.holder = holder;
            term_ = ++db_->leader.term;
            db_->leader_until = db_->clock() + ttl;
        }
        return LeadershipVerdict{acquired, read_leader()};
    }
    Result<bool> renew_leadership(std::uint32_t term, core::Millis ttl) override {
        if (db_->away()) return away();
        if (db_->leader.term != term) return false;
        db_->leader_until = db_->clock() + ttl;
        return true;
    }
    Status resign_leadership(std::uint32_t term) override {
        if (db_->away()) return away();
        if (db_->leader.term != term) return {};
        db_->leader.holder.clear();
        db_->leader_until = core::Millis{0};
        return {};
    }
    Result<Leader> leader() override {
        return read<Leader>([&] { return read_leader(); });
    }
    Result<std::size_t> archive_jobs(std::uint64_t, std::size_t) override { return std::size_t{0}; }
    Result<int> schema_version() override { return 1; }

  private:
    static Error away() { return {ErrorCode::kUnavailable, "store", "the database does not answer", ""}; }
    template <typename T> static Status status(const Result<T>& result) {
        return result.ok() ? Status() : Status(result.error());
    }
    template <typename Map>
    static std::optional<typename Map::mapped_type> look_up(const Map& map,
                                                            const typename Map::key_type& key) {
        const auto found = map.find(key);
        if (found == map.end()) return std::nullopt;
        return found->second;
    }

    // --- transactions

    void undo() {
        for (auto it = db_->undo.rbegin(); it != db_->undo.rend(); ++it)
            (*it)();
        db_->undo.clear();
        db_->events.clear();
        db_->writer = nullptr;
    }
    void tell(StoreEvent event) { db_->events.push_back(std::move(event)); }

    template <typename Map>
    void put(Map& map, const typename Map::key_type& key, const typename Map::mapped_type& value) {
        db_->undo.push_back([&map, key, before = look_up(map, key)] {
            if (before)
                map[key] = *before;
            else
                map.erase(key);
        });
        map[key] = value;
    }
    // A copy of the job that the transaction may write to.
    JobRecord& change(JobKey key) {
        auto fresh = std::make_shared<JobRecord>(*db_->jobs.at(key));
        JobRecord& job = *fresh;
        put(db_->jobs, key, fresh);
        return job;
    }

    template <typename T, typename Work> Result<T> read(Work&& work) {
        if (db_->away()) return away();
        return T(work());
    }
    template <typename T, typename Work> Result<T> write(Work&& work) {
        const bool own = db_->writer != this;
        if (own) {
            if (const Status begun = begin(); !begun) return begun.error();
        } else if (db_->away()) {
            return away();
        }
        if (term_ != 0 && db_->leader.term != term_) {
            if (own) undo();
            return leadership_lost(term_);
        }
        Result<T> value = work();
        if (!own) return value;
        if (!value.ok()) {
            undo();
            return value;
        }
        if (const Status done = commit(); !done) return done.error();
        return value;
    }
    template <typename T, typename Item, typename Work>
    Result<std::vector<T>> each(std::span<const Item> items, Work&& work) {
        return write<std::vector<T>>([&]() -> Result<std::vector<T>> {
            std::vector<T> verdicts;
            for (const Item& item : items)
                verdicts.push_back(work(item));
            return verdicts;
        });
    }

    // --- statements

    Leader read_leader() const {
        Leader row = db_->leader;
        const auto left = db_->leader_until - db_->clock();
        row.left_ms = db_->leader_until > db_->clock() ? static_cast<std::uint64_t>(left.count()) : 0;
        return row;
    }

    static void cancel_tasks(JobRecord& job) {
        for (TaskRecord& task : job.tasks)
            if (!core::is_terminal(task.state)) task.state = TaskState::kCancelled;
    }

    std::vector<Artifact> cached_outputs(const std::string& tenant, const std::string& recipe,
                                         const BlobPresent& present) {
        if (recipe.empty()) return {};
        const auto outputs = look_up(db_->cache, {tenant, recipe}).value_or(std::vector<Artifact>{});
        if (present && !std::all_of(outputs.begin(), outputs.end(), present)) return {};
        return outputs;
    }

    static void put_outputs(TaskRecord& task, std::vector<Artifact> outputs) {
        std::sort(outputs.begin(), outputs.end(),
                  [](const Artifact& a, const Artifact& b) { return a.role < b.role; });
        task.outputs = std::move(outputs);
    }

    static void after_done(JobRecord& job, std::uint64_t now_ms) {
        for (TaskRecord& task : job.tasks)
            if (task.state == TaskState::kBlocked && open_needs(job, task) == 0)
                task.state = TaskState::kReady;
        if (is_open(job.state) && std::all_of(job.tasks.begin(), job.tasks.end(), [](const TaskRecord& task) {
                return task.state == TaskState::kDone;
            })) {
            job.state = JobState::kDone;
            job.finished_ms = now_ms;
        }
    }

    Result<SubmitVerdict> submit(const NewJob& wanted) {
        SubmitVerdict verdict;
        if (const auto known = look_up(db_->names, {wanted.job.tenant, wanted.job.job_id})) {
            verdict.job = *db_->jobs.at(*known);
            if (verdict.job.request_digest != wanted.job.request_digest)
                return another_request(wanted.job.job_id);
            verdict.existed = true;
            return verdict;
        }
        for (const Artifact& blob : wanted.required)
            if (look_up(db_->blobs, {wanted.job.tenant, blob.sha256}) != blob.size ||
                (wanted.blob_present && !wanted.blob_present(blob)))
                return missing_blob(blob);
        JobRecord job = wanted.job;
        answer_from_cache(wanted, job, [&](const std::vector<std::string>& recipes) {
            CachedOutputs found;
            for (const std::string& recipe : recipes)
                found.push_back(cached_outputs(job.tenant, recipe, wanted.blob_present));
            return found;
        });
        job.key = db_->jobs.empty() ? 1 : db_->jobs.rbegin()->first + 1;
        put(db_->jobs, job.key, std::make_shared<const JobRecord>(job));
        put(db_->names, {job.tenant, job.job_id}, job.key);
        tell({What::kSubmitted, {job.key, 0}});
        verdict.job = std::move(job);
        return verdict;
    }

    // The task of an item if it is in one of the states that allow the change.
    TaskRecord* open_task(JobKey key, std::uint32_t index, bool leased_only, JobRecord*& job) {
        const auto found = db_->jobs.find(key);
        if (found == db_->jobs.end() || index >= found->second->tasks.size()) return nullptr;
        const TaskState state = found->second->tasks[index].state;
        if (state != TaskState::kLeased && (leased_only || state != TaskState::kReady)) return nullptr;
        job = &change(key);
        return &job->tasks[index];
    }

    GrantVerdict grant(const GrantItem& item) {
        GrantVerdict verdict;
        JobRecord* job = nullptr;
        const std::vector<Artifact> outputs = cached_outputs(item.tenant, item.recipe, item.blob_present);
        TaskRecord* task = open_task(item.job, item.index, false, job);
        if (task == nullptr || task->epoch >= item.epoch) return verdict;
        task->epoch = item.epoch;
        task->losses = item.losses;
        if (job->state == JobState::kQueued) job->state = JobState::kRunning;
        if (!outputs.empty()) {
            task->state = TaskState::kDone;
            task->worker.clear();
            task->incarnation.clear();
            task->fingerprint = item.fingerprint;
            task->cached = true;
            put_outputs(*task, outputs);
            after_done(*job, item.now_ms);
            tell({What::kCached, {item.job, item.index}, item.epoch});
            verdict.state = GrantVerdict::State::kCached;
            verdict.outputs = outputs;
            return verdict;
        }
        task->state = TaskState::kLeased;
        task->worker = item.worker;
        task->incarnation = item.incarnation;
        ++task->attempts;
        tell({What::kGranted, {item.job, item.index}, item.epoch, item.worker});
        verdict.state = GrantVerdict::State::kGranted;
        return verdict;
    }

    CompletionVerdict complete(const CompletionItem& item) {
        using State = CompletionVerdict::State;
        const auto found = db_->jobs.find(item.job);
        if (found == db_->jobs.end() || item.index >= found->second->tasks.size()) return {State::kStale};
        const TaskRecord& now = found->second->tasks[item.index];
        const bool same = now.epoch == item.epoch && now.worker == item.worker;
        if (now.state == TaskState::kDone && same && !now.cached) return {State::kRepeated};
        const bool current = now.state == TaskState::kLeased && (same || db_->plant == Plant::kEpochCheck);
        if (!current) return {State::kStale};
        if (db_->plant == Plant::kPublish) {
            auto leaked = std::make_shared<JobRecord>(*found->second);
            leaked->tasks[item.index].state = TaskState::kDone;
            found->second = std::move(leaked);
        }
        JobRecord& job = change(item.job);
        TaskRecord& task = job.tasks[item.index];
        task.state = TaskState::kDone;
        task.fingerprint = item.fingerprint;
        put_outputs(task, item.outputs);
        for (const Artifact& output : item.outputs)
            if (!db_->blobs.contains({item.tenant, output.sha256}))
                put(db_->blobs, {item.tenant, output.sha256}, output.size);
        if (!item.recipe.empty() && !db_->cache.contains({item.tenant, item.recipe}))
            put(db_->cache, {item.tenant, item.recipe}, item.outputs);
        after_done(job, item.now_ms);
        tell({What::kAccepted, {item.job, item.index}, item.epoch, item.worker});
        return {State::kAccepted};
    }

    bool fail(const FailureItem& item) {
        JobRecord* job = nullptr;
        TaskRecord* task = open_task(item.job, item.index, true, job);
        if (task == nullptr || task->epoch != item.failure.epoch) return false;
        task->state = item.give_up ? TaskState::kFailed : TaskState::kReady;
        task->losses = item.losses;
        task->failures.push_back(item.failure);
        tell({What::kFailed,
              {item.job, item.index},
              item.failure.epoch,
              item.failure.worker,
              item.failure.fault});
        if (!item.give_up) return true;
        if (is_open(job->state)) {
            job->state = JobState::kFailed;
            job->finished_ms = item.now_ms;
            job->error = item.error;
        }
        cancel_tasks(*job);
        return true;
    }

    std::shared_ptr<MemoryDatabase> db_;
    std::uint32_t term_ = 0; ///< 0: writes are not checked.
};

} // namespace

std::unique_ptr<store::Store> open_memory_store(std::shared_ptr<MemoryDatabase> database) {
    return std::make_unique<MemoryStore>(std::move(database));
}

} // namespace loopmind::sim
