// The store on PostgreSQL: one connection, prepared statements, whole batches in one statement each.
#pragma once

#include <memory>

#include "coordinator/store/access_store.h"
#include "coordinator/store/blob_census.h"
#include "coordinator/store/postgres/address.h"
#include "coordinator/store/store.h"

namespace loopmind::store {

/// The newest schema this program knows.
int newest_postgres_schema();

/// Connects. Errors: unavailable while the database does not answer (try again), permission_denied when it
/// answers but lets us not in, version_mismatch when its schema is not the newest one this program knows.
/// Once open, a lost connection is made again by the calls that need it; they answer unavailable until then.
Result<std::unique_ptr<Store>> open_postgres_store(const PostgresAddress& address);

/// Runs paired migrations up or down to `version` (0: empty database). Errors: unavailable while a
/// coordinator leads.
Status migrate_postgres(const PostgresAddress& address, int version);

/// Identities in memory, read again by a thread of its own when they changed: looking one up never waits for
/// a database that is away; what was known last counts.
Result<std::unique_ptr<IdentityReader>> open_postgres_identities(const PostgresAddress& address);

/// Errors as open_postgres_store().
Result<std::unique_ptr<AccessStore>> open_postgres_access(const PostgresAddress& address);
/// Every blob that this database refers to. Errors: unavailable (no such database).
Result<std::unique_ptr<BlobCensus>> open_postgres_census(const PostgresAddress& address);

} // namespace loopmind::store
