// `loopmind jobs`, `show`, `watch`, `cancel`, `retry` and `fetch`.
#include "client/cli/commands.h"
#include "client/cli/deliver_job.h"
#include "client/cli/deliver_mixdown.h"
#include "client/cli/follow_job.h"
#include "client/cli/job_json.h"
#include "client/cli/progress.h"
#include "client/cli/table.h"
#include "client/farm/file_names.h"
#include "client/farm/job_view.h"
#include "proto/wire/convert.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <ctime>

namespace loopmind::cli {

using nlohmann::json;
using Client = std::unique_ptr<farm::FarmClient>;

namespace {

/// Runs `body(client, full job id)` once connected.
template <typename Body> int with_job(const Invocation& invocation, const std::string& job, Body body) {
    auto connected = connect(invocation);
    if (auto* failure = std::get_if<Failure>(&connected)) return invocation.console.fail(*failure);
    farm::FarmClient& client = *std::get<Client>(connected);
    auto id = find_job(client, job);
    if (auto* failure = std::get_if<Failure>(&id)) return invocation.console.fail(*failure);
    return body(client, std::get<std::string>(id));
}

std::string percent_text(const v1::JobInfo& job) {
    if (job.state() == v1::JOB_STATE_DONE) return job.cached() ? "cached" : "";
    if (farm::is_final(job.state())) return "";
    return std::to_string(static_cast<int>(job.progress() * 100)) + " %";
}

int list_jobs(const Invocation& invocation, std::uint32_t limit) {
    Console& console = invocation.console;
    auto connected = connect(invocation);
    if (auto* failure = std::get_if<Failure>(&connected)) return console.fail(*failure);
    farm::FarmClient& client = *std::get<Client>(connected);
    auto jobs =
        farm::as_future<v1::JobList>([&](auto done) { client.list_jobs(limit, std::move(done)); }).get();
    if (!jobs.ok()) return console.fail(farm_failure(jobs.error()));
    if (console.json) {
        json list = json::array();
        for (const v1::JobInfo& job : jobs->jobs())
            list.push_back(job_json(job, false));
        console.print_json(list);
        return kExitOk;
    }
    if (jobs->jobs().empty()) {
        console.print("no jobs yet; make one: loopmind generate \"Dreamy lofi with vinyl crackle\"");
        return kExitOk;
    }
    std::vector<std::vector<std::string>> rows{{"JOB", "STATE", "", "CREATED", "PROMPT"}};
    for (const v1::JobInfo& job : jobs->jobs()) {
        const std::string prompt =
            job.prompt().empty() ? params_line(job.resolved_json()) : printable(job.prompt());
        rows.push_back({job.job_id().substr(0, 8), job_state_name(job.state()), percent_text(job),
                        local_time_text(job.created_ms()),
                        job.note().empty() || farm::is_final(job.state())
                            ? prompt
                            : prompt + " – " + printable(job.note())});
    }
    for (const std::string& line : table_lines(rows, console.width()))
        console.print(line);
    return kExitOk;
}

void print_job(const Console& console, const v1::JobInfo& job) {
    console.print("job       " + job.job_id());
    console.print("state     " + std::string(job_state_name(job.state())) +
                  (job.cached() ? ", from the cache" : ""));
    if (!job.note().empty()) console.print("note      " + printable(job.note()));
    if (job.has_error()) console.print("error     " + printable(wire::from_proto(job.error()).text()));
    console.print("prompt    " + printable(job.prompt()));
    console.print("request   " + params_line(job.resolved_json()));
    console.print("created   " + local_time_text(job.created_ms()));
    if (job.finished_ms() >= job.created_ms() && job.finished_ms() > 0)
        console.print("took      " +
                      duration_text(static_cast<double>(job.finished_ms() - job.created_ms()) / 1000));
    console.print("");
    const bool several =
        std::any_of(job.tasks().begin(), job.tasks().end(), [](const auto& t) { return t.variation() > 0; });
    std::vector<std::vector<std::string>> rows{
        {"PART", "STATE", "PROGRESS", "ATTEMPTS", "OUTPUT", "WORKER", "NOTE"}};
    for (const v1::TaskInfo& task : job.tasks()) {
        std::uint64_t bytes = 0;
        for (const v1::Artifact& output : task.outputs())
            bytes += output.blob().size();
        rows.push_back(
            {task_label(task, several), task.cached() ? "cached" : task_state_name(task.state()),
             std::to_string(
                 static_cast<int>((task.state() == v1::TASK_STATE_DONE ? 1 : task.progress()) * 100)) +
                 " %",
             std::to_string(task.attempts()), bytes ? bytes_text(bytes) : "-",
             task.worker().empty() ? "-" : printable(task.worker()).substr(0, 12), printable(task.note())});
    }
    for (const std::string& line : table_lines(rows, std::max(console.width(), 80)))
        console.print("  " + line);
}

int show_job(const Invocation& invocation, const std::string& name, bool why) {
    return with_job(invocation, name, [&](farm::FarmClient& client, const std::string& id) {
        auto job =
            farm::as_future<v1::JobInfo>([&](auto done) { client.show_job(id, std::move(done)); }).get();
        if (!job.ok()) return invocation.console.fail(farm_failure(job.error()));
        if (invocation.console.json)
            invocation.console.print_json(job_json(*job, true));
        else if (why)
            invocation.console.print(printable(job->why()));
        else
            print_job(invocation.console, *job);
        return static_cast<int>(kExitOk);
    });
}

int watch_job(const Invocation& invocation, const std::string& name) {
    return with_job(invocation, name, [&](farm::FarmClient& client, const std::string& id) {
        FollowOptions options;
        options.bring_blobs = false;
        options.cancel_on_interrupt = false;
        auto followed = follow_job(invocation, client, id, options);
        if (auto* failure = std::get_if<Failure>(&followed)) return invocation.console.fail(*failure);
        const v1::JobInfo& job = std::get<Followed>(followed).job;
        if (invocation.console.json)
            invocation.console.print_json(job_json(job, true));
        else
            invocation.console.print("done; `loopmind fetch " + id.substr(0, 8) +
                                     " --out DIR` brings the result");
        return static_cast<int>(kExitOk);
    });
}

int cancel_or_retry(const Invocation& invocation, const std::string& name, bool cancel) {
    return with_job(invocation, name, [&](farm::FarmClient& client, const std::string& id) {
        const Status done = farm::as_status_future([&](auto answer) {
                                if (cancel)
                                    client.cancel_job(id, std::move(answer));
                                else
                                    client.retry_job(id, std::move(answer));
                            }).get();
        if (!done.ok()) return invocation.console.fail(farm_failure(done.error()));
        if (invocation.console.json)
            invocation.console.print_json({{"job_id", id}, {"done", cancel ? "cancel" : "retry"}});
        else if (cancel)
            invocation.console.print("cancelled: " + id.substr(0, 8));
        else
            invocation.console.print("started again: " + id.substr(0, 8) + "; `loopmind watch " +
                                     id.substr(0, 8) + "` follows it");
        return static_cast<int>(kExitOk);
    });
}

int fetch_job(const Invocation& invocation, const std::string& name, farm::DeliveryOptions delivery) {
    const auto started = std::chrono::steady_clock::now();
    return with_job(invocation, name, [&](farm::FarmClient& client, const std::string& id) {
        Console& console = invocation.console;
        auto job =
            farm::as_future<v1::JobInfo>([&](auto done) { client.show_job(id, std::move(done)); }).get();
        if (!job.ok()) return console.fail(farm_failure(job.error()));
        if (auto failure = failure_of(*job)) return console.fail(*failure);
        const bool is_mixdown = job->kind() == v1::JOB_KIND_MIXDOWN;
        if (delivery.out.empty())
            delivery.out =
                is_mixdown
                    ? std::filesystem::path(farm::file_name_from(job->prompt(), "mixdown") + "-mixdown")
                    : default_out(job->resolved_json());
        if (Status good =
                is_mixdown ? farm::check_mixdown_folder(delivery.out, delivery.force)
                           : farm::check_delivery_folder(delivery.out, job->resolved_json(), delivery.force);
            !good.ok())
            return console.fail(good.error().code == ErrorCode::kAlreadyExists ? bad_input(good.error())
                                                                               : local_failure(good.error()));
        FollowOptions options;
        options.cancel_on_interrupt = false;
        options.started = started;
        auto followed = follow_job(invocation, client, id, options);
        if (auto* failure = std::get_if<Failure>(&followed)) return console.fail(*failure);
        const Followed& result = std::get<Followed>(followed);
        const auto seconds_so_far = [started] {
            return std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
        };
        if (is_mixdown) {
            const farm::Cache& cache = client.cache();
            auto mixdown = farm::deliver_mixdown(
                result.job, [&cache](const std::string& sha256) { return cache.find(sha256); }, delivery.out,
                delivery.force);
            if (!mixdown.ok()) return console.fail(local_failure(mixdown.error()));
            tell_mixdown(console, result.job, *mixdown, seconds_so_far());
            describe_blobs(cache, result.job);
            return static_cast<int>(kExitOk);
        }
        auto delivered = deliver_job(client, result.job, delivery);
        if (auto* failure = std::get_if<Failure>(&delivered)) return console.fail(*failure);
        const double seconds = seconds_so_far();
        tell_delivery(console, result.job, std::get<farm::Delivered>(delivered), seconds,
                      result.first_audio_seconds);
        describe_blobs(client.cache(), result.job);
        return static_cast<int>(kExitOk);
    });
}

struct JobOption {
    std::string job;
};

CLI::App* add_job_command(CLI::App& app, const std::string& name, const std::string& description,
                          const std::string& examples, std::shared_ptr<JobOption> option, Pending& pending) {
    CLI::App* command = add_command(app, name, description, examples);
    command->add_option("JOB", option->job, "Id of the job, or its first digits")->required();
    add_json(*command, pending);
    return command;
}

} // namespace

void add_jobs(CLI::App& app, Pending& pending) {
    auto limit = std::make_shared<std::uint32_t>(20);
    CLI::App* jobs = add_command(app, "jobs", "List jobs, newest first",
                                 "  loopmind jobs\n  loopmind jobs --limit 100 --json");
    jobs->add_option("--limit", *limit, "At most so many")
        ->check(CLI::Range(1, 10000))
        ->capture_default_str();
    add_json(*jobs, pending);
    jobs->callback([limit, &pending] {
        pending.run = [limit](const Invocation& invocation) { return list_jobs(invocation, *limit); };
    });

    auto shown = std::make_shared<JobOption>();
    auto why = std::make_shared<bool>(false);
    CLI::App* show = add_job_command(
        app, "show", "Show one job with its parts",
        "  loopmind show 3f2a\n  loopmind show 3f2a --why\n  loopmind show 3f2a --json", shown, pending);
    show->add_flag("--why", *why, "Say in one sentence why it waits, what it does or how it ended");
    show->callback([shown, why, &pending] {
        pending.run = [shown, why](const Invocation& invocation) {
            return show_job(invocation, shown->job, *why);
        };
    });

    auto watched = std::make_shared<JobOption>();
    CLI::App* watch =
        add_job_command(app, "watch", "Follow a job to its end (Ctrl-C stops watching, not the job)",
                        "  loopmind watch 3f2a", watched, pending);
    add_quiet(*watch, pending);
    watch->callback([watched, &pending] {
        pending.run = [watched](const Invocation& invocation) { return watch_job(invocation, watched->job); };
    });

    auto cancelled = std::make_shared<JobOption>();
    add_job_command(app, "cancel", "Cancel a job", "  loopmind cancel 3f2a", cancelled, pending)
        ->callback([cancelled, &pending] {
            pending.run = [cancelled](const Invocation& invocation) {
                return cancel_or_retry(invocation, cancelled->job, true);
            };
        });

    auto retried = std::make_shared<JobOption>();
    add_job_command(app, "retry", "Start a failed or cancelled job again", "  loopmind retry 3f2a", retried,
                    pending)
        ->callback([retried, &pending] {
            pending.run = [retried](const Invocation& invocation) {
                return cancel_or_retry(invocation, retried->job, false);
            };
        });
}

void add_fetch(CLI::App& app, Pending& pending) {
    auto option = std::make_shared<JobOption>();
    auto delivery = std::make_shared<farm::DeliveryOptions>();
    auto out = std::make_shared<std::string>();
    CLI::App* command =
        add_job_command(app, "fetch", "Bring the result of a job here; waits when it is not done yet",
                        "  loopmind fetch 3f2a --out my-loop", option, pending);
    command->add_option("--out", *out, "Folder for the result (default: named after the prompt)")
        ->type_name("DIR");
    command->add_flag("--embed", delivery->embed, "The project file holds its audio: one portable file");
    command->add_flag("--force", delivery->force, "Replace files in a folder that holds other things");
    add_quiet(*command, pending);
    command->callback([option, delivery, out, &pending] {
        delivery->out = *out;
        pending.run = [option, delivery](const Invocation& invocation) {
            return fetch_job(invocation, option->job, *delivery);
        };
    });
}

} // namespace loopmind::cli
