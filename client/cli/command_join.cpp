// `loopmind join`: enrols this home with a one-time token, so that the other commands speak to that farm.
#include "client/cli/command_join.h"

#include "proto/base/durable_file.h"
#include "proto/wire/join_token.h"
#include "proto/wire/joining.h"
#include "proto/wire/keys.h"

#include <nlohmann/json.hpp>

#include <iostream>

namespace loopmind::cli {

namespace fs = std::filesystem;

namespace {

Status make_private(const fs::path& folder) {
    std::error_code failed;
    const bool made = fs::create_directories(folder, failed);
    if (failed) return base::file_error(folder, "cannot be created", failed.value());
    if (made) fs::permissions(folder, fs::perms::owner_all, failed);
    return {};
}

/// The farm this home belongs to; a home of another farm stays what it is.
Result<farm::FarmAddress> own_address(const farm::Home& home, const v1::JoinToken& token) {
    auto known = farm::read_farm_file(home.farm_file());
    if (!known.ok() && known.error().code != ErrorCode::kNotFound) return known;
    farm::FarmAddress address = known.ok() ? *known : farm::FarmAddress();
    if (!address.coordinator_key.empty() && address.coordinator_key != token.coordinator_key())
        return Error{ErrorCode::kAlreadyExists, home.farm_file().string(),
                     "this home belongs to another farm", "join with another --home"};
    address.coordinator_key = token.coordinator_key();
    address.endpoints.assign(token.endpoints().begin(), token.endpoints().end());
    return address;
}

int run_join(const Invocation& invocation, std::string text) {
    Console& console = invocation.console;
    const farm::Home& home = invocation.home;
    if (text == "-") std::getline(std::cin, text);
    const auto token = wire::parse_join_token(text);
    if (!token.ok()) return console.fail(bad_input(token.error()));
    if (token->role() == "worker")
        return console.fail(bad_input({ErrorCode::kInvalidArgument, "token", "it is for a worker",
                                       "use it with `loopmind-worker join TOKEN --home FOLDER`"}));
    for (const fs::path& folder : {home.root, home.client()})
        if (Status made = make_private(folder); !made.ok()) return console.fail(local_failure(made.error()));
    const auto address = own_address(home, *token);
    if (!address.ok()) return console.fail(local_failure(address.error()));
    const auto keys = wire::load_or_create_keys(home.client_key());
    if (!keys.ok()) return console.fail(local_failure(keys.error()));
    const auto joined = wire::join(*token, *keys, "loopmind " LOOPMIND_VERSION);
    if (!joined.ok()) return console.fail(farm_failure(joined.error()));
    if (Status written = farm::write_farm_file(home.farm_file(), *address); !written.ok())
        return console.fail(local_failure(written.error()));
    if (console.json)
        console.print_json({{"role", joined->role()},
                            {"name", joined->name()},
                            {"tenant", joined->tenant()},
                            {"endpoint", address->endpoints.front()}});
    else
        console.print("joined as " + joined->role() + " " + printable(joined->name()) + " (tenant " +
                      printable(joined->tenant()) + ") at " + address->endpoints.front());
    return kExitOk;
}

} // namespace

void add_join(CLI::App& app, Pending& pending) {
    auto token = std::make_shared<std::string>();
    CLI::App* join = add_command(app, "join", "Enrol at a farm with a one-time token from its administrator",
                                 "  loopmind join loopmind-join-...\n  loopmind join - < token.txt");
    join->add_option("token", *token, "What `loopmind-coordinator invite` printed; - reads it from stdin")
        ->required();
    add_json(*join, pending);
    join->callback([token, &pending] {
        pending.run = [token](const Invocation& invocation) { return run_join(invocation, *token); };
    });
}

} // namespace loopmind::cli
