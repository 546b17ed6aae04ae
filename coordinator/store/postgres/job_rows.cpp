// Rows to records and back.
#include "coordinator/store/postgres/job_rows.h"

#include <algorithm>

#include "coordinator/store/cache_answer.h"
#include "coordinator/store/postgres/encoding.h"

namespace loopmind::store {
namespace {

using core::JobKey;
using core::JobRecord;
using core::TaskRecord;

std::string text(const pqxx::row& row, int column) {
    return unescape_text({row[column].c_str(), row[column].size()});
}

template <typename Number> Number number(const pqxx::row& row, int column) {
    return static_cast<Number>(row[column].as<std::int64_t>());
}

JobRecord read_job(const pqxx::row& row) {
    JobRecord job;
    job.key = number<JobKey>(row, 0);
    job.tenant = text(row, 1);
    job.owner = text(row, 2);
    job.job_id = text(row, 3);
    job.kind = number<core::JobKind>(row, 4);
    job.state = number<core::JobState>(row, 5);
    job.prompt = text(row, 6);
    job.resolved_json = text(row, 7);
    job.request_digest = text(row, 8);
    job.created_ms = number<std::uint64_t>(row, 9);
    job.finished_ms = number<std::uint64_t>(row, 10);
    job.cached = row[11].as<bool>();
    if (const auto code = number<int>(row, 12); code != 0)
        job.error = Error{static_cast<ErrorCode>(code), text(row, 13), text(row, 14), text(row, 15)};
    return job;
}

// "{1,2,3}"
std::vector<std::uint32_t> read_needs(const char* literal) {
    std::vector<std::uint32_t> needs;
    for (const char* at = literal; *at != '\0' && *at != '}'; ++at)
        if (*at == '{' || *at == ',') {
            char* end = nullptr;
            const unsigned long need = std::strtoul(at + 1, &end, 10);
            if (end != at + 1) needs.push_back(static_cast<std::uint32_t>(need));
        }
    return needs;
}

TaskRecord read_task(const pqxx::row& row) {
    TaskRecord task;
    task.index = number<std::uint32_t>(row, 1);
    task.kind = number<core::TaskKind>(row, 2);
    task.stem = text(row, 3);
    task.variation = number<std::uint32_t>(row, 4);
    task.state = number<core::TaskState>(row, 5);
    task.epoch = number<std::uint64_t>(row, 6);
    task.worker = text(row, 7);
    task.incarnation = text(row, 8);
    task.fingerprint = text(row, 9);
    task.spec_json = text(row, 10);
    task.cached = row[11].as<bool>();
    task.attempts = number<std::uint32_t>(row, 12);
    task.losses = number<std::uint32_t>(row, 13);
    task.needs = read_needs(row[14].c_str());
    task.outputs = outputs_from_json({row[15].c_str(), row[15].size()});
    return task;
}

core::Failure read_failure(const pqxx::row& row) {
    return {number<std::uint64_t>(row, 2),
            text(row, 3),
            number<core::Fault>(row, 4),
            {number<ErrorCode>(row, 5), text(row, 6), text(row, 7), text(row, 8)}};
}

PlainText needs_literal(const std::vector<std::uint32_t>& needs) {
    return {array_of(needs, [](std::uint32_t need) { return need; })};
}

} // namespace

std::vector<JobRecord> read_jobs(const pqxx::result& rows) {
    std::vector<JobRecord> jobs;
    for (const auto& row : rows)
        jobs.push_back(read_job(row));
    return jobs;
}

std::optional<JobRecord> find_job_row(Connection& connection, const std::string& tenant,
                                      const std::string& job_id) {
    const auto rows = connection.run("find_job", escape_text(tenant), escape_text(job_id));
    if (rows.empty()) return std::nullopt;
    return read_job(rows[0]);
}

JobRecord load_job_rows(Connection& connection, JobKey key) {
    auto jobs = read_jobs(connection.run("get_job", static_cast<std::int64_t>(key)));
    if (jobs.empty()) throw SqlFailure{no_such_job(std::to_string(key))};
    load_tasks(connection, jobs);
    return std::move(jobs[0]);
}

void load_tasks(Connection& connection, std::vector<JobRecord>& jobs) {
    if (jobs.empty()) return;
    const std::string keys = array_of(jobs, [](const JobRecord& job) { return job.key; });
    // Rows come in the order of jobs.
    auto job = jobs.begin();
    const auto advance = [&job](const pqxx::row& row) -> JobRecord& {
        const auto key = number<JobKey>(row, 0);
        while (job->key != key)
            ++job;
        return *job;
    };
    for (const auto& row : connection.run("list_tasks", keys))
        advance(row).tasks.push_back(read_task(row));
    job = jobs.begin();
    for (const auto& row : connection.run("list_failures", keys))
        advance(row).tasks.at(number<std::size_t>(row, 1)).failures.push_back(read_failure(row));
}

StoredIdentity read_identity(const pqxx::row& row) {
    return {text(row, 0), text(row, 1),      text(row, 2),
            text(row, 3), row[4].as<bool>(), number<std::uint64_t>(row, 5)};
}

void insert_job_rows(Connection& connection, JobRecord& job) {
    const auto unfinished = std::count_if(job.tasks.begin(), job.tasks.end(), [](const TaskRecord& task) {
        return task.state != core::TaskState::kDone;
    });
    const auto rows = connection.run(
        "insert_job", escape_text(job.tenant), escape_text(job.job_id), static_cast<int>(job.kind),
        static_cast<int>(job.state), static_cast<int>(unfinished), static_cast<std::int64_t>(job.created_ms),
        static_cast<std::int64_t>(job.finished_ms), job.cached, escape_text(job.owner),
        escape_text(job.prompt), escape_text(job.resolved_json), escape_text(job.request_digest));
    job.key = number<JobKey>(rows[0], 0);
    const auto column = [&job](auto&& value) { return array_of(job.tasks, value); };
    connection.run("insert_tasks", static_cast<std::int64_t>(job.key),
                   column([](const TaskRecord& task) { return task.index; }),
                   column([](const TaskRecord& task) { return static_cast<int>(task.kind); }),
                   column([](const TaskRecord& task) { return task.stem; }),
                   column([](const TaskRecord& task) { return task.variation; }),
                   column([](const TaskRecord& task) { return static_cast<int>(task.state); }),
                   column([&job](const TaskRecord& task) { return open_needs(job, task); }),
                   column([](const TaskRecord& task) { return task.fingerprint; }),
                   column([](const TaskRecord& task) { return task.spec_json; }),
                   column([](const TaskRecord& task) { return task.cached; }),
                   column([](const TaskRecord& task) { return needs_literal(task.needs); }),
                   column([](const TaskRecord& task) { return PlainText{outputs_to_json(task.outputs)}; }));
}

} // namespace loopmind::store
