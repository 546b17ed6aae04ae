// A thin owner of a PostgreSQL connection: named statements prepared once, errors turned into ours, connected
// again after it was lost.
#pragma once

#include <pqxx/pqxx>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "coordinator/store/postgres/address.h"
#include "coordinator/store/sql_failure.h"

namespace loopmind::store {

/// Text of sql/<name>.sql or migrations/<name>.sql, embedded at build; empty when there is none.
std::string_view postgres_sql(std::string_view name);

/// One thread. Functions throw SqlFailure; `unavailable` means that the connection is gone and with it its
/// transaction.
class Connection {
  public:
    /// Does not connect yet.
    explicit Connection(PostgresAddress address) : address_(std::move(address)) {}

    const PostgresAddress& address() const { return address_; }

    /// Connects when needed; after a failure not again before a pause that doubles up to two seconds. Throws
    /// unavailable while the database does not answer, permission_denied when it answers and lets us not in.
    void ensure();
    bool connected() const { return link_ != nullptr; }
    /// Times that ensure() connected; tells a reader that it talks to a new session.
    std::uint64_t sessions() const { return sessions_; }
    void drop();
    /// Did a statement fail since mark()? PostgreSQL then does nothing more in that transaction.
    bool failed() const { return failed_; }
    void mark() { failed_ = false; }
    /// The next ensure() tries at once.
    void forget_pause() { next_try_ = {}; }

    /// Runs sql/<name>.sql with these parameters ($1 ...).
    template <typename... Values> pqxx::result run(const char* name, const Values&... values) {
        return guarded([&] { return session().exec_prepared(prepared(name), values...); });
    }
    /// Text that is no named statement: BEGIN and COMMIT, migrations.
    pqxx::result execute(std::string_view sql);

  private:
    struct Link {
        explicit Link(const std::string& conninfo) : connection(conninfo), session(connection) {}
        pqxx::connection connection;
        pqxx::nontransaction session; ///< Transactions are ours: BEGIN and COMMIT are sent as such.
        std::set<std::string, std::less<>> known;
    };

    pqxx::nontransaction& session();
    std::string prepared(const char* name);
    template <typename Work> pqxx::result guarded(Work&& work) {
        try {
            return work();
        } catch (const SqlFailure&) {
            throw;
        } catch (const std::exception& problem) {
            fail(problem);
        }
    }
    [[noreturn]] void fail(const std::exception& problem);
    void connect();

    PostgresAddress address_;
    std::unique_ptr<Link> link_;
    std::uint64_t sessions_ = 0;
    bool failed_ = false;
    std::chrono::milliseconds pause_{0};
    std::chrono::steady_clock::time_point next_try_{};
    std::string last_problem_;
};

} // namespace loopmind::store
