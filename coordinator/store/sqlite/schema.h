// The SQLite schema and its migrations.
#pragma once

#include <string>

#include "coordinator/store/sqlite/database.h"

namespace loopmind::store {

/// Brings an open database to a schema version, see migrations.h. Throws SqlFailure.
void migrate_database(Database& database, const std::string& file, int target);

} // namespace loopmind::store
