// `loopmind cache list` and `cache clear`: what lies in the local cache.
#include "client/cli/commands.h"
#include "client/cli/table.h"
#include "client/farm/cache.h"

#include <nlohmann/json.hpp>

namespace loopmind::cli {

using nlohmann::json;

namespace {

Attempt<farm::Cache> open_cache(const Invocation& invocation) {
    auto cache = farm::Cache::open(invocation.home.cache());
    if (!cache.ok()) return local_failure(cache.error());
    return std::move(*cache);
}

std::string prompt_of(const farm::CacheEntry& entry) {
    const json params = json::parse(entry.params, nullptr, false);
    return params.is_object() ? params.value("prompt", "") : "";
}

int list(const Invocation& invocation) {
    Console& console = invocation.console;
    auto opened = open_cache(invocation);
    if (auto* failure = std::get_if<Failure>(&opened)) return console.fail(*failure);
    auto entries = std::get<farm::Cache>(opened).list();
    if (!entries.ok()) return console.fail(local_failure(entries.error()));
    if (console.json) {
        json out = json::array();
        for (const farm::CacheEntry& entry : *entries)
            out.push_back({{"file", entry.file},
                           {"params", json::parse(entry.params, nullptr, false)},
                           {"created_at", entry.created_at},
                           {"sha256", entry.sha256},
                           {"size", entry.size},
                           {"role", entry.role},
                           {"stem", entry.stem},
                           {"job", entry.job}});
        console.print_json(out);
        return kExitOk;
    }
    std::uint64_t bytes = 0;
    std::vector<std::vector<std::string>> rows{{"CREATED", "SIZE", "WHAT", "STEM", "JOB", "PROMPT"}};
    for (const farm::CacheEntry& entry : *entries) {
        bytes += entry.size;
        rows.push_back({entry.created_at, bytes_text(entry.size), entry.role.empty() ? "-" : entry.role,
                        entry.stem.empty() ? "-" : entry.stem, entry.job.substr(0, 8),
                        printable(prompt_of(entry))});
    }
    if (entries->size() > 0)
        for (const std::string& line : table_lines(rows, console.width()))
            console.print(line);
    console.print(std::to_string(entries->size()) + " files, " + bytes_text(bytes) + " in " +
                  invocation.home.cache().string());
    return kExitOk;
}

int clear(const Invocation& invocation) {
    Console& console = invocation.console;
    auto opened = open_cache(invocation);
    if (auto* failure = std::get_if<Failure>(&opened)) return console.fail(*failure);
    auto removed = std::get<farm::Cache>(opened).clear();
    if (!removed.ok()) return console.fail(local_failure(removed.error()));
    if (console.json)
        console.print_json({{"files", removed->files}, {"bytes", removed->bytes}});
    else
        console.print("deleted " + std::to_string(removed->files) + " files, " + bytes_text(removed->bytes));
    return kExitOk;
}

} // namespace

void add_cache(CLI::App& app, Pending& pending) {
    CLI::App* cache = add_command(app, "cache", "Look into the local cache, or empty it",
                                  "  loopmind cache list\n  loopmind cache clear");
    cache->require_subcommand(1);
    CLI::App* lists =
        add_command(*cache, "list", "What is cached here, newest first", "  loopmind cache list --json");
    add_json(*lists, pending);
    lists->callback([&pending] { pending.run = list; });
    CLI::App* clears =
        add_command(*cache, "clear", "Delete everything cached here; the farm keeps its results",
                    "  loopmind cache clear");
    add_json(*clears, pending);
    clears->callback([&pending] { pending.run = clear; });
}

} // namespace loopmind::cli
