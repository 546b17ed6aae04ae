// Paired up/down migrations: one algorithm for every database.
//
// Each migration is one transaction that runs its script and changes the row of the table schema_migrations,
// so a half-done migration cannot exist. The row keeps the script's checksum: a database that was made by
// other scripts of the same number is told apart. Programs that migrate at the same time take turns; each
// looks again at what is there.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/store/sql_failure.h"

namespace loopmind::store {

/// Versions count from 1 without gaps.
struct Migration {
    std::string name; ///< File name without ".up.sql", e.g. "001_base".
    std::string_view up;
    std::string_view down;
};

/// A row of schema_migrations.
struct AppliedMigration {
    int version = 0;
    std::string name;
    std::string checksum;
};

/// SHA-256 of both scripts, 64 hexadecimal digits.
std::string checksum_of(const Migration& migration);

/// A database under migration. Its functions throw SqlFailure.
class SchemaHost {
  public:
    virtual ~SchemaHost() = default;
    /// Waits for its turn, then opens a transaction.
    virtual void begin() = 0;
    virtual void commit() = 0;
    virtual void rollback() = 0;
    /// By version; makes the table when it is missing.
    virtual std::vector<AppliedMigration> applied() = 0;
    virtual void run(std::string_view script) = 0;
    virtual void add(const AppliedMigration& migration) = 0;
    virtual void remove(int version) = 0;
    /// How people know it, e.g. a file; without a password.
    virtual std::string name() const = 0;
};

/// Version of a schema that these migrations made. Throws version_mismatch for a newer schema, a gap or
/// another script.
int schema_version_of(std::span<const AppliedMigration> applied, std::span<const Migration> known,
                      const std::string& database);

/// Brings the schema to `target` (0: empty), one transaction per migration.
void migrate(SchemaHost& host, std::span<const Migration> known, int target);

} // namespace loopmind::store
