// The store on SQLite. Statements are in sql/, the schema in migrations/.
#include "coordinator/store/sqlite/sqlite_store.h"

#include <algorithm>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include "coordinator/store/cache_answer.h"
#include "coordinator/store/sqlite/database.h"
#include "coordinator/store/sqlite/schema.h"

namespace loopmind::store {
namespace {

using core::Artifact;
using core::JobKey;
using core::JobRecord;
using core::JobState;
using core::TaskRecord;
using core::TaskState;

class SqliteStore : public Store {
  public:
    explicit SqliteStore(const std::filesystem::path& file) : database_(file, Database::Mode::kReadWrite) {
        database_.execute("PRAGMA journal_mode=WAL");
        database_.execute("PRAGMA synchronous=FULL");
        migrate_database(database_, file.string(), newest_sqlite_schema());
    }

    Status begin() override {
        return guarded([this] {
            start();
            in_batch_ = true;
        });
    }

    Status commit() override {
        return guarded([this] {
            database_.execute("COMMIT");
            in_batch_ = false;
        });
    }

    void rollback() override {
        in_batch_ = false;
        if (sqlite3_get_autocommit(database_.handle()) == 0)
            sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
    }

    Result<SubmitVerdict> submit_job(const NewJob& wanted) override {
        return write<SubmitVerdict>([&] { return submit(wanted); });
    }

    Result<std::vector<GrantVerdict>> grant_batch(std::span<const GrantItem> items) override {
        return write<std::vector<GrantVerdict>>([&] {
            std::vector<GrantVerdict> verdicts;
            for (const GrantItem& item : items)
                verdicts.push_back(grant(item));
            return verdicts;
        });
    }

    Result<std::vector<CompletionVerdict>> complete_batch(std::span<const CompletionItem> items) override {
        return write<std::vector<CompletionVerdict>>([&] {
            std::vector<CompletionVerdict> verdicts;
            for (const CompletionItem& item : items)
                verdicts.push_back(complete(item));
            return verdicts;
        });
    }

    Result<std::vector<bool>> fail_batch(std::span<const FailureItem> items) override {
        return write<std::vector<bool>>([&] {
            std::vector<bool> verdicts;
            for (const FailureItem& item : items)
                verdicts.push_back(fail(item));
            return verdicts;
        });
    }

    Result<JobRecord> cancel_job(const std::string& tenant, const std::string& job_id,
                                 std::uint64_t now_ms) override {
        return write<JobRecord>([&] {
            const auto found = find(tenant, job_id);
            if (!found) throw SqlFailure{no_such_job(job_id)};
            if (database_.query("cancel_job").bind(found->key).bind(now_ms).run() > 0)
                database_.query("cancel_tasks").bind(found->key).run();
            return load(found->key);
        });
    }

    Result<JobRecord> retry_job(const std::string& tenant, const std::string& job_id) override {
        return write<JobRecord>([&] {
            const auto found = find(tenant, job_id);
            if (!found) throw SqlFailure{no_such_job(job_id)};
            if (database_.query("reopen_job").bind(found->key).run() == 0) throw SqlFailure{not_retryable()};
            database_.query("reopen_tasks").bind(found->key).run();
            database_.query("delete_failures").bind(found->key).run();
            return load(found->key);
        });
    }

    Result<std::vector<JobRecord>> load_open_jobs() override {
        return transaction<std::vector<JobRecord>>([&] {
            std::vector<JobKey> keys;
            {
                Query query = database_.query("list_open_jobs");
                while (query.step())
                    keys.push_back(query.number(0));
            }
            std::vector<JobRecord> jobs;
            for (JobKey key : keys)
                jobs.push_back(load(key));
            return jobs;
        });
    }

    Result<JobRecord> load_job(JobKey key) override {
        return transaction<JobRecord>([&] { return load(key); });
    }

    Result<std::optional<JobRecord>> find_job(const std::string& tenant, const std::string& job_id) override {
        return transaction<std::optional<JobRecord>>([&]() -> std::optional<JobRecord> {
            auto found = find(tenant, job_id);
            if (found) load_tasks(*found);
            return found;
        });
    }

    Result<std::vector<JobRecord>> list_jobs(const std::string& tenant, std::uint32_t limit,
                                             std::optional<JobState> state) override {
        return transaction<std::vector<JobRecord>>([&] {
            std::vector<JobRecord> jobs;
            Query query = database_.query("list_jobs");
            query.bind(tenant).bind(state ? static_cast<int>(*state) : 0).bind(limit);
            while (query.step())
                jobs.push_back(read_job(query));
            return jobs;
        });
    }

    Result<AttemptFate> attempt_fate(const std::string& task_id, std::uint64_t epoch,
                                     const std::string& worker) override {
        return transaction<AttemptFate>([&] {
            Query query = database_.query("find_attempt_by_name");
            query.bind(epoch).bind(worker).bind(task_id);
            if (!query.step()) return AttemptFate{};
            const bool done = query.integer(0) == static_cast<int>(TaskState::kDone);
            return AttemptFate{done ? AttemptFate::State::kAccepted : AttemptFate::State::kOpen,
                               query.number(1)};
        });
    }

    Status add_blob(const std::string& tenant, const std::string& sha256, std::uint64_t size) override {
        return status(write<bool>([&] {
            database_.query("add_blob").bind(tenant).bind(sha256).bind(size).run();
            return true;
        }));
    }

    Result<std::optional<std::uint64_t>> find_blob(const std::string& tenant,
                                                   const std::string& sha256) override {
        return transaction<std::optional<std::uint64_t>>([&] { return find_tenant_blob(tenant, sha256); });
    }

    Status put_identity(const StoredIdentity& who) override {
        if (!is_identity_role(who.role)) return no_such_role(who.role);
        return guarded([&] {
            database_.query("put_identity")
                .bind(who.public_key)
                .bind(who.role)
                .bind(who.name)
                .bind(who.tenant)
                .bind(who.revoked)
                .bind(who.created_ms)
                .run();
        });
    }

    Result<std::optional<StoredIdentity>> find_identity(const std::string& public_key) override {
        return transaction<std::optional<StoredIdentity>>([&]() -> std::optional<StoredIdentity> {
            Query query = database_.query("find_identity");
            query.bind(public_key);
            if (!query.step()) return std::nullopt;
            return StoredIdentity{query.text(0), query.text(1),         query.text(2),
                                  query.text(3), query.integer(4) != 0, query.number(5)};
        });
    }

    Result<std::optional<std::string>> meta(const std::string& key) override {
        return transaction<std::optional<std::string>>([&] { return read_meta(key); });
    }

    Status set_meta(const std::string& key, const std::string& value) override {
        return status(write<bool>([&] {
            database_.query("set_meta").bind(key).bind(value).run();
            return true;
        }));
    }

    Result<LeadershipVerdict> acquire_leadership(const std::string& holder, core::Millis ttl) override {
        auto verdict = transaction<LeadershipVerdict>([&] {
            const bool acquired =
                database_.query("acquire_leadership").bind(holder).bind(std::int64_t{ttl.count()}).run() > 0;
            return LeadershipVerdict{acquired, read_leader()};
        });
        if (verdict.ok() && verdict->acquired) term_ = verdict->leader.term;
        return verdict;
    }

    Result<bool> renew_leadership(std::uint32_t term, core::Millis ttl) override {
        return transaction<bool>([&] {
            return database_.query("renew_leadership").bind(term).bind(std::int64_t{ttl.count()}).run() > 0;
        });
    }

    Status resign_leadership(std::uint32_t term) override {
        return guarded([&] { database_.query("resign_leadership").bind(term).run(); });
    }

    Result<Leader> leader() override {
        return transaction<Leader>([&] { return read_leader(); });
    }

    // Claims go by the primary key, whose depth finished tasks hardly change on one machine.
    Result<std::size_t> archive_jobs(std::uint64_t, std::size_t) override { return std::size_t{0}; }

    Result<int> schema_version() override {
        return transaction<int>([&] { return static_cast<int>(database_.pragma("user_version")); });
    }

  private:
    // Takes the write lock at once, so that no batch loses to another program half-way; a database that
    // cannot be written can still be read.
    void start() {
        try {
            database_.execute("BEGIN IMMEDIATE");
        } catch (const SqlFailure& failure) {
            if (failure.error.code != ErrorCode::kResourceExhausted) throw;
            database_.execute("BEGIN");
        }
    }

    template <typename Work> Status guarded(Work&& work) {
        try {
            work();
            return {};
        } catch (const SqlFailure& failure) {
            return failure.error;
        }
    }

    // Runs `work` in the open batch, or in a transaction of its own. An error inside a batch leaves the batch
    // to its owner; errors about one request are thrown before anything was written.
    template <typename T, typename Work> Result<T> transaction(Work&& work) {
        const bool own = !in_batch_;
        try {
            if (own) start();
            T value = work();
            if (own) database_.execute("COMMIT");
            return value;
        } catch (const SqlFailure& failure) {
            if (own) rollback();
            return failure.error;
        }
    }

    // A transaction that the leader row must allow. It holds the database's write lock: no term begins
    // meanwhile.
    template <typename T, typename Work> Result<T> write(Work&& work) {
        return transaction<T>([&] {
            if (term_ != 0) {
                Query query = database_.query("check_term");
                if (!query.bind(term_).step()) throw SqlFailure{leadership_lost(term_)};
            }
            return work();
        });
    }

    template <typename T> static Status status(Result<T> result) {
        return result.ok() ? Status() : Status(result.error());
    }

    Leader read_leader() {
        Query query = database_.query("get_leader");
        query.step();
        return {query.text(0), static_cast<std::uint32_t>(query.integer(1)), query.number(2)};
    }

    std::optional<std::string> read_meta(const std::string& key) {
        Query query = database_.query("get_meta");
        query.bind(key);
        if (!query.step()) return std::nullopt;
        return query.text(0);
    }

    static JobRecord read_job(const Query& query) {
        JobRecord job;
        job.key = query.number(0);
        job.tenant = query.text(1);
        job.owner = query.text(2);
        job.job_id = query.text(3);
        job.kind = static_cast<core::JobKind>(query.integer(4));
        job.state = static_cast<JobState>(query.integer(5));
        job.prompt = query.text(6);
        job.resolved_json = query.text(7);
        job.request_digest = query.text(8);
        job.created_ms = query.number(9);
        job.finished_ms = query.number(10);
        job.cached = query.integer(11) != 0;
        if (query.integer(12) != 0)
            job.error = Error{static_cast<ErrorCode>(query.integer(12)), query.text(13), query.text(14),
                              query.text(15)};
        return job;
    }

    std::optional<JobRecord> find(const std::string& tenant, const std::string& job_id) {
        Query query = database_.query("find_job");
        query.bind(tenant).bind(job_id);
        if (!query.step()) return std::nullopt;
        return read_job(query);
    }

    JobRecord load(JobKey key) {
        JobRecord job;
        {
            Query query = database_.query("get_job");
            query.bind(key);
            if (!query.step()) throw SqlFailure{no_such_job(std::to_string(key))};
            job = read_job(query);
        }
        load_tasks(job);
        return job;
    }

    void load_tasks(JobRecord& job) {
        Query tasks = database_.query("list_tasks");
        tasks.bind(job.key);
        while (tasks.step()) {
            TaskRecord task;
            task.index = static_cast<std::uint32_t>(tasks.integer(0));
            task.kind = static_cast<core::TaskKind>(tasks.integer(1));
            task.stem = tasks.text(2);
            task.variation = static_cast<std::uint32_t>(tasks.integer(3));
            task.state = static_cast<TaskState>(tasks.integer(4));
            task.epoch = tasks.number(5);
            task.worker = tasks.text(6);
            task.incarnation = tasks.text(7);
            task.fingerprint = tasks.text(8);
            task.spec_json = tasks.text(9);
            task.cached = tasks.integer(10) != 0;
            task.attempts = static_cast<std::uint32_t>(tasks.integer(11));
            task.losses = static_cast<std::uint32_t>(tasks.integer(12));
            job.tasks.push_back(std::move(task));
        }
        Query needs = database_.query("list_needs");
        needs.bind(job.key);
        while (needs.step())
            job.tasks.at(needs.number(0)).needs.push_back(static_cast<std::uint32_t>(needs.integer(1)));
        Query artifacts = database_.query("list_artifacts");
        artifacts.bind(job.key);
        while (artifacts.step())
            job.tasks.at(artifacts.number(0))
                .outputs.push_back({artifacts.text(1), artifacts.text(2), artifacts.number(3)});
        Query failures = database_.query("list_failures");
        failures.bind(job.key);
        while (failures.step())
            job.tasks.at(failures.number(0))
                .failures.push_back({failures.number(1),
                                     failures.text(2),
                                     static_cast<core::Fault>(failures.integer(3)),
                                     {static_cast<ErrorCode>(failures.integer(4)), failures.text(5),
                                      failures.text(6), failures.text(7)}});
    }

    std::vector<Artifact> cached_outputs(const std::string& tenant, const std::string& recipe,
                                         const BlobPresent& present) {
        std::vector<Artifact> outputs;
        if (recipe.empty()) return outputs;
        {
            Query query = database_.query("find_cache_entry");
            query.bind(tenant).bind(recipe);
            while (query.step())
                outputs.push_back({query.text(0), query.text(1), query.number(2)});
        }
        // Bytes that somebody removed from the folder: the recipe is rendered again.
        if (present && !std::all_of(outputs.begin(), outputs.end(), present)) {
            database_.query("delete_cache_entry").bind(tenant).bind(recipe).run();
            return {};
        }
        return outputs;
    }

    void put_outputs(JobKey job, std::uint32_t index, const std::vector<Artifact>& outputs) {
        for (const Artifact& output : outputs)
            database_.query("insert_artifact")
                .bind(job)
                .bind(index)
                .bind(output.role)
                .bind(output.sha256)
                .bind(output.size)
                .run();
    }

    std::optional<std::uint64_t> find_tenant_blob(const std::string& tenant, const std::string& sha256) {
        Query query = database_.query("find_blob");
        query.bind(tenant).bind(sha256);
        if (!query.step()) return std::nullopt;
        return query.number(0);
    }

    SubmitVerdict submit(const NewJob& wanted) {
        SubmitVerdict verdict;
        if (const auto known = find(wanted.job.tenant, wanted.job.job_id)) {
            if (known->request_digest != wanted.job.request_digest)
                throw SqlFailure{another_request(wanted.job.job_id)};
            verdict.existed = true;
            verdict.job = load(known->key);
            return verdict;
        }
        for (const Artifact& blob : wanted.required)
            if (find_tenant_blob(wanted.job.tenant, blob.sha256) != blob.size ||
                (wanted.blob_present && !wanted.blob_present(blob)))
                throw SqlFailure{missing_blob(blob)};
        JobRecord job = wanted.job;
        answer_from_cache(wanted, job, [&](const std::vector<std::string>& recipes) {
            CachedOutputs found;
            for (const std::string& recipe : recipes)
                found.push_back(cached_outputs(job.tenant, recipe, wanted.blob_present));
            return found;
        });
        database_.query("insert_job")
            .bind(job.tenant)
            .bind(job.owner)
            .bind(job.job_id)
            .bind(static_cast<int>(job.kind))
            .bind(static_cast<int>(job.state))
            .bind(job.prompt)
            .bind(job.resolved_json)
            .bind(job.request_digest)
            .bind(job.created_ms)
            .bind(job.finished_ms)
            .bind(job.cached)
            .run();
        job.key = static_cast<JobKey>(sqlite3_last_insert_rowid(database_.handle()));
        for (const TaskRecord& task : job.tasks) {
            for (std::uint32_t need : task.needs)
                database_.query("insert_need").bind(job.key).bind(task.index).bind(need).run();
            database_.query("insert_task")
                .bind(job.key)
                .bind(task.index)
                .bind(static_cast<int>(task.kind))
                .bind(task.stem)
                .bind(task.variation)
                .bind(static_cast<int>(task.state))
                .bind(open_needs(job, task))
                .bind(task.fingerprint)
                .bind(task.spec_json)
                .bind(task.cached)
                .run();
            put_outputs(job.key, task.index, task.outputs);
        }
        verdict.job = std::move(job);
        return verdict;
    }

    void after_done(JobKey job, std::uint32_t index, std::uint64_t now_ms) {
        database_.query("release_dependants").bind(job).bind(index).run();
        database_.query("ready_dependants").bind(job).run();
        database_.query("finish_job").bind(job).bind(now_ms).run();
    }

    GrantVerdict grant(const GrantItem& item) {
        GrantVerdict verdict;
        std::vector<Artifact> outputs = cached_outputs(item.tenant, item.recipe, item.blob_present);
        if (!outputs.empty()) {
            if (database_.query("answer_task_from_cache")
                    .bind(item.job)
                    .bind(item.index)
                    .bind(item.epoch)
                    .bind(item.fingerprint)
                    .bind(item.losses)
                    .run() == 0)
                return verdict;
            database_.query("start_job").bind(item.job).run();
            put_outputs(item.job, item.index, outputs);
            after_done(item.job, item.index, item.now_ms);
            verdict.state = GrantVerdict::State::kCached;
            verdict.outputs = std::move(outputs);
            return verdict;
        }
        if (database_.query("grant_task")
                .bind(item.job)
                .bind(item.index)
                .bind(item.epoch)
                .bind(item.worker)
                .bind(item.incarnation)
                .bind(item.losses)
                .run() == 0)
            return verdict;
        database_.query("start_job").bind(item.job).run();
        verdict.state = GrantVerdict::State::kGranted;
        return verdict;
    }

    CompletionVerdict complete(const CompletionItem& item) {
        CompletionVerdict verdict;
        if (database_.query("complete_task")
                .bind(item.job)
                .bind(item.index)
                .bind(item.epoch)
                .bind(item.worker)
                .bind(item.fingerprint)
                .run() == 0) {
            Query query = database_.query("find_accepted_attempt");
            query.bind(item.job).bind(item.index).bind(item.epoch).bind(item.worker);
            if (query.step()) verdict.state = CompletionVerdict::State::kRepeated;
            return verdict;
        }
        verdict.state = CompletionVerdict::State::kAccepted;
        put_outputs(item.job, item.index, item.outputs);
        for (const Artifact& output : item.outputs)
            database_.query("add_blob").bind(item.tenant).bind(output.sha256).bind(output.size).run();
        if (!item.recipe.empty()) keep_in_cache(item);
        after_done(item.job, item.index, item.now_ms);
        return verdict;
    }

    void keep_in_cache(const CompletionItem& item) {
        bool known = false;
        {
            Query query = database_.query("find_cache_entry");
            query.bind(item.tenant).bind(item.recipe);
            known = query.step();
        }
        if (known) return; // the first committed result is the recipe's result
        for (const Artifact& output : item.outputs)
            database_.query("insert_cache_entry")
                .bind(item.tenant)
                .bind(item.recipe)
                .bind(output.role)
                .bind(output.sha256)
                .bind(output.size)
                .bind(item.now_ms)
                .run();
    }

    bool fail(const FailureItem& item) {
        const auto state = item.give_up ? TaskState::kFailed : TaskState::kReady;
        if (database_.query("fail_task")
                .bind(item.job)
                .bind(item.index)
                .bind(item.failure.epoch)
                .bind(static_cast<int>(state))
                .bind(item.losses)
                .run() == 0)
            return false;
        database_.query("insert_failure")
            .bind(item.job)
            .bind(item.index)
            .bind(item.failure.epoch)
            .bind(item.failure.worker)
            .bind(static_cast<int>(item.failure.fault))
            .bind(static_cast<int>(item.failure.error.code))
            .bind(item.failure.error.field)
            .bind(item.failure.error.message)
            .bind(item.failure.error.hint)
            .run();
        if (!item.give_up) return true;
        database_.query("fail_job")
            .bind(item.job)
            .bind(item.now_ms)
            .bind(static_cast<int>(item.error.code))
            .bind(item.error.field)
            .bind(item.error.message)
            .bind(item.error.hint)
            .run();
        database_.query("cancel_tasks").bind(item.job).run();
        return true;
    }

    Database database_;
    bool in_batch_ = false;
    std::uint32_t term_ = 0; ///< 0: writes are not checked.
};

} // namespace

Result<std::unique_ptr<Store>> open_sqlite_store(const std::filesystem::path& file) {
    // SQLite would make the file with the umask's mode; its -wal and -shm files take the mode of the
    // database.
    const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0) ::close(fd);
    try {
        return std::unique_ptr<Store>(std::make_unique<SqliteStore>(file));
    } catch (const SqlFailure& failure) {
        return failure.error;
    }
}

} // namespace loopmind::store
