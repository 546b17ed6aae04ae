// A coordinator in one process: opens everything in a home, serves until told to stop.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>

#include "coordinator/core/farm.h"
#include "coordinator/store/store.h"
#include "proto/base/result.h"
#include "proto/wire/wakeup.h"

namespace loopmind::service {

struct ServerConfig {
    std::filesystem::path home;
    std::string store;           ///< postgresql://...; empty: SQLite in the home.
    std::filesystem::path blobs; ///< Shared by all coordinators of a farm; empty: in the home.
    std::string client_endpoint = "tcp://127.0.0.1:7761";
    std::string worker_endpoint = "tcp://127.0.0.1:7762";
    std::string join_endpoint;         ///< Where one-time tokens are redeemed; empty: nowhere.
    double requests_per_second = 5000; ///< Of one client's key; 0: no limit.
    core::FarmConfig farm;
    std::filesystem::path ready_file; ///< Written (JSON with both endpoints) when serving; empty: none.
};

/// One thread opens and runs it; it starts the store, blob and ZAP threads.
class Server {
  public:
    /// Errors: already_exists (home in use), unavailable (port in use), permission_denied (key mode, folder),
    /// version_mismatch (the database's schema is not this program's), resource_exhausted (disk). Waits, and
    /// says so in the log, while a PostgreSQL database does not answer or another coordinator leads.
    static Result<std::unique_ptr<Server>> open(ServerConfig config);
    ~Server();

    /// Serves until stop(), or until another coordinator began a term: then this one must not go on.
    Status run();
    /// Whether run() ended because another coordinator leads now. Opening a server again waits as a standby.
    bool replaced() const { return lost_leadership_; }
    /// Any thread or signal handler.
    void stop() noexcept;

    /// Really bound, with port numbers.
    std::string client_endpoint() const;
    std::string worker_endpoint() const;
    std::string join_endpoint() const; ///< Empty when there is none.
    std::string public_key() const;

  private:
    struct Parts;
    explicit Server(ServerConfig config);
    Status open_parts();
    void sweep();
    void archive();
    void identities_changed(const std::vector<store::StoredIdentity>& all);

    ServerConfig config_;
    std::unique_ptr<Parts> parts_;
    std::atomic<bool> stopping_{false};
    std::atomic<bool> lost_leadership_{false};
    wire::Wakeup stop_wakeup_;
};

} // namespace loopmind::service
