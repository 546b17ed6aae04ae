// The store on SQLite: one file, WAL, every commit fsynced.
#pragma once

#include <filesystem>
#include <memory>

#include "coordinator/store/access_store.h"
#include "coordinator/store/blob_census.h"
#include "coordinator/store/store.h"

namespace loopmind::store {

/// The newest schema this program knows.
int newest_sqlite_schema();

/// Opens or creates the database (mode 0600) and migrates it up to the newest schema. Errors:
/// version_mismatch when the database is newer than the program, data_corrupt, resource_exhausted (disk full,
/// not writable).
Result<std::unique_ptr<Store>> open_sqlite_store(const std::filesystem::path& file);

/// Runs paired migrations up or down to `version` (0: empty database).
Status migrate_sqlite(const std::filesystem::path& file, int version);

/// A second, read-only connection for the ZAP thread.
Result<std::unique_ptr<IdentityReader>> open_sqlite_identities(const std::filesystem::path& file);

/// A second connection; the database must have the newest schema.
Result<std::unique_ptr<AccessStore>> open_sqlite_access(const std::filesystem::path& file);
/// Every blob that this database refers to. Errors: unavailable (no such database).
Result<std::unique_ptr<BlobCensus>> open_sqlite_census(const std::filesystem::path& file);

} // namespace loopmind::store
