// Records to messages and back.
#include "coordinator/service/convert.h"

#include "proto/wire/convert.h"

namespace loopmind::service {
namespace {

static_assert(static_cast<int>(core::JobState::kSuperseded) == v1::JOB_STATE_SUPERSEDED);
static_assert(static_cast<int>(core::JobState::kQueued) == v1::JOB_STATE_QUEUED);
static_assert(static_cast<int>(core::TaskState::kBlocked) == v1::TASK_STATE_BLOCKED);
static_assert(static_cast<int>(core::TaskState::kCancelled) == v1::TASK_STATE_CANCELLED);
static_assert(static_cast<int>(core::TaskKind::kCompose) == v1::TASK_KIND_COMPOSE);
static_assert(static_cast<int>(core::TaskKind::kPreview) == v1::TASK_KIND_PREVIEW);
static_assert(static_cast<int>(core::TaskKind::kSum) == v1::TASK_KIND_SUM);
static_assert(static_cast<int>(core::JobKind::kPreview) == v1::JOB_KIND_PREVIEW);
static_assert(static_cast<int>(core::JobKind::kMixdown) == v1::JOB_KIND_MIXDOWN);
static_assert(static_cast<int>(core::Fault::kShortage) == v1::FAULT_CLASS_SHORTAGE);

const std::string kStreamed = "audio";

} // namespace

v1::Artifact to_proto(const core::Artifact& artifact) {
    v1::Artifact out;
    out.set_role(artifact.role);
    out.mutable_blob()->set_sha256(artifact.sha256);
    out.mutable_blob()->set_size(artifact.size);
    return out;
}

core::Artifact from_proto(const v1::Artifact& artifact) {
    return {artifact.role(), artifact.blob().sha256(), artifact.blob().size()};
}

void fill(v1::AttemptKey& key, const core::AttemptName& attempt) {
    key.set_task_id(attempt.task_id);
    key.set_epoch(attempt.epoch);
}

core::AttemptName from_proto(const v1::AttemptKey& key) {
    return {key.task_id(), key.epoch()};
}

v1::TaskInfo task_info(const core::Farm& farm, const core::Job& job, const core::Task& task,
                       core::Millis now) {
    v1::TaskInfo info;
    const core::TaskRecord& record = task.record;
    info.set_task_id(core::task_id(job.record.job_id, record.index));
    info.set_kind(static_cast<v1::TaskKind>(record.kind));
    info.set_state(static_cast<v1::TaskState>(record.state));
    info.set_stem(record.stem);
    info.set_variation(record.variation);
    info.set_progress(record.state == core::TaskState::kDone ? 1 : task.progress);
    info.set_epoch(record.epoch);
    if (const core::Worker* worker = farm.workers().find(record.worker)) info.set_worker(worker->facts.name);
    info.set_cached(record.cached);
    if (record.state == core::TaskState::kLeased) info.set_eta_ms(task.worker_eta_ms);
    info.set_note(farm.task_note(job, task, now));
    for (const core::Artifact& output : record.outputs) {
        *info.add_outputs() = to_proto(output);
        if (output.role == kStreamed) {
            info.set_streamed_bytes(output.size);
            info.set_stream_size(output.size);
        }
    }
    const auto growth = task.growth.find(kStreamed);
    if (record.state == core::TaskState::kLeased && growth != task.growth.end()) {
        info.set_streamed_bytes(growth->second.bytes);
        info.set_stream_size(growth->second.total);
    }
    info.set_attempts(record.attempts);
    return info;
}

v1::JobInfo job_info(const core::Farm& farm, const core::Job& job, bool with_tasks, core::Millis now) {
    v1::JobInfo info;
    const core::JobRecord& record = job.record;
    info.set_job_id(record.job_id);
    info.set_kind(static_cast<v1::JobKind>(record.kind));
    info.set_state(static_cast<v1::JobState>(record.state));
    info.set_prompt(record.prompt);
    info.set_resolved_json(record.resolved_json);
    info.set_created_ms(record.created_ms);
    info.set_finished_ms(record.finished_ms);
    info.set_progress(farm.job_progress(job));
    info.set_eta_ms(static_cast<std::uint64_t>(farm.job_eta(job, now).count()));
    info.set_cached(record.cached);
    if (record.error) *info.mutable_error() = wire::to_proto(*record.error);
    info.set_note(farm.job_note(job, now));
    if (with_tasks) {
        info.set_why(farm.job_why(job, now));
        for (const core::Task& task : job.tasks)
            *info.add_tasks() = task_info(farm, job, task, now);
    }
    return info;
}

v1::WorkerList worker_list(const core::Farm& farm, const std::string& tenant, core::Millis now) {
    v1::WorkerList list;
    std::map<std::string, std::string> doing;
    for (const auto& [key, job] : farm.jobs()) {
        if (job.record.tenant != tenant) continue;
        for (const core::Task& task : job.tasks)
            if (task.record.state == core::TaskState::kLeased && task.lease && task.lease->connection != 0) {
                std::string& text = doing[task.record.worker];
                if (!text.empty()) text += ", ";
                text += v1::TaskKind_Name(static_cast<v1::TaskKind>(task.record.kind)).substr(10);
                if (!task.record.stem.empty()) text += " " + task.record.stem;
            }
    }
    for (const auto& [key, worker] : farm.workers().all()) {
        v1::WorkerInfo& info = *list.add_workers();
        info.set_worker_id(worker.facts.worker_id);
        info.set_device(worker.facts.device);
        info.set_slots(worker.facts.slots);
        info.set_busy(worker.busy + worker.busy_previews);
        info.set_engine(worker.facts.software + " " + worker.facts.fingerprint);
        for (const std::string& model : worker.facts.warm_models)
            info.add_warm_models(model);
        info.set_connected_ms(worker.connected_unix_ms);
        info.set_tasks_done(worker.tasks_done);
        info.set_memory_bytes(worker.facts.memory_bytes);
        for (char& c : doing[key])
            c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        info.set_doing(doing[key]);
        info.set_connected(farm.workers().usable(worker, now));
        info.set_drained(worker.drained);
    }
    return list;
}

} // namespace loopmind::service
