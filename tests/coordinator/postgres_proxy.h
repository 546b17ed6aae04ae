// Between a client and the test's PostgreSQL: can lose a COMMIT, or the answer to one, together with the
// connection.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>

namespace loopmind::testing {

/// Serves one connection at a time on a socket of its own.
class PostgresProxy {
  public:
    enum class Cut { kNone, kBeforeCommit, kAfterCommit };

    /// `folder` holds the server's socket; `url` is one of its places.
    PostgresProxy(const std::filesystem::path& folder, const std::string& url);
    ~PostgresProxy();
    PostgresProxy(const PostgresProxy&) = delete;
    PostgresProxy& operator=(const PostgresProxy&) = delete;

    /// The place, reached through the proxy.
    const std::string& url() const { return url_; }
    /// The next COMMIT is cut; after that everything passes again. `meanwhile` runs before the client can
    /// notice.
    void cut(Cut where, std::function<void()> meanwhile = {}) {
        meanwhile_ = std::move(meanwhile);
        cut_ = where;
    }
    int cuts() const { return cuts_; }

  private:
    void loop();
    void serve(int client);

    std::filesystem::path server_socket_;
    std::filesystem::path folder_;
    std::string url_;
    int listener_ = -1;
    int stop_[2] = {-1, -1};
    std::function<void()> meanwhile_; ///< Set before cut_.
    std::atomic<Cut> cut_{Cut::kNone};
    std::atomic<int> cuts_{0};
    std::thread thread_;
};

} // namespace loopmind::testing
