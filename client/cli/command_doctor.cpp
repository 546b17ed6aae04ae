// `loopmind doctor`: checks this machine and says what to do about each finding.
#include "client/cli/commands.h"
#include "client/cli/doctor_checks.h"

#include <nlohmann/json.hpp>

namespace loopmind::cli {

using nlohmann::json;

namespace {

constexpr int kNameColumns = 12;

const char* level_name(Finding::Level level) {
    switch (level) {
    case Finding::Level::kOk:
        return "ok";
    case Finding::Level::kWarning:
        return "warning";
    case Finding::Level::kFailure:
        return "failure";
    }
    return "failure";
}

int examine(const Invocation& invocation) {
    Console& console = invocation.console;
    const std::vector<Finding> findings = examine_machine(invocation);
    int failures = 0, warnings = 0;
    bool local = false;
    for (const Finding& finding : findings) {
        failures += finding.level == Finding::Level::kFailure ? 1 : 0;
        warnings += finding.level == Finding::Level::kWarning ? 1 : 0;
        local = local || (finding.level == Finding::Level::kFailure && finding.name != "coordinator" &&
                          finding.name != "workers");
    }
    if (console.json) {
        json list = json::array();
        for (const Finding& finding : findings)
            list.push_back({{"check", finding.name},
                            {"result", level_name(finding.level)},
                            {"message", finding.message},
                            {"hint", finding.hint}});
        console.print_json({{"healthy", failures == 0}, {"checks", list}});
    } else {
        for (const Finding& finding : findings) {
            const char* mark = finding.level == Finding::Level::kOk        ? " ok "
                               : finding.level == Finding::Level::kWarning ? "warn"
                                                                           : "FAIL";
            console.print(std::string(mark) + "  " + padded(finding.name, kNameColumns) + "  " +
                          printable(finding.message));
            if (!finding.hint.empty())
                console.print("      " + std::string(kNameColumns, ' ') + "  -> " + printable(finding.hint));
        }
        console.print("");
        console.print(failures == 0 && warnings == 0 ? "all well"
                                                     : std::to_string(failures) + " to repair, " +
                                                           std::to_string(warnings) + " to look at");
    }
    return failures == 0 ? kExitOk : local ? kExitLocal : kExitFarmAway;
}

} // namespace

void add_doctor(CLI::App& app, Pending& pending) {
    CLI::App* doctor = add_command(app, "doctor", "Check this machine and say what to do",
                                   "  loopmind doctor\n  loopmind doctor --json");
    add_json(*doctor, pending);
    doctor->callback([&pending] { pending.run = examine; });
}

} // namespace loopmind::cli
