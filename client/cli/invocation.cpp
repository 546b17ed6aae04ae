// What every command of `loopmind` gets: where things are, how to speak, and the way to the farm.
#include "client/cli/invocation.h"

#include "client/farm/submission_outbox.h"

#include <algorithm>
#include <cstdlib>

namespace loopmind::cli {

namespace {
constexpr std::chrono::milliseconds kConnectTimeout{5000};
constexpr std::uint32_t kJobsSearched = 10000;
constexpr std::size_t kShortestPrefix = 4;
} // namespace

std::optional<std::uint64_t> parse_bytes(const std::string& text) {
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    if (end == text.c_str() || !(value >= 0)) return std::nullopt;
    double unit = 1;
    switch (*end) {
    case 'k':
    case 'K':
        unit = 1e3;
        ++end;
        break;
    case 'm':
    case 'M':
        unit = 1e6;
        ++end;
        break;
    case 'g':
    case 'G':
        unit = 1e9;
        ++end;
        break;
    case 't':
    case 'T':
        unit = 1e12;
        ++end;
        break;
    default:
        break;
    }
    if (*end == 'B') ++end;
    if (*end != '\0' || value * unit > 1e18) return std::nullopt;
    return static_cast<std::uint64_t>(value * unit);
}

Attempt<farm::ClientConfig> client_config(const farm::Home& home) {
    auto address = farm::read_farm_file(home.farm_file());
    if (!address.ok())
        return address.error().code == ErrorCode::kNotFound ? Failure{address.error(), kExitFarmAway}
                                                            : local_failure(address.error());
    auto keys = wire::load_keys(home.client_key());
    if (!keys.ok()) return local_failure(keys.error());
    farm::ClientConfig config;
    config.endpoints = address->endpoints;
    config.coordinator_key = address->coordinator_key;
    config.keys = *keys;
    config.cache = home.cache();
    config.outbox = home.outbox();
    if (const char* limit = std::getenv("LOOPMIND_CACHE_LIMIT")) {
        const auto bytes = parse_bytes(limit);
        if (!bytes)
            return bad_input({ErrorCode::kInvalidArgument, "LOOPMIND_CACHE_LIMIT",
                              std::string("\"") + limit + "\" is not a size", "write it like 2G or 500M"});
        config.cache_limits.max_bytes = *bytes;
    }
    return config;
}

Attempt<std::unique_ptr<farm::FarmClient>> connect(const Invocation& invocation) {
    auto config = client_config(invocation.home);
    if (auto* failure = std::get_if<Failure>(&config)) return *failure;
    auto client = farm::FarmClient::open(std::get<farm::ClientConfig>(config));
    if (!client.ok()) {
        const bool away = client.error().code == ErrorCode::kUnavailable;
        return Failure{client.error(), away ? kExitFarmAway : kExitLocal};
    }
    if (Status connected = (*client)->wait_connected(kConnectTimeout); !connected.ok())
        return farm_failure(connected.error());
    return std::move(*client);
}

Attempt<std::string> find_job(farm::FarmClient& client, const std::string& id_or_prefix) {
    const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    if (!std::all_of(id_or_prefix.begin(), id_or_prefix.end(), is_hex) || id_or_prefix.size() > 32 ||
        id_or_prefix.size() < kShortestPrefix)
        return bad_input({ErrorCode::kInvalidArgument, "job", "\"" + id_or_prefix + "\" is not a job id",
                          "give at least 4 of its hexadecimal digits; `loopmind jobs` lists them"});
    if (farm::is_job_id(id_or_prefix)) return id_or_prefix;
    auto jobs = farm::as_future<v1::JobList>([&](auto done) {
                    client.list_jobs(kJobsSearched, std::move(done));
                }).get();
    if (!jobs.ok()) return farm_failure(jobs.error());
    std::vector<std::string> found;
    for (const v1::JobInfo& job : jobs->jobs())
        if (job.job_id().rfind(id_or_prefix, 0) == 0) found.push_back(job.job_id());
    if (found.empty())
        return bad_input({ErrorCode::kNotFound, "job", "no job begins with \"" + id_or_prefix + "\"",
                          "`loopmind jobs` lists them"});
    if (found.size() > 1)
        return bad_input({ErrorCode::kInvalidArgument, "job",
                          std::to_string(found.size()) + " jobs begin with \"" + id_or_prefix + "\"",
                          "give more digits"});
    return found.front();
}

} // namespace loopmind::cli
