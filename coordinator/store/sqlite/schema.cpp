// Migrations of the SQLite schema. PRAGMA user_version holds the version too: programs from before the table
// schema_migrations know a newer database by it.
#include "coordinator/store/sqlite/schema.h"

#include <vector>

#include "coordinator/store/migrations.h"
#include "coordinator/store/sqlite/sqlite_store.h"

namespace loopmind::store {
namespace {

const std::vector<Migration>& known_migrations() {
    static const std::vector<Migration> all = [] {
        std::vector<Migration> found;
        for (const std::string name : {"001_base", "002_leader", "003_access"})
            found.push_back({name, sqlite_sql(name + ".up"), sqlite_sql(name + ".down")});
        return found;
    }();
    return all;
}

class SqliteSchema : public SchemaHost {
  public:
    SqliteSchema(Database& database, std::string file) : database_(database), file_(std::move(file)) {}

    void begin() override { database_.execute("BEGIN IMMEDIATE"); }
    void commit() override { database_.execute("COMMIT"); }
    void rollback() override {
        if (sqlite3_get_autocommit(database_.handle()) == 0)
            sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
    }

    std::vector<AppliedMigration> applied() override {
        const auto version = static_cast<int>(database_.pragma("user_version"));
        if (version > newest_sqlite_schema()) return {{version, "", ""}};
        database_.execute(sqlite_sql("create_schema_migrations"));
        std::vector<AppliedMigration> rows;
        {
            Query query = database_.query("list_schema_migrations");
            while (query.step())
                rows.push_back({static_cast<int>(query.integer(0)), query.text(1), query.text(2)});
        }
        // A database from before the table: its scripts are the same ones.
        if (rows.empty())
            for (int done = 1; done <= version; ++done) {
                const Migration& migration = known_migrations().at(static_cast<std::size_t>(done - 1));
                rows.push_back({done, migration.name, checksum_of(migration)});
                insert(rows.back());
            }
        return rows;
    }

    void run(std::string_view script) override { database_.execute(std::string(script)); }

    void add(const AppliedMigration& migration) override {
        insert(migration);
        database_.execute("PRAGMA user_version = " + std::to_string(migration.version));
    }

    void remove(int version) override {
        database_.query("delete_schema_migration").bind(version).run();
        database_.execute("PRAGMA user_version = " + std::to_string(version - 1));
    }

    std::string name() const override { return file_; }

  private:
    void insert(const AppliedMigration& migration) {
        database_.query("insert_schema_migration")
            .bind(migration.version)
            .bind(migration.name)
            .bind(migration.checksum)
            .run();
    }

    Database& database_;
    std::string file_;
};

} // namespace

int newest_sqlite_schema() {
    return static_cast<int>(known_migrations().size());
}

void migrate_database(Database& database, const std::string& file, int target) {
    SqliteSchema host(database, file);
    migrate(host, known_migrations(), target);
}

Status migrate_sqlite(const std::filesystem::path& file, int version) {
    if (version < 0 || version > newest_sqlite_schema())
        return Error{ErrorCode::kInvalidArgument, "version", "there is no schema " + std::to_string(version),
                     "use 0 to " + std::to_string(newest_sqlite_schema())};
    try {
        Database database(file, Database::Mode::kReadWrite);
        migrate_database(database, file.string(), version);
    } catch (const SqlFailure& failure) {
        return failure.error;
    }
    return {};
}

} // namespace loopmind::store
