// Jobs and workers as JSON for --json.
#include "client/cli/job_json.h"

#include "client/cli/progress.h"
#include "proto/wire/convert.h"

#include <nlohmann/json.hpp>

#include <ctime>

namespace loopmind::cli {

using nlohmann::json;

namespace {

json task_json(const v1::TaskInfo& task) {
    json outputs = json::array();
    for (const v1::Artifact& output : task.outputs())
        outputs.push_back(
            {{"role", output.role()}, {"sha256", output.blob().sha256()}, {"size", output.blob().size()}});
    return {{"task_id", task.task_id()},
            {"kind", task_kind_name(task.kind())},
            {"state", task.state() == v1::TASK_STATE_BLOCKED ? "blocked" : task_state_name(task.state())},
            {"stem", task.stem()},
            {"variation", task.variation()},
            {"progress", task.progress()},
            {"worker", task.worker()},
            {"cached", task.cached()},
            {"eta_ms", task.eta_ms()},
            {"note", task.note()},
            {"attempts", task.attempts()},
            {"outputs", outputs}};
}

} // namespace

json job_json(const v1::JobInfo& job, bool with_tasks) {
    json document = {
        {"job_id", job.job_id()},         {"state", job_state_name(job.state())},
        {"prompt", job.prompt()},         {"params", json::parse(job.resolved_json(), nullptr, false)},
        {"created_ms", job.created_ms()}, {"finished_ms", job.finished_ms()},
        {"progress", job.progress()},     {"eta_ms", job.eta_ms()},
        {"cached", job.cached()},         {"note", job.note()}};
    if (document["params"].is_discarded()) document["params"] = nullptr;
    if (job.has_error()) {
        const Error error = wire::from_proto(job.error());
        document["error"] = {{"code", error_code_name(error.code)},
                             {"field", error.field},
                             {"message", error.message},
                             {"hint", error.hint}};
    }
    if (with_tasks) {
        document["why"] = job.why();
        document["tasks"] = json::array();
        for (const v1::TaskInfo& task : job.tasks())
            document["tasks"].push_back(task_json(task));
    }
    return document;
}

json worker_json(const v1::WorkerInfo& worker) {
    return {
        {"worker_id", worker.worker_id()},
        {"connected", worker.connected()},
        {"drained", worker.drained()},
        {"device", worker.device()},
        {"slots", worker.slots()},
        {"busy", worker.busy()},
        {"engine", worker.engine()},
        {"warm_models", std::vector<std::string>(worker.warm_models().begin(), worker.warm_models().end())},
        {"connected_ms", worker.connected_ms()},
        {"tasks_done", worker.tasks_done()},
        {"memory_bytes", worker.memory_bytes()},
        {"doing", worker.doing()}};
}

std::string local_time_text(std::uint64_t unix_ms) {
    if (unix_ms == 0) return "-";
    const std::time_t seconds = static_cast<std::time_t>(unix_ms / 1000);
    std::tm parts{};
    ::localtime_r(&seconds, &parts);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
    return text;
}

} // namespace loopmind::cli
