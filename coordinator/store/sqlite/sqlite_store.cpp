// The store on SQLite. Statements are in sql/, the schema in migrations/.
#include "coordinator/store/sqlite/sqlite_store.h"

#include <algorithm>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include "coordinator/store/sqlite/database.h"
#include "coordinator/store/sqlite/migrate.h"

namespace loopmind::store {
namespace {

using core::Artifact;
using core::JobKey;
using core::JobRecord;
using core::JobState;
using core::TaskRecord;
using core::TaskState;

Error not_found(const std::string& job_id) {
    return {ErrorCode::kNotFound, "job_id", "there is no job " + job_id, "`loopmind jobs` lists yours"};
}

class SqliteStore : public Store {
  public:
    explicit SqliteStore(const std::filesystem::path& file) : database_(file, Database::Mode::kReadWrite) {
        database_.execute("PRAGMA journal_mode=WAL");
        database_.execute("PRAGMA synchronous=FULL");
        migrate(database_, file.string(), newest_sqlite_schema());
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
        return transaction<SubmitVerdict>([&] { return submit(wanted); });
    }

    Result<std::vector<GrantVerdict>> grant_batch(std::span<const GrantItem> items) override {
        return transaction<std::vector<GrantVerdict>>([&] {
            std::vector<GrantVerdict> verdicts;
            for (const GrantItem& item : items)
                verdicts.push_back(grant(item));
            return verdicts;
        });
    }

    Result<std::vector<CompletionVerdict>> complete_batch(std::span<const CompletionItem> items) override {
        return transaction<std::vector<CompletionVerdict>>([&] {
            std::vector<CompletionVerdict> verdicts;
            for (const CompletionItem& item : items)
                verdicts.push_back(complete(item));
            return verdicts;
        });
    }

    Result<std::vector<bool>> fail_batch(std::span<const FailureItem> items) override {
        return transaction<std::vector<bool>>([&] {
            std::vector<bool> verdicts;
            for (const FailureItem& item : items)
                verdicts.push_back(fail(item));
            return verdicts;
        });
    }

    Result<JobRecord> cancel_job(const std::string& tenant, const std::string& job_id,
                                 std::uint64_t now_ms) override {
        return transaction<JobRecord>([&] {
            const auto found = find(tenant, job_id);
            if (!found) throw SqlFailure{not_found(job_id)};
            if (database_.query("cancel_job").bind(found->key).bind(now_ms).run() > 0)
                database_.query("cancel_tasks").bind(found->key).run();
            return load(found->key);
        });
    }

    Result<JobRecord> retry_job(const std::string& tenant, const std::string& job_id) override {
        return transaction<JobRecord>([&] {
            const auto found = find(tenant, job_id);
            if (!found) throw SqlFailure{not_found(job_id)};
            if (database_.query("reopen_job").bind(found->key).run() == 0)
                throw SqlFailure{{ErrorCode::kInvalidArgument, "job_id",
                                  "only a failed or cancelled job can be tried again",
                                  "submit it as a new job"}};
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
            const bool done = query.step() && query.integer(0) == static_cast<int>(TaskState::kDone);
            return done ? AttemptFate::kAccepted : AttemptFate::kNotAccepted;
        });
    }

    Status add_blob(const std::string& tenant, const std::string& sha256, std::uint64_t size) override {
        return guarded([&] { database_.query("add_blob").bind(tenant).bind(sha256).bind(size).run(); });
    }

    Result<std::optional<std::uint64_t>> find_blob(const std::string& tenant,
                                                   const std::string& sha256) override {
        return transaction<std::optional<std::uint64_t>>([&] { return find_tenant_blob(tenant, sha256); });
    }

    Status put_identity(const StoredIdentity& who) override {
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
        return guarded([&] { database_.query("set_meta").bind(key).bind(value).run(); });
    }

    Result<std::uint32_t> next_term() override {
        return transaction<std::uint32_t>([&] {
            const auto known = read_meta("term");
            const auto term = static_cast<std::uint32_t>((known ? std::stoul(*known) : 0) + 1);
            database_.query("set_meta").bind("term").bind(std::to_string(term)).run();
            return term;
        });
    }

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
            if (!query.step()) throw SqlFailure{not_found(std::to_string(key))};
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
                throw SqlFailure{{ErrorCode::kAlreadyExists, "job_id",
                                  "job " + wanted.job.job_id + " exists with other parameters",
                                  "draw a new id"}};
            verdict.existed = true;
            verdict.job = load(known->key);
            return verdict;
        }
        for (const Artifact& blob : wanted.required)
            if (find_tenant_blob(wanted.job.tenant, blob.sha256) != blob.size ||
                (wanted.blob_present && !wanted.blob_present(blob)))
                throw SqlFailure{{ErrorCode::kNotFound, blob.role,
                                  "the farm does not have blob " + blob.sha256,
                                  "put it first and submit again"}};
        JobRecord job = wanted.job;
        answer_from_cache(wanted, job);
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
            int waiting = 0;
            for (std::uint32_t need : task.needs) {
                if (job.tasks.at(need).state != TaskState::kDone) ++waiting;
                database_.query("insert_need").bind(job.key).bind(task.index).bind(need).run();
            }
            database_.query("insert_task")
                .bind(job.key)
                .bind(task.index)
                .bind(static_cast<int>(task.kind))
                .bind(task.stem)
                .bind(task.variation)
                .bind(static_cast<int>(task.state))
                .bind(waiting)
                .bind(task.fingerprint)
                .bind(task.spec_json)
                .bind(task.cached)
                .run();
            put_outputs(job.key, task.index, task.outputs);
        }
        verdict.job = std::move(job);
        return verdict;
    }

    void answer_from_cache(const NewJob& wanted, JobRecord& job) {
        std::vector<std::vector<Artifact>> best(job.tasks.size());
        std::size_t best_hits = 0;
        std::string fingerprint;
        for (const RecipeSet& candidate : wanted.candidates) {
            std::vector<std::vector<Artifact>> outputs(job.tasks.size());
            std::size_t hits = 0;
            for (std::size_t i = 0; i < job.tasks.size() && i < candidate.recipes.size(); ++i) {
                outputs[i] = cached_outputs(job.tenant, candidate.recipes[i], wanted.blob_present);
                if (!outputs[i].empty()) ++hits;
            }
            if (hits <= best_hits) continue;
            best_hits = hits;
            best = std::move(outputs);
            fingerprint = candidate.fingerprint;
        }
        for (std::size_t i = 0; i < job.tasks.size(); ++i) {
            TaskRecord& task = job.tasks[i];
            const bool hit = !best[i].empty();
            if (hit) {
                task.state = TaskState::kDone;
                task.cached = true;
                task.fingerprint = fingerprint;
                task.outputs = std::move(best[i]);
            }
        }
        for (TaskRecord& task : job.tasks) {
            if (task.state == TaskState::kDone) continue;
            const bool ready = std::all_of(task.needs.begin(), task.needs.end(), [&job](std::uint32_t need) {
                return job.tasks.at(need).state == TaskState::kDone;
            });
            task.state = ready ? TaskState::kReady : TaskState::kBlocked;
        }
        job.state = JobState::kQueued;
        if (!job.tasks.empty() && best_hits == job.tasks.size()) {
            job.state = JobState::kDone;
            job.cached = true;
            job.finished_ms = job.created_ms;
        }
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
