// Many finished tasks, made at once: what a farm has after months.
#pragma once

#include <string>

namespace loopmind::bench {

/// Adds `tasks` finished tasks in jobs of eight, as if they had run, to a store's database.
void add_history(const std::string& url, long tasks);

/// The plan of a claim, as PostgreSQL explains it.
std::string explain_claim(const std::string& url);

} // namespace loopmind::bench
