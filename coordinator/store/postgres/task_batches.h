// Grants, results and failures, a whole batch in a few statements.
#pragma once

#include <span>
#include <vector>

#include "coordinator/store/cache_answer.h"
#include "coordinator/store/postgres/connection.h"
#include "coordinator/store/store.h"

namespace loopmind::store {

/// Outputs per recipe; an entry whose bytes `present` says are gone is deleted and does not answer.
CachedOutputs find_cached(Connection& connection, const std::vector<std::string>& tenants,
                          const std::vector<std::string>& recipes,
                          const std::function<bool(std::size_t, const core::Artifact&)>& present);

std::vector<GrantVerdict> grant_items(Connection& connection, std::span<const GrantItem> items);
std::vector<CompletionVerdict> complete_items(Connection& connection, std::span<const CompletionItem> items);
bool fail_item(Connection& connection, const FailureItem& item);

} // namespace loopmind::store
