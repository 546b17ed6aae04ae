// One check per promise.
#include "tests/sim/promises.h"

#include <algorithm>

namespace loopmind::sim {
namespace {

using core::TaskState;
using What = StoreEvent::What;

constexpr std::size_t kMostWaiting = 2000;

} // namespace

Promises::Promises(World& world, const std::vector<std::unique_ptr<SimWorker>>& workers,
                   const std::vector<std::unique_ptr<SimClient>>& clients,
                   const std::vector<std::unique_ptr<SimCoordinator>>& coordinators)
    : world_(world), workers_(workers), clients_(clients), coordinators_(coordinators) {
    world_.database->committed = [this](const std::vector<StoreEvent>& events) { committed(events); };
}

void Promises::broken(const std::string& words) const {
    world_.time.trace([&] { return "BROKEN: " + words; });
    throw Broken(words);
}

std::string Promises::task_name(core::TaskRef task) const {
    return core::task_id(world_.database->jobs.at(task.job)->job_id, task.index);
}

void Promises::committed(const std::vector<StoreEvent>& events) {
    for (const StoreEvent& event : events) {
        Ledger& ledger = ledger_[event.task];
        world_.time.trace([&] {
            static constexpr const char* kWords[] = {
                "submitted", "granted", "accepted", "from the cache", "failed", "cancelled", "opened again"};
            return task_name(event.task) + " " + kWords[static_cast<int>(event.what)] + " " +
                   std::to_string(event.epoch) + " " + event.worker;
        });
        switch (event.what) {
        case What::kGranted:
            granted(event, ledger);
            break;
        case What::kAccepted:
            accepted(event, ledger);
            break;
        case What::kCached:
            if (++ledger.accepted != 1) broken("two results of " + task_name(event.task));
            break;
        case What::kFailed:
            if (event.fault == core::Fault::kShortage)
                broken("a shortage consumed a retry of " + task_name(event.task));
            answered_.insert({task_name(event.task), event.epoch});
            if (event.epoch != ledger.epoch) broken("a failure of an old epoch of " + task_name(event.task));
            break;
        case What::kCancelled:
        case What::kRetried:
            for (auto& [task, known] : ledger_)
                if (task.job == event.task.job) known.excused = known.epoch;
            break;
        case What::kSubmitted:
            break;
        }
    }
    check_tables();
}

void Promises::granted(const StoreEvent& event, Ledger& ledger) {
    const std::string name = task_name(event.task);
    if (event.epoch <= ledger.epoch) broken("the epochs of " + name + " do not grow");
    if (ledger.accepted != 0) broken(name + " was granted although it is done");
    for (const auto& worker : workers_)
        for (const worker::Attempt& attempt : worker->computing())
            if (attempt.task_id == name && attempt.epoch > ledger.excused && may_not_follow(attempt, event))
                broken(name + " was granted again while " + worker->key() + " computes epoch " +
                       std::to_string(attempt.epoch));
    ledger.epoch = event.epoch;
    ledger.worker = event.worker;
}

// Within a term never while a worker computes. A coordinator that was stopped when its term ended may renew
// leases until it notices, which its successor cannot know: that one waits a full lease from its start.
bool Promises::may_not_follow(const worker::Attempt& attempt, const StoreEvent& grant) const {
    const std::uint64_t term = grant.epoch >> 32;
    return attempt.epoch >> 32 == term || world_.time.now() < world_.terms.at(term) + world_.lease;
}

void Promises::accepted(const StoreEvent& event, Ledger& ledger) {
    const std::string name = task_name(event.task);
    if (event.epoch != ledger.epoch || event.worker != ledger.worker)
        broken("a result of " + name + " from a stale epoch was accepted");
    if (++ledger.accepted != 1) broken("two results of " + name);
    const auto& outputs = world_.database->jobs.at(event.task.job)->tasks[event.task.index].outputs;
    if (outputs != std::vector{artifact_of(name, event.epoch)})
        broken("what was published of " + name + " is not what was accepted");
    answered_.insert({name, event.epoch});
}

void Promises::told(const worker::Attempt& attempt, bool accepted) const {
    if (accepted) {
        if (!answered_.contains(attempt))
            broken("a worker forgot its result of " + attempt.task_id + ", which is not durable");
        return;
    }
    for (const auto& [task, ledger] : ledger_)
        if (ledger.epoch == attempt.epoch && ledger.excused < attempt.epoch &&
            world_.database->jobs.at(task.job)->tasks[task.index].state == TaskState::kLeased)
            broken("a worker was told to drop its result of " + attempt.task_id + ", whose epoch is current");
}

void Promises::check_moment() const {
    for (const auto& coordinator : coordinators_)
        if (coordinator->backlog() > kMostWaiting) broken("requests to the store pile up");
}

void Promises::check_tables() const {
    for (const auto& client : clients_)
        for (const auto& [id, job] : client->acknowledged())
            if (!world_.database->names.contains({job.job.tenant, id}))
                broken("the acknowledged job " + id + " is lost");
    for (const auto& [key, job] : world_.database->jobs) {
        bool all_done = true;
        for (const core::TaskRecord& task : job->tasks) {
            all_done = all_done && task.state == TaskState::kDone;
            const bool waits = std::any_of(task.needs.begin(), task.needs.end(), [&job = *job](auto need) {
                return job.tasks[need].state != TaskState::kDone;
            });
            if (task.state == TaskState::kDone) {
                if (task.outputs.empty()) broken(task_name({key, task.index}) + " is done without outputs");
                for (const core::Artifact& output : task.outputs)
                    if (world_.blobs.size(output.sha256) != output.size ||
                        !world_.database->blobs.contains({job->tenant, output.sha256}))
                        broken("an output of " + task_name({key, task.index}) + " is not there");
            }
            if (task.state == TaskState::kBlocked && !waits && !core::is_terminal(job->state))
                broken(task_name({key, task.index}) + " is blocked by nothing");
            if ((task.state == TaskState::kReady || task.state == TaskState::kLeased) && waits)
                broken(task_name({key, task.index}) + " began before what it needs");
        }
        if ((job->state == core::JobState::kDone) != all_done)
            broken(job->job_id + " is done without its tasks, or they without it");
    }
}

std::string Promises::unfinished() const {
    for (const auto& client : clients_) {
        if (client->kept() > 0) return "a submission was never acknowledged";
        for (const auto& [id, job] : client->acknowledged()) {
            const auto& stored = *world_.database->jobs.at(world_.database->names.at({job.job.tenant, id}));
            if (stored.state == core::JobState::kDone) continue;
            std::string words = id + " never ended:";
            for (const core::TaskRecord& task : stored.tasks)
                words += " " + std::to_string(static_cast<int>(task.state));
            return words;
        }
    }
    for (const auto& worker : workers_)
        if (!worker->outbox().empty())
            return worker->key() + " was never told about its result of " +
                   worker->outbox().begin()->first.task_id;
    return {};
}

} // namespace loopmind::sim
