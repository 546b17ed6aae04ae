// Paired migrations of the SQLite schema; the version stands in PRAGMA user_version.
#include "coordinator/store/sqlite/migrate.h"
#include "coordinator/store/sqlite/database.h"
#include "coordinator/store/sqlite/sqlite_store.h"

#include <array>

namespace loopmind::store {
namespace {

constexpr std::array<const char*, 1> kMigrations{"001_base"};

std::string script(int version, const char* direction) {
    const std::string name =
        std::string(kMigrations.at(static_cast<std::size_t>(version - 1))) + "." + direction;
    const std::string_view text = embedded_sql(name);
    if (text.empty())
        throw SqlFailure{{ErrorCode::kInternal, name, "this migration is not in the program", ""}};
    return std::string(text);
}

} // namespace

int newest_sqlite_schema() {
    return static_cast<int>(kMigrations.size());
}

void migrate(Database& database, const std::string& file, int target) {
    // The version is read inside the transaction: two programs that start at once migrate once.
    database.execute("BEGIN IMMEDIATE");
    try {
        auto version = static_cast<int>(database.pragma("user_version"));
        if (version > newest_sqlite_schema())
            throw SqlFailure{{ErrorCode::kVersionMismatch, file,
                              "the database has schema " + std::to_string(version) +
                                  ", this program knows up to " + std::to_string(newest_sqlite_schema()),
                              "use the newer program that wrote it, or another --home"}};
        while (version < target)
            database.execute(script(++version, "up"));
        while (version > target)
            database.execute(script(version--, "down"));
        database.execute("PRAGMA user_version = " + std::to_string(version));
        database.execute("COMMIT");
    } catch (...) {
        if (sqlite3_get_autocommit(database.handle()) == 0)
            sqlite3_exec(database.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
        throw;
    }
}

Status migrate_sqlite(const std::filesystem::path& file, int version) {
    if (version < 0 || version > newest_sqlite_schema())
        return Error{ErrorCode::kInvalidArgument, "version", "there is no schema " + std::to_string(version),
                     "use 0 to " + std::to_string(newest_sqlite_schema())};
    try {
        Database database(file, Database::Mode::kReadWrite);
        migrate(database, file.string(), version);
    } catch (const SqlFailure& failure) {
        return failure.error;
    }
    return {};
}

} // namespace loopmind::store
