// The peer: a queue in one table, as people write it by hand on PostgreSQL.
#pragma once

#include <string>

namespace loopmind::bench {

struct PeerRate {
    int clients = 0;
    double per_second = 0; ///< Claimed and completed tasks, two commits each.
};

/// `tasks` tasks of 256 bytes, claimed with FOR UPDATE SKIP LOCKED and completed by `clients` connections
/// that do no work. Uses a table of its own in the database of `url`. Throws std::runtime_error.
PeerRate measure_skip_locked(const std::string& url, int tasks, int clients);

} // namespace loopmind::bench
