// `loopmind workers`, `drain` and `undrain`.
#include "client/cli/commands.h"
#include "client/cli/job_json.h"
#include "client/cli/progress.h"
#include "client/cli/table.h"

#include <nlohmann/json.hpp>

namespace loopmind::cli {

using nlohmann::json;
using Client = std::unique_ptr<farm::FarmClient>;

namespace {

Result<v1::WorkerList> ask_workers(farm::FarmClient& client) {
    return farm::as_future<v1::WorkerList>([&](auto done) { client.list_workers(std::move(done)); }).get();
}

int list_workers(const Invocation& invocation) {
    Console& console = invocation.console;
    auto connected = connect(invocation);
    if (auto* failure = std::get_if<Failure>(&connected)) return console.fail(*failure);
    farm::FarmClient& client = *std::get<Client>(connected);
    const auto workers = ask_workers(client);
    if (!workers.ok()) return console.fail(farm_failure(workers.error()));
    if (console.json) {
        json list = json::array();
        for (const v1::WorkerInfo& worker : workers->workers())
            list.push_back(worker_json(worker));
        console.print_json(list);
        return kExitOk;
    }
    if (workers->workers().empty()) {
        console.print("no workers; start one on this machine: loopmind up");
        return kExitOk;
    }
    std::vector<std::vector<std::string>> rows{
        {"WORKER", "STATE", "DEVICE", "BUSY", "DONE", "SINCE", "DOING"}};
    for (const v1::WorkerInfo& worker : workers->workers()) {
        const char* state = !worker.connected() ? "away"
                            : worker.drained()  ? "drained"
                            : worker.busy() > 0 ? "busy"
                                                : "idle";
        rows.push_back({printable(worker.worker_id()).substr(0, 12), state,
                        shortened(printable(worker.device()), 24),
                        std::to_string(worker.busy()) + "/" + std::to_string(worker.slots()),
                        std::to_string(worker.tasks_done()), local_time_text(worker.connected_ms()),
                        printable(worker.doing())});
    }
    for (const std::string& line : table_lines(rows, console.width()))
        console.print(line);
    return kExitOk;
}

/// The worker whose id begins so.
Result<std::string> find_worker(const v1::WorkerList& workers, const std::string& prefix) {
    std::vector<std::string> found;
    for (const v1::WorkerInfo& worker : workers.workers())
        if (worker.worker_id().rfind(prefix, 0) == 0) found.push_back(worker.worker_id());
    if (found.size() == 1) return found.front();
    return Error{ErrorCode::kNotFound, "WORKER",
                 found.empty() ? "there is no worker " + prefix : "several workers begin with " + prefix,
                 "`loopmind workers` lists them"};
}

int drain_worker(const Invocation& invocation, const std::string& name, bool drain) {
    Console& console = invocation.console;
    auto connected = connect(invocation);
    if (auto* failure = std::get_if<Failure>(&connected)) return console.fail(*failure);
    farm::FarmClient& client = *std::get<Client>(connected);
    const auto workers = ask_workers(client);
    if (!workers.ok()) return console.fail(farm_failure(workers.error()));
    const auto id = find_worker(*workers, name);
    if (!id.ok()) return console.fail(farm_failure(id.error()));
    const Status done = farm::as_status_future([&](auto answer) {
                            client.drain_worker(*id, drain, std::move(answer));
                        }).get();
    if (!done) return console.fail(farm_failure(done.error()));
    if (console.json)
        console.print_json({{"worker_id", *id}, {"drained", drain}});
    else
        console.print(printable(*id).substr(0, 12) +
                      (drain ? " gets nothing new and finishes what it has" : " works again"));
    return kExitOk;
}

void add_drain(CLI::App& app, Pending& pending, bool drain) {
    auto worker = std::make_shared<std::string>();
    CLI::App* command =
        drain ? add_command(app, "drain", "Give a worker nothing new; it finishes what it has",
                            "  loopmind drain 5c0e")
              : add_command(app, "undrain", "Let a drained worker work again", "  loopmind undrain 5c0e");
    command->add_option("WORKER", *worker, "Id of the worker, or its first letters")->required();
    add_json(*command, pending);
    command->callback([worker, drain, &pending] {
        pending.run = [worker, drain](const Invocation& invocation) {
            return drain_worker(invocation, *worker, drain);
        };
    });
}

} // namespace

void add_workers(CLI::App& app, Pending& pending) {
    CLI::App* command = add_command(app, "workers", "List the workers of the farm", "  loopmind workers");
    add_json(*command, pending);
    command->callback([&pending] { pending.run = list_workers; });
    add_drain(app, pending, true);
    add_drain(app, pending, false);
}

} // namespace loopmind::cli
