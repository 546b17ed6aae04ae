// A private PostgreSQL cluster for tests and benchmarks: its own folder, its own socket, fsync on, gone with
// the program.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace loopmind::testing {

/// Debian's PostgreSQL server, run as an ordinary user (initdb refuses root). It listens on a Unix socket
/// only, so that no port can clash. Ends with the program, also when that crashes or is killed: the kernel
/// signals the server, and a helper process deletes the folder. Throws std::runtime_error with a hint when
/// PostgreSQL is not installed.
class PostgresServer {
  public:
    /// `settings`: lines of postgresql.conf after the defaults.
    explicit PostgresServer(const std::vector<std::string>& settings = {});
    ~PostgresServer();
    PostgresServer(const PostgresServer&) = delete;
    PostgresServer& operator=(const PostgresServer&) = delete;

    /// The one of this program, started when first asked for.
    static PostgresServer& shared();

    /// Makes an empty schema with a name of its own; an address whose tables live there.
    std::string new_place();
    /// Of the database that all schemas share.
    std::string url() const;

    void start();
    /// SIGKILL to the server process and all its children, as a machine that loses power; waits until they
    /// are gone.
    void crash();
    /// Ends every session of a store, as an administrator would.
    void terminate_sessions();
    /// One statement in a session of its own, by psql; its output.
    std::string sql(const std::string& statement);

    const std::filesystem::path& folder() const { return folder_; }

  private:
    std::string run(const std::vector<std::string>& command);

    std::filesystem::path folder_;
    std::filesystem::path programs_;
    pid_t server_ = -1;
    int janitor_ = -1; ///< While it is open, the folder stays.
    int places_ = 0;
};

} // namespace loopmind::testing
