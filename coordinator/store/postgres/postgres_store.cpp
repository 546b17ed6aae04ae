// The store on PostgreSQL. Statements are in sql/, the schema in migrations/.
#include "coordinator/store/postgres/postgres_store.h"

#include <charconv>
#include <thread>
#include <utility>

#include "coordinator/store/cache_answer.h"
#include "coordinator/store/postgres/connection.h"
#include "coordinator/store/postgres/encoding.h"
#include "coordinator/store/postgres/job_rows.h"
#include "coordinator/store/postgres/schema.h"
#include "coordinator/store/postgres/task_batches.h"

namespace loopmind::store {
namespace {

using core::Artifact;
using core::JobKey;
using core::JobRecord;
using core::JobState;

// How long a commit in doubt is asked after; restarts of a database take about a second.
constexpr std::chrono::milliseconds kDoubtPatience{3000};
constexpr std::chrono::milliseconds kDoubtPause{50};

std::int64_t key_of(JobKey key) {
    return static_cast<std::int64_t>(key);
}

class PostgresStore : public Store {
  public:
    explicit PostgresStore(const PostgresAddress& address) : connection_(address) {}

    void connect() { prepare_session(); }

    Status begin() override {
        return guarded([this] {
            start();
            in_batch_ = true;
        });
    }

    Status commit() override {
        return guarded([this] {
            in_batch_ = false;
            if (connection_.failed()) throw SqlFailure{failure_};
            finish();
        });
    }

    void rollback() override {
        in_batch_ = false;
        if (!connection_.connected()) return;
        try {
            connection_.execute("ROLLBACK");
        } catch (const SqlFailure&) {
            connection_.drop();
        }
    }

    Result<SubmitVerdict> submit_job(const NewJob& wanted) override {
        return write<SubmitVerdict>([&] { return submit(wanted); });
    }

    Result<std::vector<GrantVerdict>> grant_batch(std::span<const GrantItem> items) override {
        return write<std::vector<GrantVerdict>>([&] { return grant_items(connection_, items); });
    }

    Result<std::vector<CompletionVerdict>> complete_batch(std::span<const CompletionItem> items) override {
        return write<std::vector<CompletionVerdict>>([&] { return complete_items(connection_, items); });
    }

    Result<std::vector<bool>> fail_batch(std::span<const FailureItem> items) override {
        return write<std::vector<bool>>([&] {
            std::vector<bool> verdicts;
            for (const FailureItem& item : items)
                verdicts.push_back(fail_item(connection_, item));
            return verdicts;
        });
    }

    Result<JobRecord> cancel_job(const std::string& tenant, const std::string& job_id,
                                 std::uint64_t now_ms) override {
        return write<JobRecord>([&] {
            const auto found = find_job_row(connection_, tenant, job_id);
            if (!found) throw SqlFailure{no_such_job(job_id)};
            const auto key = key_of(found->key);
            if (connection_.run("cancel_job", key, static_cast<std::int64_t>(now_ms)).affected_rows() > 0)
                connection_.run("cancel_tasks", key);
            return load_job_rows(connection_, found->key);
        });
    }

    Result<JobRecord> retry_job(const std::string& tenant, const std::string& job_id) override {
        return write<JobRecord>([&] {
            const auto found = find_job_row(connection_, tenant, job_id);
            if (!found) throw SqlFailure{no_such_job(job_id)};
            const auto key = key_of(found->key);
            if (connection_.run("reopen_job", key).affected_rows() == 0) throw SqlFailure{not_retryable()};
            connection_.run("restore_tasks", key);
            connection_.run("reopen_tasks", key);
            connection_.run("delete_failures", key);
            return load_job_rows(connection_, found->key);
        });
    }

    Result<std::vector<JobRecord>> load_open_jobs() override {
        return transaction<std::vector<JobRecord>>([&] {
            auto jobs = read_jobs(connection_.run("list_open_jobs"));
            load_tasks(connection_, jobs);
            return jobs;
        });
    }

    Result<JobRecord> load_job(JobKey key) override {
        return transaction<JobRecord>([&] { return load_job_rows(connection_, key); });
    }

    Result<std::optional<JobRecord>> find_job(const std::string& tenant, const std::string& job_id) override {
        return transaction<std::optional<JobRecord>>([&]() -> std::optional<JobRecord> {
            const auto found = find_job_row(connection_, tenant, job_id);
            if (!found) return std::nullopt;
            return load_job_rows(connection_, found->key);
        });
    }

    Result<std::vector<JobRecord>> list_jobs(const std::string& tenant, std::uint32_t limit,
                                             std::optional<JobState> state) override {
        return transaction<std::vector<JobRecord>>([&] {
            return read_jobs(connection_.run("list_jobs", escape_text(tenant),
                                             state ? static_cast<int>(*state) : 0,
                                             static_cast<std::int64_t>(limit)));
        });
    }

    Result<AttemptFate> attempt_fate(const std::string& task_id, std::uint64_t epoch,
                                     const std::string& worker) override {
        const auto dot = task_id.rfind('.');
        std::uint32_t index = 0;
        const char* end = task_id.data() + task_id.size();
        if (dot == std::string::npos || std::from_chars(task_id.data() + dot + 1, end, index).ptr != end)
            return AttemptFate{};
        return transaction<AttemptFate>([&] {
            const pqxx::result rows = connection_.run(
                "find_attempt_by_name", escape_text(task_id.substr(0, dot)), static_cast<std::int64_t>(index),
                static_cast<std::int64_t>(epoch), escape_text(worker));
            if (rows.empty()) return AttemptFate{};
            const bool done = rows[0][0].as<int>() == static_cast<int>(core::TaskState::kDone);
            return AttemptFate{done ? AttemptFate::State::kAccepted : AttemptFate::State::kOpen,
                               rows[0][1].as<JobKey>()};
        });
    }

    Status add_blob(const std::string& tenant, const std::string& sha256, std::uint64_t size) override {
        return status(write<bool>([&] {
            connection_.run("add_blob", escape_text(tenant), escape_text(sha256),
                            static_cast<std::int64_t>(size));
            return true;
        }));
    }

    Result<std::optional<std::uint64_t>> find_blob(const std::string& tenant,
                                                   const std::string& sha256) override {
        return transaction<std::optional<std::uint64_t>>([&]() -> std::optional<std::uint64_t> {
            const auto rows = connection_.run("find_blob", escape_text(tenant), escape_text(sha256));
            if (rows.empty()) return std::nullopt;
            return static_cast<std::uint64_t>(rows[0][0].as<std::int64_t>());
        });
    }

    // People enrol while a coordinator leads: not a write of its term.
    Status put_identity(const StoredIdentity& who) override {
        if (!is_identity_role(who.role)) return no_such_role(who.role);
        return status(transaction<bool>([&] {
            connection_.run("put_identity", escape_text(who.public_key), who.role, escape_text(who.name),
                            escape_text(who.tenant), who.revoked, static_cast<std::int64_t>(who.created_ms));
            return true;
        }));
    }

    Result<std::optional<StoredIdentity>> find_identity(const std::string& public_key) override {
        return transaction<std::optional<StoredIdentity>>([&]() -> std::optional<StoredIdentity> {
            const auto rows = connection_.run("find_identity", escape_text(public_key));
            if (rows.empty()) return std::nullopt;
            return read_identity(rows[0]);
        });
    }

    Result<std::optional<std::string>> meta(const std::string& key) override {
        return transaction<std::optional<std::string>>([&]() -> std::optional<std::string> {
            const auto rows = connection_.run("get_meta", escape_text(key));
            if (rows.empty()) return std::nullopt;
            return unescape_text(rows[0][0].c_str());
        });
    }

    Status set_meta(const std::string& key, const std::string& value) override {
        return status(write<bool>([&] {
            connection_.run("set_meta", escape_text(key), escape_text(value));
            return true;
        }));
    }

    Result<LeadershipVerdict> acquire_leadership(const std::string& holder, core::Millis ttl) override {
        auto verdict = transaction<LeadershipVerdict>([&] {
            const auto rows = connection_.run("acquire_leadership", escape_text(holder),
                                              static_cast<std::int64_t>(ttl.count()));
            return LeadershipVerdict{!rows.empty(), read_leader()};
        });
        if (verdict.ok() && verdict->acquired) {
            term_ = verdict->leader.term;
            batch_ = 0;
        }
        return verdict;
    }

    Result<bool> renew_leadership(std::uint32_t term, core::Millis ttl) override {
        return transaction<bool>([&] {
            return !connection_
                        .run("renew_leadership", static_cast<std::int64_t>(term),
                             static_cast<std::int64_t>(ttl.count()))
                        .empty();
        });
    }

    Status resign_leadership(std::uint32_t term) override {
        return status(transaction<bool>([&] {
            connection_.run("resign_leadership", static_cast<std::int64_t>(term));
            return true;
        }));
    }

    Result<Leader> leader() override {
        return transaction<Leader>([&] { return read_leader(); });
    }

    Result<std::size_t> archive_jobs(std::uint64_t ended_before_ms, std::size_t limit) override {
        return write<std::size_t>([&] {
            return static_cast<std::size_t>(connection_
                                                .run("archive_jobs",
                                                     static_cast<std::int64_t>(ended_before_ms),
                                                     static_cast<std::int64_t>(limit))
                                                .affected_rows());
        });
    }

    Result<int> schema_version() override {
        return transaction<int>([&] { return read_schema_version(connection_); });
    }

  private:
    // A new session may talk to another server than the last: one that was restored, or migrated meanwhile.
    void prepare_session() {
        connection_.ensure();
        if (connection_.sessions() == checked_session_) return;
        require_newest_schema(connection_);
        checked_session_ = connection_.sessions();
    }

    void start() {
        prepare_session();
        connection_.mark();
        checked_term_ = false;
        connection_.execute("BEGIN");
    }

    void finish() {
        try {
            connection_.execute("COMMIT");
        } catch (const SqlFailure& failure) {
            if (!checked_term_) throw;
            settle(failure.error);
        }
    }

    // The connection broke during COMMIT. The leader row holds the number of the last batch that was
    // committed. Returns when that is this one, throws when it is not, or when nobody can be asked.
    void settle(const Error& doubt) {
        const auto give_up = std::chrono::steady_clock::now() + kDoubtPatience;
        for (;;) {
            try {
                connection_.forget_pause();
                prepare_session();
                const auto rows = connection_.run("get_batch", static_cast<std::int64_t>(term_));
                if (rows.empty()) throw SqlFailure{leadership_lost(term_)};
                if (rows[0][0].as<std::int64_t>() == batch_) return;
                throw SqlFailure{doubt}; // surely not committed
            } catch (const SqlFailure& failure) {
                const bool away = failure.error.code == ErrorCode::kUnavailable && !connection_.connected();
                if (!away || std::chrono::steady_clock::now() >= give_up) throw;
            }
            std::this_thread::sleep_for(kDoubtPause);
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
    // to its owner; an error about one request is thrown before anything was written. After a failed
    // statement PostgreSQL does no more in that transaction: later calls answer the same error, and commit()
    // refuses.
    template <typename T, typename Work> Result<T> transaction(Work&& work) {
        const bool own = !in_batch_;
        try {
            if (own)
                start();
            else if (connection_.failed())
                throw SqlFailure{failure_};
            T value = work();
            if (own) finish();
            return value;
        } catch (const SqlFailure& failure) {
            failure_ = failure.error;
            if (own) rollback();
            return failure.error;
        }
    }

    // A transaction that the leader row must allow.
    template <typename T, typename Work> Result<T> write(Work&& work) {
        return transaction<T>([&] {
            if (term_ != 0 && !checked_term_) {
                if (connection_.run("begin_batch", static_cast<std::int64_t>(term_), ++batch_).empty())
                    throw SqlFailure{leadership_lost(term_)};
                checked_term_ = true;
            }
            return work();
        });
    }

    template <typename T> static Status status(Result<T> result) {
        return result.ok() ? Status() : Status(result.error());
    }

    Leader read_leader() {
        const auto rows = connection_.run("get_leader");
        return {unescape_text(rows[0][0].c_str()), static_cast<std::uint32_t>(rows[0][1].as<std::int64_t>()),
                static_cast<std::uint64_t>(rows[0][2].as<std::int64_t>())};
    }

    SubmitVerdict submit(const NewJob& wanted) {
        SubmitVerdict verdict;
        if (const auto known = find_job_row(connection_, wanted.job.tenant, wanted.job.job_id)) {
            if (known->request_digest != wanted.job.request_digest)
                throw SqlFailure{another_request(wanted.job.job_id)};
            verdict.existed = true;
            verdict.job = load_job_rows(connection_, known->key);
            return verdict;
        }
        require_blobs(wanted);
        JobRecord job = wanted.job;
        answer_from_cache(wanted, job, [&](const std::vector<std::string>& recipes) {
            return find_cached(connection_, std::vector<std::string>(recipes.size(), job.tenant), recipes,
                               [&wanted](std::size_t, const Artifact& output) {
                                   return !wanted.blob_present || wanted.blob_present(output);
                               });
        });
        insert_job_rows(connection_, job);
        verdict.job = std::move(job);
        return verdict;
    }

    void require_blobs(const NewJob& wanted) {
        if (wanted.required.empty()) return;
        std::vector<std::optional<std::uint64_t>> sizes(wanted.required.size());
        const auto rows =
            connection_.run("find_blobs", escape_text(wanted.job.tenant),
                            array_of(wanted.required, [](const Artifact& blob) { return blob.sha256; }));
        for (const auto& row : rows)
            sizes.at(static_cast<std::size_t>(row[0].as<std::int64_t>() - 1)) =
                static_cast<std::uint64_t>(row[1].as<std::int64_t>());
        for (std::size_t i = 0; i < sizes.size(); ++i) {
            const Artifact& blob = wanted.required[i];
            if (sizes[i] != blob.size || (wanted.blob_present && !wanted.blob_present(blob)))
                throw SqlFailure{missing_blob(blob)};
        }
    }

    Connection connection_;
    std::uint64_t checked_session_ = 0;
    bool in_batch_ = false;
    Error failure_;             ///< What ended the open transaction, when connection_.failed().
    std::uint32_t term_ = 0;    ///< 0: writes are not checked.
    std::int64_t batch_ = 0;    ///< Number of this term's last transaction that wrote.
    bool checked_term_ = false; ///< In the open transaction.
};

// A coordinator that runs would find its tables changed under it.
void refuse_while_led(Connection& connection) {
    if (!connection.execute(postgres_sql("find_leader_table"))[0][0].as<bool>()) return;
    const auto rows = connection.run("get_leader");
    if (rows[0][2].as<std::int64_t>() == 0) return;
    throw SqlFailure{{ErrorCode::kUnavailable, connection.address().display(),
                      "a coordinator uses this database: " + unescape_text(rows[0][0].c_str()),
                      "stop all its coordinators first"}};
}

} // namespace

Result<std::unique_ptr<Store>> open_postgres_store(const PostgresAddress& address) {
    auto store = std::make_unique<PostgresStore>(address);
    try {
        store->connect();
    } catch (const SqlFailure& failure) {
        return failure.error;
    }
    return std::unique_ptr<Store>(std::move(store));
}

Status migrate_postgres(const PostgresAddress& address, int version) {
    if (version < 0 || version > newest_postgres_schema())
        return Error{ErrorCode::kInvalidArgument, "version", "there is no schema " + std::to_string(version),
                     "use 0 to " + std::to_string(newest_postgres_schema())};
    try {
        Connection connection(address);
        connection.ensure();
        if (read_schema_version(connection) == version) return {};
        refuse_while_led(connection);
        migrate_schema(connection, version);
    } catch (const SqlFailure& failure) {
        return failure.error;
    }
    return {};
}

} // namespace loopmind::store
