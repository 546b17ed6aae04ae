// Calls go out and answers come back, or not.
#include "tests/sim/sim_client.h"

#include <iterator>
#include <utility>

#include "coordinator/core/task_graph.h"

namespace loopmind::sim {

SimClient::SimClient(World& world, std::string tenant, Dial dial)
    : world_(world), tenant_(std::move(tenant)), dial_(std::move(dial)) {}

void SimClient::submit() {
    store::NewJob wanted;
    core::JobRecord& job = wanted.job;
    job.tenant = tenant_;
    job.owner = tenant_ + "-user" + std::to_string(submitted_ % 2);
    job.job_id = tenant_ + "-" + std::to_string(submitted_++);
    job.request_digest = job.job_id;
    job.resolved_json = "{}";
    const bool wide = world_.time.chance(50);
    job.tasks = core::generate_tasks(
        {wide ? std::vector<std::string>{"drums", "bass", "pad"} : std::vector<std::string>{"drums"}, 1});
    // Some requests are equal: the second waits for the first and finds it in the cache.
    const int song = world_.time.chance(40) ? world_.time.pick(2) : 1000 + submitted_;
    for (core::TaskRecord& task : job.tasks)
        task.spec_json = std::to_string(song) + (wide ? "w" : "n") + std::to_string(task.index);
    kept_[job.job_id] = wanted;
    send(job.job_id);
}

void SimClient::send(const std::string& job_id) {
    const auto kept = kept_.find(job_id);
    if (kept == kept_.end()) return;
    carry({ClientCall::What::kSubmit, kept->second, [this, job_id](const Status& status) {
               const auto kept = kept_.find(job_id);
               if (!status || kept == kept_.end()) return;
               acknowledged_.insert(kept_.extract(kept));
           }});
    world_.time.after(world_.time.between(1500, 4000), [this, job_id] { send(job_id); });
}

void SimClient::carry(ClientCall call) {
    Timeline& time = world_.time;
    if (time.chance(5)) return;
    call.answer = [this, answer = std::move(call.answer)](const Status& status) {
        if (world_.time.chance(5)) return;
        world_.time.after(world_.time.delay(), [answer, status] { answer(status); });
    };
    const int copies = time.chance(5) ? 2 : 1;
    for (int copy = 0; copy < copies; ++copy)
        time.after(time.delay(), [this, call] {
            if (SimCoordinator* coordinator = dial_()) coordinator->call(call);
        });
}

void SimClient::ask(ClientCall::What what, const std::string& job_id) {
    world_.time.trace([&] {
        return tenant_ + (what == ClientCall::What::kCancel ? " cancels " : " asks again for ") + job_id;
    });
    carry({what, acknowledged_.at(job_id), [](const Status&) {}});
}

void SimClient::cancel_one() {
    if (acknowledged_.empty()) return;
    const auto job =
        std::next(acknowledged_.begin(), world_.time.pick(static_cast<int>(acknowledged_.size())));
    ask(ClientCall::What::kCancel, job->first);
    if (world_.time.chance(70))
        world_.time.after(world_.time.between(10, 2500),
                          [this, id = job->first] { ask(ClientCall::What::kRetry, id); });
}

void SimClient::retry_one() {
    if (acknowledged_.empty()) return;
    ask(ClientCall::What::kRetry,
        std::next(acknowledged_.begin(), world_.time.pick(static_cast<int>(acknowledged_.size())))->first);
}

void SimClient::insist() {
    for (const auto& [key, job] : world_.database->jobs)
        if (job->tenant == tenant_ && acknowledged_.contains(job->job_id) && core::is_terminal(job->state) &&
            job->state != core::JobState::kDone)
            ask(ClientCall::What::kRetry, job->job_id);
}

} // namespace loopmind::sim
