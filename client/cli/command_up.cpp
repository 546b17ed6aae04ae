// `loopmind up` and `loopmind down`: this machine's coordinator and workers.
#include "client/cli/commands.h"
#include "client/cli/processes.h"
#include "proto/base/durable_file.h"
#include "proto/wire/keys.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace loopmind::cli {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr const char* kClientEndpoint = "tcp://127.0.0.1:7761";
constexpr const char* kWorkerEndpoint = "tcp://127.0.0.1:7762";
constexpr std::chrono::seconds kReadyTimeout{60};
constexpr std::chrono::seconds kStopPatience{15};
constexpr int kWorkersMax = 64;

struct UpOptions {
    int workers = 1;
    int slots = 0;
    std::string client_endpoint, worker_endpoint;
    std::string device, soundfont;
    bool workers_given = false;
};

/// One `up` or `down` at a time per home.
class RunLock {
  public:
    explicit RunLock(const fs::path& run)
        : fd_(::open((run / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
        while (fd_ >= 0 && ::flock(fd_, LOCK_EX) != 0 && errno == EINTR) {
        }
    }
    ~RunLock() {
        if (fd_ >= 0) ::close(fd_);
    }
    RunLock(const RunLock&) = delete;
    RunLock& operator=(const RunLock&) = delete;

  private:
    int fd_;
};

Status make_private_folder(const fs::path& folder) {
    std::error_code failed;
    fs::create_directories(folder, failed);
    if (failed) return base::file_error(folder, "cannot be created", failed.value());
    if (::access(folder.c_str(), W_OK | X_OK) != 0)
        return base::file_error(folder, "cannot be written to", errno);
    return {};
}

std::string trimmed(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
        text.pop_back();
    return text;
}

/// Asks a program for its public key.
Result<std::string> public_key_of(const fs::path& program, const fs::path& home) {
    auto said = output_of(program, {"public-key", "--home", home.string()});
    if (!said.ok()) return said;
    const std::string key = trimmed(*said);
    if (!wire::is_z85_key(key))
        return Error{ErrorCode::kInternal, program.filename().string(), "did not tell its public key",
                     "rebuild it"};
    return key;
}

class Up {
  public:
    Up(const Invocation& invocation, UpOptions options)
        : console_(invocation.console), home_(invocation.home), options_(std::move(options)) {}

    int run() {
        if (auto failure = prepare()) return console_.fail(*failure);
        const RunLock lock(home_.run());
        if (auto failure = start_all()) return console_.fail(*failure);
        if (console_.json) {
            console_.print_json({{"home", home_.root.string()},
                                 {"endpoint", address_.endpoints.front()},
                                 {"started", started_},
                                 {"already_running", already_}});
        } else if (started_.empty()) {
            console_.print("already running: " + joined(already_) + " at " + address_.endpoints.front());
        } else {
            console_.print("running: " + joined(started_) +
                           (already_.empty() ? "" : " (was running already: " + joined(already_) + ")") +
                           " at " + address_.endpoints.front());
            console_.note("Try: loopmind generate \"Dreamy lofi with vinyl crackle\" --out my-loop");
        }
        return kExitOk;
    }

  private:
    static std::string joined(const std::vector<std::string>& names) {
        std::string out;
        for (const std::string& name : names)
            out += (out.empty() ? "" : ", ") + name;
        return out;
    }

    std::optional<Failure> prepare() {
        for (const fs::path& folder : {home_.root, home_.client(), home_.run()})
            if (Status made = make_private_folder(folder); !made.ok()) return local_failure(made.error());
        return std::nullopt;
    }

    std::optional<Failure> start_all() {
        if (auto known = farm::read_farm_file(home_.farm_file()); known.ok())
            address_ = *known;
        else if (known.error().code != ErrorCode::kNotFound)
            return local_failure(known.error());
        const bool coordinator_runs = running(service("coordinator").pid_file()).has_value();
        if (auto failure = choose_endpoints(coordinator_runs)) return failure;
        if (!options_.workers_given) options_.workers = std::max(1, count_worker_folders());
        std::vector<int> missing;
        for (int n = 1; n <= options_.workers; ++n) {
            const std::string name = "worker-" + std::to_string(n);
            if (running(service(name).pid_file()))
                already_.push_back(name);
            else
                missing.push_back(n);
        }
        if (coordinator_runs) already_.insert(already_.begin(), "coordinator");
        if (coordinator_runs && missing.empty()) return std::nullopt;

        auto coordinator = sibling_program("loopmind-coordinator");
        if (!coordinator.ok()) return local_failure(coordinator.error());
        if (!coordinator_runs)
            if (auto failure = start_coordinator(*coordinator)) return failure;
        if (!missing.empty()) {
            auto worker = sibling_program("loopmind-worker");
            if (!worker.ok()) return local_failure(worker.error());
            return start_workers(*coordinator, *worker, missing);
        }
        return std::nullopt;
    }

    int count_worker_folders() const {
        int count = 0;
        while (count < kWorkersMax && fs::exists(home_.worker(count + 1) / "worker.key"))
            ++count;
        return count;
    }

    std::optional<Failure> choose_endpoints(bool coordinator_runs) {
        const std::string client = !options_.client_endpoint.empty() ? options_.client_endpoint
                                   : !address_.endpoints.empty()     ? address_.endpoints.front()
                                                                     : kClientEndpoint;
        const std::string worker = !options_.worker_endpoint.empty()   ? options_.worker_endpoint
                                   : !address_.worker_endpoint.empty() ? address_.worker_endpoint
                                                                       : kWorkerEndpoint;
        if (coordinator_runs && !address_.endpoints.empty() &&
            (client != address_.endpoints.front() || worker != address_.worker_endpoint))
            return bad_input({ErrorCode::kAlreadyExists, "endpoint",
                              "the coordinator runs already at " + address_.endpoints.front() + " and " +
                                  address_.worker_endpoint,
                              "`loopmind down` first to move it"});
        address_.endpoints = {client};
        address_.worker_endpoint = worker;
        return std::nullopt;
    }

    Service service(const std::string& name) const {
        Service out;
        out.name = name;
        out.run_folder = home_.run();
        return out;
    }

    Status enrol(const fs::path& coordinator, const std::string& role, const std::string& name,
                 const std::string& key) {
        auto said = output_of(coordinator, {"enrol", "--home", home_.root.string(), "--role", role, "--name",
                                            name, "--public-key", key});
        return said.ok() ? Status() : Status(said.error());
    }

    std::optional<Failure> start_coordinator(const fs::path& program) {
        auto key = public_key_of(program, home_.root);
        if (!key.ok()) return local_failure(key.error());
        if (!address_.coordinator_key.empty() && address_.coordinator_key != *key)
            console_.note("note: the coordinator has a new key; farm.json is updated");
        address_.coordinator_key = *key;
        auto keys = wire::load_or_create_keys(home_.client_key());
        if (!keys.ok()) return local_failure(keys.error());
        if (Status done = enrol(program, "admin", "this-computer", keys->public_key); !done.ok())
            return local_failure(done.error());
        Service coordinator = service("coordinator");
        coordinator.program = program;
        coordinator.arguments = {"serve",
                                 "--home",
                                 home_.root.string(),
                                 "--client-endpoint",
                                 address_.endpoints.front(),
                                 "--worker-endpoint",
                                 address_.worker_endpoint};
        if (auto failure = start(coordinator)) return failure;
        if (Status written = farm::write_farm_file(home_.farm_file(), address_); !written.ok())
            return local_failure(written.error());
        return std::nullopt;
    }

    std::optional<Failure> start_workers(const fs::path& coordinator, const fs::path& program,
                                         const std::vector<int>& numbers) {
        std::vector<std::pair<Service, pid_t>> begun;
        for (const int number : numbers) {
            Service worker = service("worker-" + std::to_string(number));
            worker.program = program;
            const fs::path folder = home_.worker(number);
            if (Status made = make_private_folder(folder); !made.ok()) return local_failure(made.error());
            auto key = public_key_of(program, folder);
            if (!key.ok()) return local_failure(key.error());
            if (Status done = enrol(coordinator, "worker", worker.name, *key); !done.ok())
                return local_failure(done.error());
            worker.arguments = {"--home",
                                folder.string(),
                                "--coordinator",
                                address_.worker_endpoint,
                                "--coordinator-key",
                                address_.coordinator_key};
            const auto add = [&](const char* option, const std::string& value) {
                if (!value.empty()) worker.arguments.insert(worker.arguments.end(), {option, value});
            };
            add("--slots", options_.slots > 0 ? std::to_string(options_.slots) : "");
            add("--device", options_.device);
            add("--soundfont", options_.soundfont);
            auto process = start_detached(worker);
            if (!process.ok()) return local_failure(process.error());
            begun.emplace_back(worker, *process);
        }
        for (const auto& [worker, process] : begun) {
            if (Status ready = wait_ready(worker, process, kReadyTimeout); !ready.ok())
                return not_ready(worker, ready);
            started_.push_back(worker.name);
        }
        return std::nullopt;
    }

    std::optional<Failure> start(Service& program) {
        auto process = start_detached(program);
        if (!process.ok()) return local_failure(process.error());
        if (Status ready = wait_ready(program, *process, kReadyTimeout); !ready.ok())
            return not_ready(program, ready);
        started_.push_back(program.name);
        return std::nullopt;
    }

    /// A program that did not come up is not left behind half-started.
    std::optional<Failure> not_ready(const Service& program, const Status& status) {
        (void)stop(program.pid_file(), std::chrono::seconds(2));
        Error error = status.error();
        if (error.message.find("in use") != std::string::npos)
            error.hint = "stop the other program, or choose other ports with --client-endpoint and "
                         "--worker-endpoint";
        return Failure{error, kExitFarmAway};
    }

    Console& console_;
    farm::Home home_;
    UpOptions options_;
    farm::FarmAddress address_;
    std::vector<std::string> started_, already_;
};

int run_down(const Invocation& invocation) {
    Console& console = invocation.console;
    const fs::path run = invocation.home.run();
    std::error_code failed;
    std::vector<fs::path> pid_files;
    for (fs::directory_iterator it(run, failed), end; !failed && it != end; it.increment(failed))
        if (it->path().extension() == ".pid") pid_files.push_back(it->path());
    std::vector<std::string> stopped, killed;
    if (!pid_files.empty()) {
        const RunLock lock(run);
        // Workers first: they hand in what they hold while the coordinator still listens.
        std::sort(pid_files.begin(), pid_files.end(), [](const fs::path& a, const fs::path& b) {
            const bool a_last = a.stem() == "coordinator", b_last = b.stem() == "coordinator";
            return a_last != b_last ? b_last : a < b;
        });
        for (const fs::path& file : pid_files) {
            const bool was_running = running(file).has_value();
            auto result = stop(file, kStopPatience);
            if (!result.ok()) return console.fail(local_failure(result.error()));
            if (was_running) (*result ? killed : stopped).push_back(file.stem().string());
        }
    }
    if (console.json) {
        console.print_json({{"stopped", stopped}, {"killed", killed}});
    } else if (stopped.empty() && killed.empty()) {
        console.print("nothing was running");
    } else {
        std::string names;
        for (const auto& name : stopped)
            names += (names.empty() ? "" : ", ") + name;
        for (const auto& name : killed)
            names += (names.empty() ? "" : ", ") + name + " (killed, it did not stop in " +
                     std::to_string(kStopPatience.count()) + " s)";
        console.print("stopped: " + names);
    }
    return kExitOk;
}

} // namespace

void add_up(CLI::App& app, Pending& pending) {
    auto options = std::make_shared<UpOptions>();
    CLI::App* up = add_command(
        app, "up", "Start the farm on this machine: coordinator and worker(s)",
        "  loopmind up\n  loopmind up --workers 2 --slots 1\n  loopmind up --home /data/loopmind");
    auto* workers =
        up->add_option("--workers", options->workers, "How many workers")->check(CLI::Range(1, kWorkersMax));
    up->add_option("--slots", options->slots, "Tasks that one worker does at once (default: by cores)")
        ->check(CLI::Range(1, 256));
    up->add_option("--client-endpoint", options->client_endpoint, "Where clients connect")
        ->default_str(kClientEndpoint);
    up->add_option("--worker-endpoint", options->worker_endpoint, "Where workers connect")
        ->default_str(kWorkerEndpoint);
    up->add_option("--device", options->device, "Where tensor programs run: cpu or cuda");
    up->add_option("--soundfont", options->soundfont, "General MIDI SoundFont of the workers");
    add_json(*up, pending);
    up->callback([options, workers, &pending] {
        options->workers_given = workers->count() > 0;
        pending.run = [options](const Invocation& invocation) { return Up(invocation, *options).run(); };
    });

    CLI::App* down =
        add_command(app, "down", "Stop this machine's coordinator and workers", "  loopmind down");
    add_json(*down, pending);
    down->callback([&pending] { pending.run = run_down; });
}

} // namespace loopmind::cli
