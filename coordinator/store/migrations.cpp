// The migration algorithm.
#include "coordinator/store/migrations.h"

#include "proto/base/sha256.h"

namespace loopmind::store {

std::string checksum_of(const Migration& migration) {
    base::Sha256 sum;
    sum.update(migration.up);
    sum.update(std::string_view("\n-- down --\n"));
    sum.update(migration.down);
    return sum.hex_digest();
}

int schema_version_of(std::span<const AppliedMigration> applied, std::span<const Migration> known,
                      const std::string& database) {
    int version = 0;
    for (const AppliedMigration& row : applied) {
        if (row.version > static_cast<int>(known.size()))
            throw SqlFailure{{ErrorCode::kVersionMismatch, database,
                              "the database has schema " + std::to_string(applied.back().version) +
                                  ", this program knows up to " + std::to_string(known.size()),
                              "use the newer program that wrote it, or another database"}};
        if (row.version != ++version)
            throw SqlFailure{{ErrorCode::kVersionMismatch, database,
                              "migration " + std::to_string(version) + " is missing, but " +
                                  std::to_string(row.version) + " is there",
                              "somebody changed schema_migrations by hand: restore a backup"}};
        const Migration& migration = known[static_cast<std::size_t>(version - 1)];
        if (row.name != migration.name || row.checksum != checksum_of(migration))
            throw SqlFailure{
                {ErrorCode::kVersionMismatch, database,
                 "migration " + row.name + " in the database is not this program's " + migration.name,
                 "use the program that made this database, or another database"}};
    }
    return version;
}

void migrate(SchemaHost& host, std::span<const Migration> known, int target) {
    for (;;) {
        host.begin();
        try {
            const int version = schema_version_of(host.applied(), known, host.name());
            if (version < target) {
                const Migration& next = known[static_cast<std::size_t>(version)];
                host.run(next.up);
                host.add({version + 1, next.name, checksum_of(next)});
            } else if (version > target) {
                host.run(known[static_cast<std::size_t>(version - 1)].down);
                host.remove(version);
            }
            host.commit();
            if (version == target) return;
        } catch (...) {
            host.rollback();
            throw;
        }
    }
}

} // namespace loopmind::store
