// The PostgreSQL schema and its migrations.
#pragma once

#include "coordinator/store/postgres/connection.h"

namespace loopmind::store {

/// Brings the schema to a version, see migrations.h. Programs that do so at once take turns. Throws
/// SqlFailure.
void migrate_schema(Connection& connection, int target);

/// The schema's version as it is; 0 for an empty database. Throws version_mismatch as schema_version_of()
/// does.
int read_schema_version(Connection& connection);

/// Throws version_mismatch, with what to do, unless the schema is the newest one: a coordinator never changes
/// the schema of a farm by itself, another one may be working with it.
void require_newest_schema(Connection& connection);

} // namespace loopmind::store
