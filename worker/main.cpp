// loopmind-worker: loads the models, opens its home, serves one coordinator until told to stop.
#include "proto/wire/join_token.h"
#include "proto/wire/joining.h"
#include "worker/device/memory.h"
#include "worker/device/numerics.h"
#include "worker/outbox/outbox.h"
#include "worker/service/service.h"
#include "worker/service/worker_home.h"
#include "worker/tasks/executors.h"

#include <CLI/CLI.hpp>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <string>
#include <thread>

namespace {

using namespace loopmind;

struct Options {
    std::string home;
    std::vector<std::string> coordinators;
    std::string coordinator_key;
    unsigned slots = std::max(1u, std::thread::hardware_concurrency());
    std::string device = "cpu";
    std::string soundfont = instruments::kDefaultSoundFont;
    bool no_direct = false;
    std::string ready_file;
};

constexpr int kFailed = 1;  // of this machine: home, SoundFont, device
constexpr int kRefused = 3; // by the coordinator

int fail(const Error& error, int code = kFailed) {
    std::fprintf(stderr, "loopmind-worker: %s\n", error.text().c_str());
    return code;
}

worker::Service* serving = nullptr;
void on_signal(int) {
    if (serving) serving->stop();
}

void watch_signals(worker::Service* service) {
    serving = service;
    struct sigaction action {};
    action.sa_handler = service ? on_signal : SIG_DFL;
    sigaction(SIGTERM, &action, nullptr);
    sigaction(SIGINT, &action, nullptr);
}

int print_public_key(const std::string& home) {
    const auto keys = worker::home_keys(home);
    if (!keys) return fail(keys.error());
    std::printf("%s\n", keys->public_key.c_str());
    return 0;
}

int join(const std::string& home, const std::string& text) {
    const auto token = wire::parse_join_token(text);
    if (!token) return fail(token.error(), 2);
    if (token->role() != "worker")
        return fail({ErrorCode::kInvalidArgument, "token",
                     "it is for a " + token->role() + ", not for a worker",
                     "use it with `loopmind join TOKEN`"},
                    2);
    const auto keys = worker::home_keys(home);
    if (!keys) return fail(keys.error());
    // Written first: a home that belongs to another farm must not use up the token.
    const worker::JoinedFarm farm{token->coordinator_key(),
                                  {token->endpoints().begin(), token->endpoints().end()}};
    if (const auto written = worker::write_joined_farm(home, farm); !written) return fail(written.error());
    const auto joined = wire::join(*token, *keys, std::string("loopmind-worker ") + LOOPMIND_VERSION);
    if (!joined) return fail(joined.error(), kRefused);
    std::printf("joined as worker %s; start it with loopmind-worker --home %s\n", joined->name().c_str(),
                home.c_str());
    return 0;
}

int serve(const Options& options) {
    auto home = worker::WorkerHome::open(options.home);
    if (!home) return fail(home.error());
    const std::filesystem::path folder = (*home)->path();
    auto outbox = outbox::Outbox::open(folder / "outbox");
    if (!outbox) return fail(outbox.error());
    for (const auto& line : (*outbox)->dropped())
        spdlog::warn("outbox: {}; its task will be given out again", line);

    device::pin_thread();
    auto models = tasks::load_models(options.device, options.soundfont, folder / "soundfont.json");
    if (!models) return fail(models.error());
    tasks::PlanCache plans;
    const auto executors = tasks::make_executors(*models, plans);

    worker::ServiceConfig config;
    config.home = folder;
    config.worker_id = (*home)->worker_id();
    config.keys = (*home)->keys();
    config.endpoints = options.coordinators;
    config.coordinator_key = options.coordinator_key;
    config.slots = options.slots;
    config.device = options.device;
    config.memory_bytes = device::memory_bytes();
    config.software = std::string("loopmind-worker ") + LOOPMIND_VERSION;
    config.fingerprint = models->fingerprint + " " + device::numerics();
    config.warm_models = {"composer", "synth", "soundfont"};
    config.allow_direct = !options.no_direct;
    config.ready_file = options.ready_file;
    config.prepare_slot = device::pin_thread;
    spdlog::info("worker {} on {}, {} slots, {}", config.worker_id, config.device, config.slots,
                 config.fingerprint);

    zmq::context_t context;
    auto service = worker::Service::create(context, std::move(config), **outbox, executors);
    if (!service) return fail(service.error());
    watch_signals(service->get());
    const auto status = (*service)->run();
    watch_signals(nullptr);
    service->reset();
    if (!options.ready_file.empty()) {
        std::error_code ignored;
        std::filesystem::remove(options.ready_file, ignored);
    }
    return status ? 0 : fail(status.error(), kRefused);
}

} // namespace

int main(int argc, char** argv) {
    if (const auto status = device::pin_process(argv); !status) return fail(status.error());
    spdlog::set_default_logger(spdlog::stderr_color_mt("worker"));
    spdlog::set_pattern("%Y-%m-%d %H:%M:%S.%e %^%l%$ %v");

    Options options;
    CLI::App app{
        "Computes for a LoopMind coordinator: composes, renders stems, finishes mixes, draws previews."};
    app.set_version_flag("--version", std::string("loopmind-worker ") + LOOPMIND_VERSION);
    app.footer(
        "Examples:\n"
        "  loopmind-worker public-key --home ~/.local/share/loopmind/worker-1\n"
        "  loopmind-worker join TOKEN --home /srv/loopmind-worker && loopmind-worker --home "
        "/srv/loopmind-worker\n"
        "  loopmind-worker --home ~/.local/share/loopmind/worker-1 --coordinator tcp://127.0.0.1:7762 \\\n"
        "      --coordinator-key \"$(loopmind-coordinator public-key --home ~/.local/share/loopmind)\"\n"
        "Exit codes: 0 stopped in order, 1 this machine's trouble, 2 wrong options, 3 refused by the "
        "coordinator.");
    app.add_option("--home", options.home, "Folder of this worker: key, id, outbox; one process at a time");
    app.add_option("--coordinator", options.coordinators,
                   "Worker endpoint, e.g. tcp://127.0.0.1:7762; several, separated by commas, are the farm's "
                   "coordinators, of which one leads")
        ->delimiter(',');
    app.add_option("--coordinator-key", options.coordinator_key,
                   "The coordinator's public key (Z85, 40 characters)");
    app.add_option("--slots", options.slots, "Tasks at a time")
        ->check(CLI::Range(1u, 256u))
        ->capture_default_str();
    app.add_option("--device", options.device, "cpu, cuda or cuda:N")->capture_default_str();
    app.add_option("--soundfont", options.soundfont, "General MIDI SoundFont")->capture_default_str();
    app.add_flag("--no-direct", options.no_direct,
                 "Send bytes through the connection even on the coordinator's machine");
    app.add_option("--ready-file", options.ready_file, "Written when connected, removed at the end");
    auto* key = app.add_subcommand("public-key", "Print the public key of a home, making it when missing");
    std::string key_home;
    key->add_option("--home", key_home, "Folder of the worker")->required();
    auto* enrol =
        app.add_subcommand("join", "Enrol a home with a one-time token; afterwards --home is enough");
    std::string join_home, token;
    enrol->add_option("--home", join_home, "Folder of the worker")->required();
    enrol->add_option("token", token, "What `loopmind-coordinator invite --role worker` printed")->required();
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& problem) {
        return app.exit(problem) == 0 ? 0 : 2;
    }
    if (key->parsed()) return print_public_key(key_home);
    if (enrol->parsed()) return join(join_home, token);
    if (options.coordinators.empty() && options.coordinator_key.empty() && !options.home.empty()) {
        const auto farm = worker::read_joined_farm(options.home);
        if (!farm && farm.error().code != ErrorCode::kNotFound) return fail(farm.error());
        if (farm) {
            options.coordinators = farm->endpoints;
            options.coordinator_key = farm->coordinator_key;
        }
    }
    for (const auto& [name, is_missing] : {std::pair("--home", options.home.empty()),
                                           {"--coordinator", options.coordinators.empty()},
                                           {"--coordinator-key", options.coordinator_key.empty()}}) {
        if (!is_missing) continue;
        return fail({ErrorCode::kInvalidArgument, name, "is missing", "see loopmind-worker --help"}, 2);
    }
    if (!wire::is_z85_key(options.coordinator_key)) {
        return fail({ErrorCode::kInvalidArgument, "--coordinator-key", "is not a key of 40 Z85 characters",
                     "copy what `loopmind-coordinator public-key` prints"},
                    2);
    }
    return serve(options);
}
