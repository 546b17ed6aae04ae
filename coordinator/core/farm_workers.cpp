// What workers say: hello, heartbeats, goodbye, and silence.
#include "coordinator/core/farm.h"

#include <algorithm>
#include <utility>

namespace loopmind::core {

std::vector<AttemptName> Farm::hello(WorkerFacts facts, std::uint64_t connection,
                                     const std::vector<AttemptName>& running,
                                     const std::vector<AttemptName>& outbox, std::uint64_t unix_ms,
                                     Millis now) {
    const std::string key = facts.key;
    const std::string incarnation = facts.incarnation;
    Worker& worker = workers_.enter(std::move(facts), connection, unix_ms, now);
    const std::set<AttemptName> in_outbox(outbox.begin(), outbox.end());
    const std::set<AttemptName> at_work(running.begin(), running.end());
    std::vector<AttemptName> stop;

    for (const TaskRef& ref : leases_.of_worker(key)) {
        Job& job = jobs_.at(ref.job);
        Task& task = job.tasks[ref.index];
        if (task.lease->closing) continue;
        const AttemptName name{task_id(job.record.job_id, ref.index), task.record.epoch};
        const bool reported = in_outbox.contains(name) || at_work.contains(name);
        if (task.record.incarnation != incarnation && !in_outbox.contains(name)) {
            // A new process of the same worker: the old one is gone, and it kept no result of this attempt.
            lose(job, task, now, "its worker was restarted");
            continue;
        }
        if (reported) {
            task.lease->connection = connection;
            leases_.run_until(*task.lease, now + config_.lease);
        } else if (task.lease->pushed && task.lease->connection != connection) {
            // The same process on a new connection: what was pushed on the old one is listed or never
            // arrived.
            task.wait_reason = "its worker never got it";
            release(job, task, now, Millis{0});
        }
    }
    for (const AttemptName& name : running) {
        TaskRef ref;
        AttemptVerdict verdict;
        Task* task = current(connection, name, ref, verdict);
        if (task == nullptr) {
            if (verdict != AttemptVerdict::kNewer) stop.push_back(name);
            continue;
        }
        if (!task->lease) take_back(jobs_.at(ref.job), *task, worker, now);
    }
    // Count its slots afresh from the leases it holds.
    std::uint32_t busy = 0, previews = 0;
    for (const TaskRef& ref : leases_.of_worker(key)) {
        Task& task = *find(ref);
        if (task.lease->closing) continue;
        task.lease->counted = true;
        ++(task.lease->preview_slot ? previews : busy);
    }
    workers_.set_busy(worker, busy, previews);
    return stop;
}

HeartbeatAnswer Farm::heartbeat(std::uint64_t connection, const std::vector<RunningReport>& running,
                                Millis now) {
    HeartbeatAnswer answer;
    Worker* worker = workers_.by_connection(connection);
    if (worker == nullptr) return answer;
    answer.known = true;
    workers_.heard(*worker, now);
    for (const RunningReport& report : running) {
        TaskRef ref;
        AttemptVerdict verdict;
        Task* task = current(connection, report.attempt, ref, verdict);
        if (verdict == AttemptVerdict::kBusy || verdict == AttemptVerdict::kNewer) continue;
        if (task == nullptr) {
            answer.cancelled.push_back(report.attempt);
            continue;
        }
        Job& job = jobs_.at(ref.job);
        if (!task->lease) take_back(job, *task, *worker, now);
        task->lease->connection = connection;
        leases_.run_until(*task->lease, now + config_.lease);
        const double progress = std::clamp(report.progress, 0.0, 1.0);
        if (progress != task->progress || report.note != task->worker_note) {
            task->progress = progress == progress ? progress : 0;
            task->worker_note = report.note.substr(0, 200);
            task->worker_eta_ms = report.eta_ms;
            changed(job, task, true);
        }
        answer.renewed.push_back(report.attempt);
    }
    return answer;
}

bool Farm::heard(std::uint64_t connection, Millis now) {
    Worker* worker = workers_.by_connection(connection);
    if (worker != nullptr) workers_.heard(*worker, now);
    return worker != nullptr;
}

void Farm::goodbye(std::uint64_t connection, Millis now) {
    Worker* worker = workers_.by_connection(connection);
    if (worker == nullptr) return;
    const std::string key = worker->facts.key;
    for (const TaskRef& ref : leases_.of_worker(key)) {
        Job& job = jobs_.at(ref.job);
        Task& task = job.tasks[ref.index];
        if (task.lease->closing) continue;
        task.wait_reason = "its worker was stopped";
        release(job, task, now, Millis{0});
    }
    workers_.disconnect(connection);
}

void Farm::unreachable(std::uint64_t connection) {
    workers_.disconnect(connection);
}

} // namespace loopmind::core
