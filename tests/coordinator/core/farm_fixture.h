// A farm driven by hand: jobs, workers and a store that says yes.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "coordinator/core/farm.h"
#include "coordinator/core/task_graph.h"

namespace loopmind::core {

inline FarmConfig quick_config() {
    FarmConfig config;
    config.lease = Millis(10'000);
    config.heartbeat = Millis(1'000);
    return config;
}

class FarmTest : public ::testing::Test {
  protected:
    static JobRecord generate_job(JobKey key, std::vector<std::string> stems = {"drums", "bass"}) {
        JobRecord job;
        job.key = key;
        job.tenant = "studio";
        job.job_id = std::string(31, '0') + std::to_string(key % 10);
        job.job_id += "-" + std::to_string(key);
        job.tasks = generate_tasks({std::move(stems), 1});
        for (TaskRecord& task : job.tasks)
            task.spec_json = "spec" + std::to_string(task.index) + " of " + std::to_string(key);
        return job;
    }

    static JobRecord equal_specs(JobRecord job) {
        for (TaskRecord& task : job.tasks)
            task.spec_json = "spec" + std::to_string(task.index);
        return job;
    }

    static JobRecord preview_job(JobKey number, const std::string& control = "") {
        JobRecord job;
        job.key = kPreviewKeyBit | number;
        job.tenant = "studio";
        job.owner = "me";
        job.kind = JobKind::kPreview;
        job.job_id = "preview" + std::to_string(number);
        job.supersede_key = control;
        job.tasks = preview_tasks();
        return job;
    }

    static WorkerFacts worker(const std::string& key, std::uint32_t slots = 1,
                              const std::string& incarnation = "1") {
        WorkerFacts f;
        f.key = key;
        f.worker_id = key;
        f.incarnation = incarnation;
        f.slots = slots;
        f.fingerprint = "fp";
        return f;
    }

    void hello(const std::string& key, std::uint64_t connection, std::uint32_t slots = 1,
               const std::string& incarnation = "1", std::vector<AttemptName> running = {},
               std::vector<AttemptName> outbox = {}) {
        stop_ = farm_.hello(worker(key, slots, incarnation), connection, running, outbox, 0, now_);
    }

    // Takes the actions; grants are committed at once, as a healthy store would.
    void step() {
        for (Action& action : farm_.take_actions(now_)) {
            if (auto* grant = std::get_if<GrantAction>(&action)) {
                farm_.commit_grant(grant->task, grant->epoch, now_);
                grants_.push_back(*grant);
            } else if (auto* cancel = std::get_if<CancelAction>(&action)) {
                cancels_.push_back(*cancel);
            } else if (auto* failure = std::get_if<FailureAction>(&action)) {
                failures_.push_back(*failure);
                farm_.commit_failure(*failure, now_);
            }
        }
    }

    const Task& task(JobKey key, std::uint32_t index) { return farm_.find_job(key)->tasks.at(index); }
    AttemptName name(const GrantAction& grant) {
        return {task_id(farm_.find_job(grant.task.job)->record.job_id, grant.task.index), grant.epoch};
    }

    // Heartbeats that report what each connection holds, so that time may pass.
    void pass(Millis time, std::map<std::uint64_t, std::vector<AttemptName>> running) {
        const Millis end = now_ + time;
        while (now_ < end) {
            now_ += std::min(Millis(1000), end - now_);
            for (const auto& [connection, names] : running) {
                std::vector<RunningReport> reports;
                for (const auto& attempt : names)
                    reports.push_back({attempt, 0.5, 0, ""});
                farm_.heartbeat(connection, reports, now_);
            }
            farm_.tick(now_);
            step();
        }
    }

    bool complete(std::uint64_t connection, const GrantAction& grant) {
        if (farm_.begin_completion(connection, name(grant), now_) != AttemptVerdict::kCurrent) return false;
        const TaskKind kind = task(grant.task.job, grant.task.index).record.kind;
        farm_.commit_completion(grant.task, grant.epoch,
                                {{kind == TaskKind::kCompose ? "plan" : "audio", std::string(64, 'a'), 1}},
                                grant.fingerprint, false, now_);
        step();
        return true;
    }

    Farm farm_{quick_config(), 7};
    Millis now_{5'000};
    std::vector<GrantAction> grants_;
    std::vector<CancelAction> cancels_;
    std::vector<FailureAction> failures_;
    std::vector<AttemptName> stop_;
};

} // namespace loopmind::core
