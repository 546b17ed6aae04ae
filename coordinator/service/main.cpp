// loopmind-coordinator: serve, enrol, migrate, public-key, fsck, and the commands of access_commands.h.
#include <CLI/CLI.hpp>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <iostream>
#include <optional>

#include "coordinator/service/access_commands.h"
#include "coordinator/service/clock.h"
#include "coordinator/service/fsck_command.h"
#include "coordinator/service/home.h"
#include "coordinator/service/server.h"
#include "coordinator/store/place.h"
#include "proto/wire/keys.h"

namespace {

using namespace loopmind;

service::Server* running = nullptr;
volatile std::sig_atomic_t told_to_stop = 0;

void on_signal(int) {
    told_to_stop = 1;
    if (running != nullptr) running->stop();
}

int fail(const Error& error) {
    std::cerr << "loopmind-coordinator: " << error.text() << "\n";
    return 1;
}

/// Leads until told to stop; a coordinator that was replaced stands by for the next term.
int serve(const service::ServerConfig& config) {
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN); // a file size limit is a full disk, not the end of the process
    for (;;) {
        if (!config.ready_file.empty()) {
            std::error_code ignored;
            std::filesystem::remove(config.ready_file, ignored);
        }
        auto server = service::Server::open(config);
        if (!server.ok()) return fail(server.error());
        running = server->get();
        std::signal(SIGTERM, on_signal);
        std::signal(SIGINT, on_signal);
        const Status ended = (*server)->run();
        std::signal(SIGTERM, SIG_DFL); // a standby holds nothing that would have to be put in order
        std::signal(SIGINT, SIG_DFL);
        running = nullptr;
        if (!ended) return fail(ended.error());
        if (told_to_stop || !(*server)->replaced()) return 0;
    }
}

Result<store::StorePlace> place_of(const std::filesystem::path& home, const std::string& url) {
    if (!url.empty()) return store::StorePlace::parse(url, {});
    auto paths = service::prepare_home(home);
    if (!paths.ok()) return paths.error();
    return store::StorePlace::parse("", paths->database);
}

int enrol(const std::filesystem::path& home, const std::string& store_url, store::StoredIdentity who) {
    if (!wire::is_z85_key(who.public_key))
        return fail({ErrorCode::kInvalidArgument, "--public-key", "this is no public key of 40 characters",
                     "print it with `loopmind-worker public-key` or take \"public\" from the key file"});
    if (who.name.empty() || who.name.size() > 128 || who.tenant.empty() || who.tenant.size() > 128)
        return fail({ErrorCode::kInvalidArgument, "--name", "name and tenant have 1 to 128 bytes", ""});
    auto place = place_of(home, store_url);
    if (!place.ok()) return fail(place.error());
    auto store = place->open();
    if (!store.ok()) return fail(store.error());
    who.created_ms = service::unix_now_ms();
    if (Status saved = (*store)->put_identity(who); !saved) return fail(saved.error());
    if (auto access = place->open_access(); access.ok()) {
        const store::AuditRecord record{0, service::operator_here(), "enrol", who.role + " " + who.public_key,
                                        "ok"};
        if (Status noted = (*access)->append_audit({&record, 1}); !noted) return fail(noted.error());
    }
    std::cout << "enrolled " << who.role << " " << who.name << " (tenant " << who.tenant << ")\n";
    return 0;
}

int migrate(const std::filesystem::path& home, const std::string& store_url, std::optional<int> down_to) {
    auto place = place_of(home, store_url);
    if (!place.ok()) return fail(place.error());
    const int target = down_to.value_or(place->newest_schema());
    if (Status done = place->migrate(target); !done) return fail(done.error());
    std::cout << place->display() << " has schema " << target << "\n";
    return 0;
}

// The command line of a process is for everybody to see (ps): a password in it is overwritten.
void hide_passwords(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
        const std::string hidden = store::hide_password(argv[i]);
        if (hidden == argv[i]) continue;
        const std::size_t length = std::strlen(argv[i]);
        std::memset(argv[i], 0, length);
        std::memcpy(argv[i], hidden.data(), std::min(length, hidden.size()));
    }
}

int print_public_key(const std::filesystem::path& home) {
    auto paths = service::prepare_home(home);
    if (!paths.ok()) return fail(paths.error());
    auto keys = wire::load_or_create_keys(paths->key);
    if (!keys.ok()) return fail(keys.error());
    std::cout << keys->public_key << "\n";
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    // The log goes to stderr: stdout is for answers.
    spdlog::set_default_logger(spdlog::stderr_color_mt("coordinator"));
    spdlog::set_pattern("%Y-%m-%d %H:%M:%S.%e %^%l%$ %v");
    spdlog::flush_on(spdlog::level::info);

    CLI::App app{"The coordinator of a LoopMind farm: takes jobs, gives tasks to workers, keeps results."};
    app.set_version_flag("--version", std::string("loopmind-coordinator ") + LOOPMIND_VERSION);
    app.require_subcommand(1);
    app.footer("Examples:\n"
               "  loopmind-coordinator serve --home ~/.local/share/loopmind\n"
               "  loopmind-coordinator enrol --role producer --name ada --public-key '<40 characters>'\n"
               "  loopmind-coordinator invite --role producer --name ada --expires 1h\n"
               "  loopmind-coordinator revoke ada\n"
               "  loopmind-coordinator audit --since 7d\n"
               "  loopmind-coordinator public-key\n"
               "With PostgreSQL (the password in ~/.pgpass or PGPASSWORD, not in the address):\n"
               "  loopmind-coordinator migrate --store postgresql://loopmind@db.studio/loopmind\n"
               "  loopmind-coordinator serve --store postgresql://loopmind@db.studio/loopmind");
    std::filesystem::path home = service::default_home();

    service::ServerConfig config;
    const auto add_store = [&config](CLI::App* command) {
        command
            ->add_option("--store", config.store,
                         "Metadata: postgresql://user@host:port/database; without it SQLite in --home")
            ->envname("LOOPMIND_STORE");
    };
    std::int64_t lease_ms = config.farm.lease.count();
    std::int64_t heartbeat_ms = config.farm.heartbeat.count();
    auto* serve_command = app.add_subcommand("serve", "Serve clients and workers until SIGTERM");
    serve_command->add_option("--home", home, "Folder of the farm")->capture_default_str();
    add_store(serve_command);
    serve_command->add_option("--blobs", config.blobs,
                              "Folder of all audio; coordinators of one farm share it (default: in --home)");
    serve_command->add_option("--client-endpoint", config.client_endpoint, "Where clients connect")
        ->capture_default_str();
    serve_command->add_option("--worker-endpoint", config.worker_endpoint, "Where workers connect")
        ->capture_default_str();
    serve_command->add_option(
        "--join-endpoint", config.join_endpoint,
        "Where tokens of `invite` are redeemed, e.g. tcp://127.0.0.1:7763 (default: nowhere)");
    serve_command
        ->add_option("--requests-per-second", config.requests_per_second, "Of one client's key; 0: no limit")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    serve_command->add_option("--lease-ms", lease_ms, "A silent worker keeps its tasks for so long")
        ->check(CLI::Range(100, 3'600'000))
        ->capture_default_str();
    serve_command->add_option("--heartbeat-ms", heartbeat_ms, "How often workers say that they live")
        ->check(CLI::Range(10, 600'000))
        ->capture_default_str();
    serve_command->add_option("--ready-file", config.ready_file, "Written when serving");

    store::StoredIdentity who;
    who.tenant = "default";
    auto* enrol_command = app.add_subcommand("enrol", "Let a key in, beside a running server too");
    enrol_command->add_option("--home", home, "Folder of the farm")->capture_default_str();
    add_store(enrol_command);
    enrol_command->add_option("--role", who.role, "worker, producer, viewer or admin")
        ->required()
        ->check(CLI::IsMember({"worker", "producer", "viewer", "admin"}));
    enrol_command->add_option("--name", who.name, "Whose key it is, for people")->required();
    enrol_command->add_option("--public-key", who.public_key, "The key in Z85, 40 characters")->required();
    enrol_command->add_option("--tenant", who.tenant, "Whose jobs it sees")->capture_default_str();

    auto* migrate_command = app.add_subcommand(
        "migrate", "Bring the database to this program's schema; stop its coordinators before");
    std::optional<int> down_to;
    migrate_command->add_option("--home", home, "Folder of the farm")->capture_default_str();
    add_store(migrate_command);
    migrate_command->add_option("--down-to", down_to, "Go back to this schema; 0 deletes everything")
        ->check(CLI::NonNegativeNumber);

    auto* key_command =
        app.add_subcommand("public-key", "Print the coordinator's public key, making it when missing");
    key_command->add_option("--home", home, "Folder of the farm")->capture_default_str();

    const service::AccessCommands access(app, home, config.store);
    const service::FsckCommand fsck(app, home, config.store);
    CLI11_PARSE(app, argc, argv);
    hide_passwords(argc, argv);
    if (const auto code = access.run()) return *code;
    if (const auto code = fsck.run()) return *code;
    if (*enrol_command) return enrol(home, config.store, who);
    if (*migrate_command) return migrate(home, config.store, down_to);
    if (*key_command) return print_public_key(home);
    if (heartbeat_ms * 2 > lease_ms)
        return fail({ErrorCode::kInvalidArgument, "--heartbeat-ms",
                     "a lease must be at least two heartbeats long",
                     "use e.g. --lease-ms 10000 --heartbeat-ms 1000"});
    config.home = home;
    config.farm.lease = core::Millis(lease_ms);
    config.farm.heartbeat = core::Millis(heartbeat_ms);
    return serve(config);
}
