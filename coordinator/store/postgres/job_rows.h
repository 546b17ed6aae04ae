// Jobs as rows, read and inserted.
#pragma once

#include <optional>
#include <vector>

#include "coordinator/core/records.h"
#include "coordinator/store/postgres/connection.h"
#include "coordinator/store/store.h"

namespace loopmind::store {

std::optional<core::JobRecord> find_job_row(Connection& connection, const std::string& tenant,
                                            const std::string& job_id);
/// With tasks. Throws not_found.
core::JobRecord load_job_rows(Connection& connection, core::JobKey key);
/// Jobs of a result of the list_jobs family, without tasks.
std::vector<core::JobRecord> read_jobs(const pqxx::result& rows);
/// Fills in tasks, outputs and failures; `jobs` is sorted by key.
void load_tasks(Connection& connection, std::vector<core::JobRecord>& jobs);
/// A row of find_identity or list_identities.
StoredIdentity read_identity(const pqxx::row& row);
/// Sets job.key.
void insert_job_rows(Connection& connection, core::JobRecord& job);

} // namespace loopmind::store
