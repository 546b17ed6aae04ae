// What is special about PostgreSQL: migrations, passwords, lost connections, commits in doubt, a leader that
// hangs.
#include "coordinator/store/postgres/postgres_store.h"

#include <future>
#include <thread>

#include "coordinator/store/postgres/connection.h"
#include "coordinator/store/postgres/schema.h"
#include "tests/coordinator/postgres_proxy.h"
#include "tests/coordinator/postgres_server.h"
#include "tests/coordinator/store/store_fixture.h"

namespace loopmind::store {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::PostgresProxy;
using testing::PostgresServer;

constexpr core::Millis kLong{3'600'000};

PostgresAddress address_of(const std::string& url) {
    return *PostgresAddress::parse(url);
}

class PostgresStoreTest : public ::testing::Test {
  protected:
    void migrate() { ASSERT_TRUE(migrate_postgres(address_of(url_), newest_postgres_schema()).ok()); }
    std::unique_ptr<Store> open(const std::string& url) {
        auto store = open_postgres_store(address_of(url));
        EXPECT_TRUE(store.ok()) << store.error().text();
        return store.ok() ? std::move(*store) : nullptr;
    }
    std::unique_ptr<Store> open() { return open(url_); }
    // Runs a statement in this test's schema.
    std::string sql(const std::string& statement) {
        const auto at = url_.rfind("%3D");
        return server_.sql("SET search_path = " + url_.substr(at + 3) + "; " + statement);
    }
    // Until the store answers again: what a caller of an unavailable store does.
    template <typename Ask> auto patiently(Ask&& ask) {
        for (;;) {
            auto answer = ask();
            if (answer.ok() || answer.error().code != ErrorCode::kUnavailable) return answer;
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
    }

    PostgresServer& server_ = PostgresServer::shared();
    std::string url_ = server_.new_place();
};

TEST_F(PostgresStoreTest, MigrationsGoUpAndDownAndUpAgain) {
    migrate();
    EXPECT_EQ(*open()->schema_version(), newest_postgres_schema());
    ASSERT_TRUE(migrate_postgres(address_of(url_), 0).ok());
    EXPECT_EQ(sql("SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema() "
                  "AND table_name <> 'schema_migrations'"),
              "0\n");
    migrate();
    EXPECT_TRUE(open()->submit_job(new_job("j1")).ok());
    EXPECT_EQ(migrate_postgres(address_of(url_), 99).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(PostgresStoreTest, AnEmptyDatabaseIsRefusedWithWhatToDo) {
    const auto store = open_postgres_store(address_of(url_));
    ASSERT_FALSE(store.ok());
    EXPECT_EQ(store.error().code, ErrorCode::kVersionMismatch);
    EXPECT_THAT(store.error().hint, HasSubstr("loopmind-coordinator migrate"));
    EXPECT_EQ(open_postgres_identities(address_of(url_)).error().code, ErrorCode::kVersionMismatch);
}

TEST_F(PostgresStoreTest, ANewerSchemaIsRefusedAndLeftAlone) {
    migrate();
    sql("INSERT INTO schema_migrations VALUES (99, 'later', 'x')");
    EXPECT_THAT(open_postgres_store(address_of(url_)).error().message, HasSubstr("has schema 99"));
    EXPECT_EQ(migrate_postgres(address_of(url_), newest_postgres_schema()).error().code,
              ErrorCode::kVersionMismatch);
    EXPECT_EQ(migrate_postgres(address_of(url_), 0).error().code, ErrorCode::kVersionMismatch);
    EXPECT_EQ(sql("SELECT count(*) FROM jobs"), "0\n");
}

TEST_F(PostgresStoreTest, ASchemaOfOtherScriptsIsRefused) {
    migrate();
    sql("UPDATE schema_migrations SET checksum = 'other'");
    EXPECT_EQ(open_postgres_store(address_of(url_)).error().code, ErrorCode::kVersionMismatch);
}

TEST_F(PostgresStoreTest, AMigrationThatFailsLeavesNothing) {
    sql("CREATE TABLE failures (x int)"); // in the way of one that comes late in the script
    const Status done = migrate_postgres(address_of(url_), newest_postgres_schema());
    ASSERT_FALSE(done.ok());
    EXPECT_THAT(done.error().message, HasSubstr("failures"));
    EXPECT_EQ(sql("SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"),
              "failures\n");
    sql("DROP TABLE failures");
    migrate();
}

TEST_F(PostgresStoreTest, NobodyMigratesUnderARunningCoordinator) {
    migrate();
    const auto store = open();
    const auto term = store->acquire_leadership("here", kLong)->leader.term;
    const Status refused = migrate_postgres(address_of(url_), 0);
    ASSERT_FALSE(refused.ok());
    EXPECT_THAT(refused.error().text(), HasSubstr("here"));
    EXPECT_TRUE(migrate_postgres(address_of(url_), newest_postgres_schema()).ok())
        << "there is nothing to do";
    ASSERT_TRUE(store->resign_leadership(term).ok());
    EXPECT_TRUE(migrate_postgres(address_of(url_), 0).ok());
}

TEST_F(PostgresStoreTest, ProgramsThatMigrateAtOnceTakeTurns) {
    std::vector<std::future<bool>> programs;
    for (int i = 0; i < 4; ++i)
        programs.push_back(std::async(std::launch::async, [this] {
            return migrate_postgres(address_of(url_), newest_postgres_schema()).ok();
        }));
    for (auto& program : programs)
        EXPECT_TRUE(program.get());
    EXPECT_EQ(*open()->schema_version(), newest_postgres_schema());
}

TEST_F(PostgresStoreTest, AWrongPasswordIsToldWithoutRepeatingIt) {
    server_.sql("CREATE ROLE locked LOGIN PASSWORD 'right'");
    auto url = server_.url();
    url.replace(url.find("loopmind@"), 9, "locked:s3cret@");
    const auto store = open_postgres_store(address_of(url));
    ASSERT_FALSE(store.ok());
    EXPECT_EQ(store.error().code, ErrorCode::kPermissionDenied) << store.error().text();
    EXPECT_THAT(store.error().text(), Not(HasSubstr("s3cret")));
    EXPECT_THAT(store.error().text(), HasSubstr("locked"));
}

TEST_F(PostgresStoreTest, NobodyThereIsUnavailable) {
    const auto store = open_postgres_store(address_of("postgresql://loopmind@/farm?host=/nowhere"));
    ASSERT_FALSE(store.ok());
    EXPECT_EQ(store.error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(store.error().field, "postgresql://loopmind@/nowhere/farm");
}

TEST_F(PostgresStoreTest, CommitsWaitForTheDiskWhateverTheServerIsSetTo) {
    Connection connection(address_of(url_ + "%20-csynchronous_commit%3Doff"));
    connection.ensure();
    EXPECT_STREQ(connection.execute("SHOW synchronous_commit")[0][0].c_str(), "on");
    Connection stronger(address_of(url_ + "%20-csynchronous_commit%3Dremote_apply"));
    stronger.ensure();
    EXPECT_STREQ(stronger.execute("SHOW synchronous_commit")[0][0].c_str(), "remote_apply");
}

TEST_F(PostgresStoreTest, ASessionThatEndsBetweenCallsIsReplaced) {
    migrate();
    const auto store = open();
    ASSERT_TRUE(store->submit_job(new_job("j1")).ok());
    server_.terminate_sessions();
    const auto job = patiently([&] { return store->submit_job(new_job("j2")); });
    ASSERT_TRUE(job.ok()) << job.error().text();
    EXPECT_EQ(store->load_open_jobs()->size(), 2u);
}

TEST_F(PostgresStoreTest, ASessionThatEndsInsideABatchTakesAllOfItAlong) {
    migrate();
    const auto store = open();
    const auto job = store->submit_job(new_job("j1"))->job;
    const auto grant = grant_of(job.key, 0, 5);
    ASSERT_TRUE(store->grant_batch({&grant, 1}).ok());
    const auto result = completion_of(job.key, 0, 5, {artifact("plan", 'a')});

    ASSERT_TRUE(store->begin().ok());
    ASSERT_EQ((*store->complete_batch({&result, 1}))[0].state, CompletionVerdict::State::kAccepted);
    server_.terminate_sessions();
    EXPECT_EQ(store->submit_job(new_job("j2")).error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(store->meta("x").error().code, ErrorCode::kUnavailable) << "the batch is over";
    EXPECT_EQ(store->commit().error().code, ErrorCode::kUnavailable);
    store->rollback();

    EXPECT_FALSE((*patiently([&] { return store->find_job("studio", "j2"); })).has_value());
    EXPECT_EQ((*store->complete_batch({&result, 1}))[0].state, CompletionVerdict::State::kAccepted);
}

TEST_F(PostgresStoreTest, AnErrorOfTheDatabaseEndsItsBatchOnly) {
    migrate();
    const auto store = open();
    sql("ALTER TABLE meta ADD CHECK (value <> 'poison')");
    ASSERT_TRUE(store->begin().ok());
    ASSERT_TRUE(store->submit_job(new_job("j1")).ok());
    EXPECT_EQ(store->set_meta("a", "poison").error().code, ErrorCode::kInternal);
    EXPECT_FALSE(store->submit_job(new_job("j2")).ok());
    EXPECT_FALSE(store->commit().ok()) << "a COMMIT would silently roll back";
    store->rollback();
    EXPECT_TRUE(store->submit_job(new_job("j3")).ok());
    EXPECT_EQ(store->load_open_jobs()->size(), 1u);
}

class CommitInDoubt : public PostgresStoreTest {
  protected:
    void SetUp() override {
        migrate();
        proxy_ = std::make_unique<PostgresProxy>(server_.folder(), url_);
        store_ = open(proxy_->url());
        ASSERT_TRUE(store_->acquire_leadership("here", kLong)->acquired);
    }
    // A batch with two submissions; the commit's answer.
    Status batch() {
        EXPECT_TRUE(store_->begin().ok());
        EXPECT_TRUE(store_->submit_job(new_job("j1")).ok());
        EXPECT_TRUE(store_->submit_job(new_job("j2")).ok());
        Status done = store_->commit();
        if (!done.ok()) store_->rollback();
        return done;
    }
    std::size_t stored() { return open()->load_open_jobs()->size(); }

    std::unique_ptr<PostgresProxy> proxy_;
    std::unique_ptr<Store> store_;
};

TEST_F(CommitInDoubt, ACommitWhoseAnswerWasLostIsACommit) {
    proxy_->cut(PostgresProxy::Cut::kAfterCommit);
    EXPECT_TRUE(batch().ok());
    EXPECT_EQ(proxy_->cuts(), 1);
    EXPECT_EQ(stored(), 2u);
    EXPECT_TRUE(store_->submit_job(new_job("j3")).ok());
}

TEST_F(CommitInDoubt, ACommitThatNeverArrivedIsNone) {
    proxy_->cut(PostgresProxy::Cut::kBeforeCommit);
    const Status done = batch();
    ASSERT_FALSE(done.ok());
    EXPECT_EQ(done.error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(proxy_->cuts(), 1);
    EXPECT_EQ(stored(), 0u);
    EXPECT_TRUE(batch().ok());
    EXPECT_EQ(stored(), 2u);
}

TEST_F(CommitInDoubt, ASingleCallIsSettledToo) {
    proxy_->cut(PostgresProxy::Cut::kAfterCommit);
    EXPECT_TRUE(store_->submit_job(new_job("j1")).ok());
    proxy_->cut(PostgresProxy::Cut::kBeforeCommit);
    EXPECT_FALSE(store_->submit_job(new_job("j2")).ok());
    EXPECT_EQ(stored(), 1u);
}

TEST_F(CommitInDoubt, WhoeverLostTheTermMeanwhileIsToldSo) {
    proxy_->cut(PostgresProxy::Cut::kAfterCommit,
                [this] { EXPECT_TRUE(open()->acquire_leadership("here", kLong)->acquired); });
    const Status done = batch();
    ASSERT_FALSE(done.ok()) << "it was committed, but what follows from it is another coordinator's business";
    EXPECT_EQ(done.error().field, "leader");
    EXPECT_EQ(store_->submit_job(new_job("j3")).error().field, "leader");
}

TEST_F(PostgresStoreTest, ALeaderThatHangsInsideATransactionIsReplaced) {
    migrate();
    const auto hanging = open();
    ASSERT_TRUE(hanging->acquire_leadership("here", core::Millis{1})->acquired);
    ASSERT_TRUE(hanging->begin().ok());
    ASSERT_TRUE(hanging->submit_job(new_job("j1")).ok()); // holds the leader row, as a stopped process would
    const auto next = open();
    const auto verdict = patiently([&]() -> Result<LeadershipVerdict> {
        auto asked = next->acquire_leadership("there", kLong);
        if (asked.ok() && !asked->acquired) return Error{ErrorCode::kUnavailable, "", "not yet", ""};
        return asked;
    });
    ASSERT_TRUE(verdict.ok());
    EXPECT_EQ(verdict->leader.term, 2u);
    EXPECT_FALSE(hanging->commit().ok());
    hanging->rollback();
    EXPECT_FALSE(next->find_job("studio", "j1")->has_value());
    EXPECT_EQ(patiently([&] { return hanging->find_job("studio", "j1"); })->has_value(), false)
        << "it may read";
    EXPECT_EQ(hanging->submit_job(new_job("j1")).error().field, "leader");
}

TEST_F(PostgresStoreTest, IdentitiesAreSeenWhenEnrolledLaterAndOutliveTheDatabase) {
    migrate();
    auto reader = open_postgres_identities(address_of(url_));
    ASSERT_TRUE(reader.ok()) << reader.error().text();
    EXPECT_FALSE((*reader)->find("key")->has_value());
    const auto store = open();
    ASSERT_TRUE(store->put_identity({"key", "viewer", "Bob", "studio", false, 1}).ok());
    EXPECT_EQ((**(*reader)->find("key")).role, "viewer") << "a key that is not known is looked up at once";
    ASSERT_TRUE(store->put_identity({"key", "viewer", "Bob", "studio", true, 1}).ok());
    while (!(**(*reader)->find("key")).revoked)
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    server_.terminate_sessions();
    EXPECT_TRUE((*reader)->find("key")->has_value());
    ASSERT_TRUE(patiently([&]() -> Result<bool> {
                    const Status put = store->put_identity({"other", "worker", "W", "studio", false, 1});
                    return put.ok() ? Result<bool>(true) : Result<bool>(put.error());
                }).ok());
    while (!(*reader)->find("other")->has_value())
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

// The planner must look rows up by key even if it made its plan while the tables were empty.
TEST_F(PostgresStoreTest, NoStatementOfAClaimScansATable) {
    migrate();
    for (const char* name :
         {"grant_tasks", "complete_tasks", "answer_tasks_from_cache", "find_accepted_attempts",
          "find_attempt_by_name", "find_cache_entries", "find_blobs", "list_tasks", "find_job"}) {
        Connection connection(address_of(url_));
        connection.ensure();
        connection.execute(std::string("PREPARE s AS ") + std::string(postgres_sql(name)));
        std::string nulls;
        const int count =
            connection.execute("SELECT cardinality(parameter_types) FROM pg_prepared_statements")[0][0]
                .as<int>();
        for (int i = 0; i < count; ++i)
            nulls += i == 0 ? "NULL" : ", NULL";
        std::string plan;
        for (const auto& row : connection.execute("EXPLAIN EXECUTE s(" + nulls + ")"))
            plan += std::string(row[0].c_str()) + "\n";
        EXPECT_THAT(plan, Not(HasSubstr("Seq Scan"))) << name;
        EXPECT_THAT(plan, Not(HasSubstr("Hash Join"))) << name;
        EXPECT_THAT(plan, HasSubstr("Index Cond")) << name << "\n" << plan;
    }
}

} // namespace
} // namespace loopmind::store
