// `loopmind plugins list` and `plugins scan`: the LV2 plug-ins that inserts on this machine can hold.
#include "client/cli/commands.h"
#include "client/cli/plugin_scan.h"
#include "client/cli/table.h"
#include "client/farm/installed_plugins.h"

#include <nlohmann/json.hpp>

namespace loopmind::cli {

using nlohmann::json;

namespace {

constexpr int kWide = 4096; ///< URIs are there to be copied: lines are not cut to the terminal

struct PluginOptions {
    std::vector<std::string> folders;
    bool scan = false, all = false;
    int seconds = 20;
};

json json_of(const plugins::PluginCatalogue& catalogue) {
    json found = json::array(), blocked = json::array();
    for (const plugins::PluginInfo* info : catalogue.plugins())
        found.push_back(plugins::to_json(*info));
    for (const plugins::BlockedPlugin* one : catalogue.all_blocked())
        blocked.push_back({{"uri", one->uri}, {"bundle", one->bundle}, {"why", one->why}});
    return {{"plugins", found}, {"blocked", blocked}};
}

std::string channels(const plugins::PluginInfo& info) {
    std::string out = std::to_string(info.inputs) + " > " + std::to_string(info.outputs);
    if (info.key_inputs > 0) out += " + key";
    return out;
}

void tell(const Console& console, const plugins::PluginCatalogue& catalogue) {
    const auto found = catalogue.plugins();
    std::vector<std::vector<std::string>> rows{{"NAME", "MAKER", "KIND", "AUDIO", "PARAMETERS", "URI"}};
    for (const plugins::PluginInfo* info : found)
        rows.push_back(
            {printable(info->name), printable(info->maker),
             info->effect() ? (info->category.empty() ? "-" : printable(info->category)) : "no insert",
             channels(*info), std::to_string(info->parameters.size()), printable(info->uri)});
    if (!found.empty())
        for (const std::string& line : table_lines(rows, kWide))
            console.print(line);
    for (const plugins::BlockedPlugin* one : catalogue.all_blocked())
        console.print("blocked: " + printable(one->uri.empty() ? one->bundle : one->uri) + ": " +
                      printable(one->why));
    console.print(std::to_string(found.size()) + " plug-ins, " +
                  std::to_string(catalogue.all_blocked().size()) +
                  " blocked (`loopmind plugins scan` tries those again)");
}

int run(const Invocation& invocation, const PluginOptions& options) {
    Console& console = invocation.console;
    plugins::ScanOptions scan = told_scan(console);
    for (const std::string& folder : options.folders)
        scan.folders.emplace_back(folder);
    scan.retry_blocked = options.scan;
    scan.rescan_all = options.all;
    scan.seconds_a_plugin = options.seconds;
    auto catalogue = farm::installed_plugins(invocation.home, scan);
    if (!catalogue.ok()) return console.fail(local_failure(catalogue.error()));
    if (console.json)
        console.print_json(json_of(*catalogue));
    else
        tell(console, *catalogue);
    return kExitOk;
}

} // namespace

void add_plugins(CLI::App& app, Pending& pending) {
    CLI::App* plugins =
        add_command(app, "plugins", "The LV2 plug-ins of this machine, for inserts of type lv2",
                    "  loopmind plugins list\n  loopmind plugins scan --all");
    plugins->require_subcommand(1);
    for (const bool scanning : {false, true}) {
        auto options = std::make_shared<PluginOptions>();
        options->scan = scanning;
        CLI::App* command =
            scanning
                ? add_command(*plugins, "scan",
                              "Try again what was blocked, and look for new plug-ins; each runs in a process "
                              "of its own",
                              "  loopmind plugins scan\n  loopmind plugins scan --all --seconds 60")
                : add_command(*plugins, "list", "What is installed; new and changed bundles are scanned",
                              "  loopmind plugins list --json");
        command
            ->add_option("--folder", options->folders,
                         "Folder that holds bundles, instead of $LV2_PATH or ~/.lv2, /usr/local/lib/lv2 and "
                         "/usr/lib/lv2; may be repeated")
            ->type_name("DIR");
        command->add_option("--seconds", options->seconds, "How long a plug-in may take to be tried")
            ->check(CLI::Range(1, 600))
            ->capture_default_str();
        if (scanning) command->add_flag("--all", options->all, "Forget what is known and scan everything");
        add_json(*command, pending);
        add_quiet(*command, pending);
        command->callback([options, &pending] {
            pending.run = [options](const Invocation& invocation) { return run(invocation, *options); };
        });
    }
}

} // namespace loopmind::cli
