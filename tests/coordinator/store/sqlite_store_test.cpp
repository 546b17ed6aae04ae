// What is special about SQLite: migrations, modes, full and read-only disks, a second reader.
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>

#include "coordinator/store/sqlite/database.h"
#include "tests/coordinator/store/store_fixture.h"

namespace loopmind::store {
namespace {

class SqliteStoreTest : public ::testing::Test {
  protected:
    ScratchFolder folder_;
    std::filesystem::path file_ = folder_.path() / "coordinator.db";
};

TEST_F(SqliteStoreTest, MigrationsGoUpAndDownAndUpAgain) {
    ASSERT_TRUE(open_sqlite_store(file_).ok());
    ASSERT_TRUE(migrate_sqlite(file_, 0).ok());
    {
        Database database(file_, Database::Mode::kReadWrite);
        EXPECT_EQ(database.pragma("user_version"), 0);
        EXPECT_EQ(database.pragma("schema_version") > 0, true);
        EXPECT_THROW(database.execute("SELECT * FROM jobs"), SqlFailure);
    }
    const auto store = open_sqlite_store(file_);
    ASSERT_TRUE(store.ok());
    EXPECT_EQ(*(*store)->schema_version(), newest_sqlite_schema());
}

// As it was before the table schema_migrations and the leader row.
TEST_F(SqliteStoreTest, AnOlderDatabaseIsTakenOverWithItsTerm) {
    {
        Database database(file_, Database::Mode::kReadWrite);
        database.execute(sqlite_sql("001_base.up"));
        database.execute("PRAGMA user_version = 1");
        database.execute("INSERT INTO meta (key, value) VALUES ('term', '41')");
    }
    const auto store = open_sqlite_store(file_);
    ASSERT_TRUE(store.ok()) << store.error().text();
    EXPECT_EQ(*(*store)->schema_version(), newest_sqlite_schema());
    EXPECT_EQ((*store)->acquire_leadership("home", core::Millis(1))->leader.term, 42u) << "terms only grow";
    ASSERT_TRUE(migrate_sqlite(file_, 1).ok());
    Database database(file_, Database::Mode::kReadWrite);
    Query query = database.query("get_meta");
    query.bind("term");
    ASSERT_TRUE(query.step());
    EXPECT_EQ(query.text(0), "42");
}

TEST_F(SqliteStoreTest, ADatabaseOfOtherScriptsIsRefused) {
    ASSERT_TRUE(open_sqlite_store(file_).ok());
    Database(file_, Database::Mode::kReadWrite)
        .execute("UPDATE schema_migrations SET checksum = 'other' WHERE version = 1");
    EXPECT_EQ(open_sqlite_store(file_).error().code, ErrorCode::kVersionMismatch);
}

TEST_F(SqliteStoreTest, ANewerDatabaseIsRefusedAndLeftAlone) {
    ASSERT_TRUE(open_sqlite_store(file_).ok());
    {
        Database database(file_, Database::Mode::kReadWrite);
        database.execute("PRAGMA user_version = 999");
    }
    const auto store = open_sqlite_store(file_);
    ASSERT_FALSE(store.ok());
    EXPECT_EQ(store.error().code, ErrorCode::kVersionMismatch);
    EXPECT_THAT(store.error().message, ::testing::HasSubstr("999"));
    Database database(file_, Database::Mode::kReadWrite);
    EXPECT_EQ(database.pragma("user_version"), 999);
}

TEST_F(SqliteStoreTest, CommitsAreWrittenThroughInWalMode) {
    const auto store = open_sqlite_store(file_);
    ASSERT_TRUE(store.ok());
    Database database(file_, Database::Mode::kReadWrite);
    sqlite3_stmt* statement = nullptr;
    ASSERT_EQ(sqlite3_prepare_v2(database.handle(), "PRAGMA journal_mode", -1, &statement, nullptr),
              SQLITE_OK);
    ASSERT_EQ(sqlite3_step(statement), SQLITE_ROW);
    EXPECT_STREQ(reinterpret_cast<const char*>(sqlite3_column_text(statement, 0)), "wal");
    sqlite3_finalize(statement);
}

TEST_F(SqliteStoreTest, NobodyElseMayReadTheDatabase) {
    const auto store = open_sqlite_store(file_);
    ASSERT_TRUE(store.ok());
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
        struct stat info {};
        ASSERT_EQ(::stat(entry.path().c_str(), &info), 0);
        EXPECT_EQ(info.st_mode & 077, 0u) << entry.path();
    }
}

TEST_F(SqliteStoreTest, ADamagedFileIsToldAsSuch) {
    std::ofstream(file_) << std::string(8192, 'x');
    const auto store = open_sqlite_store(file_);
    ASSERT_FALSE(store.ok());
    EXPECT_EQ(store.error().code, ErrorCode::kDataCorrupt);
    EXPECT_EQ(store.error().field, file_.string());
}

TEST_F(SqliteStoreTest, AMissingFolderIsToldWithItsName) {
    const auto store = open_sqlite_store(folder_.path() / "none" / "coordinator.db");
    ASSERT_FALSE(store.ok());
    EXPECT_EQ(store.error().code, ErrorCode::kResourceExhausted);
    EXPECT_THAT(store.error().field, ::testing::HasSubstr("none"));
}

// A file size limit makes writes fail as a full disk does; lifting it is space coming back.
TEST_F(SqliteStoreTest, AFullDiskRefusesWorkAndLosesNone) {
    auto opened = open_sqlite_store(file_);
    ASSERT_TRUE(opened.ok());
    Store& store = **opened;
    ASSERT_TRUE(store.submit_job(new_job("before")).ok());
    const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
    rlimit old_limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old_limit), 0);
    rlimit limit = old_limit;
    limit.rlim_cur = std::filesystem::file_size(file_.string() + "-wal") + 8192;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
    std::optional<Error> refusal;
    int accepted = 0;
    for (int i = 0; i < 100 && !refusal; ++i) {
        auto verdict = store.submit_job(new_job("full" + std::to_string(i)));
        if (verdict.ok())
            ++accepted;
        else
            refusal = verdict.error();
    }
    const auto reading = store.list_jobs("studio", 1000, {});
    ::setrlimit(RLIMIT_FSIZE, &old_limit);
    std::signal(SIGXFSZ, old_handler);
    ASSERT_TRUE(refusal.has_value());
    EXPECT_EQ(refusal->code, ErrorCode::kResourceExhausted) << refusal->text();
    ASSERT_TRUE(reading.ok()) << reading.error().text();
    EXPECT_EQ(reading->size(), static_cast<std::size_t>(accepted) + 1);
    EXPECT_TRUE(store.submit_job(new_job("after")).ok()) << "work goes on when space is back";
    EXPECT_EQ(store.load_open_jobs()->size(), static_cast<std::size_t>(accepted) + 2);
}

TEST_F(SqliteStoreTest, TheIdentityReaderSeesWhatIsEnrolledLater) {
    auto store = open_sqlite_store(file_);
    ASSERT_TRUE(store.ok());
    auto reader = open_sqlite_identities(file_);
    ASSERT_TRUE(reader.ok());
    EXPECT_FALSE((*reader)->find("key")->has_value());
    auto other = open_sqlite_store(file_); // as `loopmind-coordinator enrol` does beside a running server
    ASSERT_TRUE(other.ok());
    ASSERT_TRUE((*other)->put_identity({"key", "viewer", "Bob", "studio", false, 1}).ok());
    const auto found = (*reader)->find("key");
    ASSERT_TRUE(found.ok() && found->has_value());
    EXPECT_EQ((**found).role, "viewer");
}

} // namespace
} // namespace loopmind::store
