// What every command of `loopmind` gets: where things are, how to speak, and the way to the farm.
#pragma once

#include "client/cli/console.h"
#include "client/farm/farm_client.h"
#include "client/farm/home.h"

#include <memory>
#include <optional>
#include <variant>

namespace loopmind::cli {

/// A value or the failure that ends the command.
template <typename T> using Attempt = std::variant<T, Failure>;

struct Invocation {
    Console& console;
    farm::Home home;
};

/// Opens the client of this home and waits until it is connected. Fails at once when nothing answers.
Attempt<std::unique_ptr<farm::FarmClient>> connect(const Invocation& invocation);

/// The configuration behind it, without connecting.
Attempt<farm::ClientConfig> client_config(const farm::Home& home);

/// Full id of a job given by id or by an unambiguous beginning of at least 4 digits.
Attempt<std::string> find_job(farm::FarmClient& client, const std::string& id_or_prefix);

/// Reads a size such as LOOPMIND_CACHE_LIMIT=2G; nullopt when it is none.
std::optional<std::uint64_t> parse_bytes(const std::string& text);

} // namespace loopmind::cli
