// The folders of one farm user on this machine, and `farm.json`: which coordinator to speak to.
#pragma once

#include "proto/base/result.h"

#include <filesystem>
#include <string>
#include <vector>

namespace loopmind::farm {

/// Layout below `$LOOPMIND_HOME` (or `~/.local/share/loopmind`).
struct Home {
    std::filesystem::path root;

    std::filesystem::path coordinator() const { return root / "coordinator"; }
    std::filesystem::path worker(int number) const { return root / ("worker-" + std::to_string(number)); }
    std::filesystem::path client() const { return root / "client"; }
    std::filesystem::path client_key() const { return client() / "client.key"; }
    std::filesystem::path farm_file() const { return client() / "farm.json"; }
    std::filesystem::path cache() const { return client() / "Cache"; }
    std::filesystem::path outbox() const { return client() / "outbox"; }
    std::filesystem::path run() const { return root / "run"; }
};

/// The home that the environment names. Not thread-safe against setenv.
Home home_from_environment();

/// Where the coordinator is and how to recognise it.
struct FarmAddress {
    std::string coordinator_key;        ///< Z85, 40 characters; pinned
    std::vector<std::string> endpoints; ///< for clients, tried in order, e.g. "tcp://127.0.0.1:7761"
    std::string worker_endpoint;        ///< for workers started on this machine; may be empty
};

/// Reads `farm.json`. Errors: not_found (no farm set up here yet), data_corrupt.
Result<FarmAddress> read_farm_file(const std::filesystem::path& file);
Status write_farm_file(const std::filesystem::path& file, const FarmAddress& address);

} // namespace loopmind::farm
