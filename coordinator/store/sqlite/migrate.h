// Brings an open database to a schema version.
#pragma once

#include <string>

#include "coordinator/store/sqlite/database.h"

namespace loopmind::store {

/// In one transaction. Throws SqlFailure.
void migrate(Database& database, const std::string& file, int target);

} // namespace loopmind::store
