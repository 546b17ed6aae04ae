// Migrations of the PostgreSQL schema: DDL is transactional, an advisory lock orders programs.
#include "coordinator/store/postgres/schema.h"

#include <vector>

#include "coordinator/store/migrations.h"
#include "coordinator/store/postgres/postgres_store.h"

namespace loopmind::store {
namespace {

const std::vector<Migration>& known_migrations() {
    static const std::vector<Migration> all = [] {
        std::vector<Migration> found;
        for (const std::string name : {"001_base", "002_access"})
            found.push_back({name, postgres_sql(name + ".up"), postgres_sql(name + ".down")});
        return found;
    }();
    return all;
}

std::vector<AppliedMigration> read_applied(Connection& connection) {
    std::vector<AppliedMigration> rows;
    for (const auto& row : connection.execute(postgres_sql("list_schema_migrations")))
        rows.push_back({row[0].as<int>(), row[1].as<std::string>(), row[2].as<std::string>()});
    return rows;
}

class PostgresSchema : public SchemaHost {
  public:
    explicit PostgresSchema(Connection& connection) : connection_(connection) {}

    void begin() override {
        connection_.ensure();
        // Another program's migration may take its time.
        connection_.execute(
            "BEGIN; SET LOCAL lock_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0");
        connection_.execute(postgres_sql("lock_schema"));
    }
    void commit() override { connection_.execute("COMMIT"); }
    void rollback() override {
        // Without the connection there is no transaction either.
        if (!connection_.connected()) return;
        try {
            connection_.execute("ROLLBACK");
        } catch (const SqlFailure&) {
            connection_.drop();
        }
    }
    std::vector<AppliedMigration> applied() override {
        connection_.execute(postgres_sql("create_schema_migrations"));
        return read_applied(connection_);
    }
    void run(std::string_view script) override { connection_.execute(script); }
    void add(const AppliedMigration& migration) override {
        connection_.run("insert_schema_migration", migration.version, migration.name, migration.checksum);
    }
    void remove(int version) override { connection_.run("delete_schema_migration", version); }
    std::string name() const override { return connection_.address().display(); }

  private:
    Connection& connection_;
};

} // namespace

int newest_postgres_schema() {
    return static_cast<int>(known_migrations().size());
}

void migrate_schema(Connection& connection, int target) {
    PostgresSchema host(connection);
    migrate(host, known_migrations(), target);
}

int read_schema_version(Connection& connection) {
    if (!connection.execute(postgres_sql("find_schema_migrations"))[0][0].as<bool>()) return 0;
    return schema_version_of(read_applied(connection), known_migrations(), connection.address().display());
}

void require_newest_schema(Connection& connection) {
    const int version = read_schema_version(connection);
    if (version == newest_postgres_schema()) return;
    throw SqlFailure{{ErrorCode::kVersionMismatch, connection.address().display(),
                      version == 0 ? "the database is empty"
                                   : "the database has schema " + std::to_string(version) +
                                         ", this program needs " + std::to_string(newest_postgres_schema()),
                      "stop its coordinators and run `loopmind-coordinator migrate` with this --store"}};
}

} // namespace loopmind::store
