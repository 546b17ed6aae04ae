// Two prepared statements per task over libpq.
#include "tests/bench/store/skip_locked.h"

#include <libpq-fe.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace loopmind::bench {
namespace {

using Result = std::unique_ptr<PGresult, decltype(&PQclear)>;

class Session {
  public:
    explicit Session(const std::string& url) : connection_(PQconnectdb(url.c_str()), PQfinish) {
        if (PQstatus(connection_.get()) != CONNECTION_OK)
            throw std::runtime_error(PQerrorMessage(connection_.get()));
        run("SET client_min_messages = warning");
    }
    Result run(const std::string& sql) { return checked(PQexec(connection_.get(), sql.c_str())); }
    void prepare(const char* name, const char* sql) {
        checked(PQprepare(connection_.get(), name, sql, 0, nullptr));
    }
    Result call(const char* name, const std::vector<const char*>& values) {
        return checked(PQexecPrepared(connection_.get(), name, static_cast<int>(values.size()), values.data(),
                                      nullptr, nullptr, 0));
    }

  private:
    Result checked(PGresult* result) {
        Result owned(result, PQclear);
        const auto status = PQresultStatus(result);
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
            throw std::runtime_error(PQerrorMessage(connection_.get()));
        return owned;
    }
    std::unique_ptr<PGconn, decltype(&PQfinish)> connection_;
};

void work(const std::string& url, std::atomic<int>& done) {
    Session session(url);
    session.prepare("claim",
                    "UPDATE peer SET state = 1, epoch = epoch + 1, lease_until = now() + interval '30 s' "
                    "WHERE id = (SELECT id FROM peer WHERE state = 0 ORDER BY prio DESC, id LIMIT 1 "
                    "FOR UPDATE SKIP LOCKED) RETURNING id, epoch, payload");
    session.prepare("complete", "UPDATE peer SET state = 2 WHERE id = $1 AND epoch = $2 AND state = 1");
    for (;;) {
        const Result claimed = session.call("claim", {});
        if (PQntuples(claimed.get()) == 0) return;
        session.call("complete", {PQgetvalue(claimed.get(), 0, 0), PQgetvalue(claimed.get(), 0, 1)});
        ++done;
    }
}

} // namespace

PeerRate measure_skip_locked(const std::string& url, int tasks, int clients) {
    Session session(url);
    session.run("DROP TABLE IF EXISTS peer");
    session.run(
        "CREATE TABLE peer (id bigserial PRIMARY KEY, prio int NOT NULL DEFAULT 0, state smallint NOT NULL "
        "DEFAULT 0, epoch int NOT NULL DEFAULT 0, lease_until timestamptz, payload bytea)");
    session.run("CREATE INDEX ON peer (prio DESC, id) WHERE state = 0");
    session.run(
        "INSERT INTO peer (prio, payload) SELECT (random() * 9)::int, decode(repeat('00', 256), 'hex') FROM "
        "generate_series(1, " +
        std::to_string(tasks) + ")");
    session.run("ANALYZE peer");
    session.run("CHECKPOINT");
    std::atomic<int> done{0};
    const auto began = std::chrono::steady_clock::now();
    std::vector<std::thread> threads;
    for (int i = 0; i < clients; ++i)
        threads.emplace_back([&] { work(url, done); });
    for (auto& thread : threads)
        thread.join();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    if (done != tasks) throw std::runtime_error("the peer lost tasks");
    session.run("DROP TABLE peer");
    return {clients, done / took.count()};
}

} // namespace loopmind::bench
