// Rows by generate_series.
#include "tests/bench/store/history.h"

#include "coordinator/store/postgres/connection.h"

namespace loopmind::bench {

using store::Connection;
using store::PostgresAddress;

void add_history(const std::string& url, long tasks) {
    Connection connection(*PostgresAddress::parse(url));
    connection.ensure();
    const std::string jobs = std::to_string(tasks / 8);
    connection.execute(
        "INSERT INTO jobs (tenant, job_id, kind, state, unfinished, created_ms, finished_ms, cached) "
        "SELECT 'studio', 'old-' || i, 1, 3, 0, 1, 2, false FROM generate_series(1, " +
        jobs + ") i");
    connection.execute(
        "INSERT INTO job_requests SELECT seq, 'owner', 'prompt', '{}', 'digest' FROM jobs WHERE "
        "job_id LIKE 'old-%'");
    connection.execute("INSERT INTO tasks (job, n, state, waiting, epoch, attempts, cached, worker, "
                       "incarnation, fingerprint, needs, "
                       "outputs) SELECT seq, n, 4, 0, seq * 8 + n, 1, false, repeat('w', 40), repeat('i', "
                       "32), repeat('f', 64), '{}', "
                       "jsonb_build_array(jsonb_build_array('audio', repeat('a', 64), 1000000)) "
                       "FROM jobs, generate_series(0, 7) n WHERE job_id LIKE 'old-%'");
    connection.execute("INSERT INTO task_specs SELECT seq, n, 2, 'drums', 0, repeat('s', 256) "
                       "FROM jobs, generate_series(0, 7) n WHERE job_id LIKE 'old-%'");
    connection.execute("VACUUM ANALYZE");
    connection.execute("CHECKPOINT");
}

std::string explain_claim(const std::string& url) {
    Connection connection(*PostgresAddress::parse(url));
    connection.ensure();
    connection.execute("PREPARE claim AS " + std::string(store::postgres_sql("grant_tasks")));
    std::string plan;
    for (const auto& row :
         connection.execute("EXPLAIN (COSTS OFF) EXECUTE claim('{1}', '{0}', '{9}', '{w}', '{i}', '{0}')"))
        plan += std::string("    ") + row[0].c_str() + "\n";
    return plan;
}

} // namespace loopmind::bench
