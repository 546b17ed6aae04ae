// Tells what a mixdown left.
#include "client/cli/deliver_mixdown.h"

#include <nlohmann/json.hpp>

#include <cstdio>

namespace loopmind::cli {

namespace {

using nlohmann::json;

std::string loudness_line(const farm::MixdownReport& report) {
    if (!report.lufs) return "silence";
    char text[96];
    std::snprintf(text, sizeof text, "%.1f LUFS, true peak %.1f dBTP", *report.lufs,
                  report.true_peak_db.value_or(-144));
    return text;
}

json json_of(const v1::JobInfo& job, const farm::DeliveredMixdown& mixdown, double seconds) {
    json files = json::array();
    for (const farm::DeliveredFile& file : mixdown.delivered.files) {
        json item = {{"file", file.file}, {"role", file.role}};
        if (!file.stem.empty()) item["track"] = file.stem;
        files.push_back(std::move(item));
    }
    const farm::MixdownReport& report = mixdown.report;
    json out = {{"job_id", job.job_id()},
                {"cached", job.cached()},
                {"folder", mixdown.delivered.folder.string()},
                {"files", files},
                {"length_seconds", report.seconds},
                {"sample_rate", report.sample_rate},
                {"gain_db", report.gain_db},
                {"lufs", report.lufs ? json(*report.lufs) : json()},
                {"true_peak_db", report.true_peak_db ? json(*report.true_peak_db) : json()},
                {"faulty_inserts", report.faulty_inserts},
                {"fault_reasons", report.fault_reasons},
                {"hosted_plugins", report.hosted_plugins},
                {"bit_equal", report.hosted_plugins.empty()}};
    if (seconds >= 0) out["seconds"] = seconds;
    return out;
}

} // namespace

void tell_mixdown(const Console& console, const v1::JobInfo& job, const farm::DeliveredMixdown& mixdown,
                  double seconds) {
    const farm::MixdownReport& report = mixdown.report;
    for (std::size_t i = 0; i < report.faulty_inserts.size(); ++i)
        console.note("warning: " + printable(report.faulty_inserts[i]) + " was bypassed: " +
                     printable(i < report.fault_reasons.size() ? report.fault_reasons[i]
                                                               : "gave samples that are not finite"));
    if (console.json) return console.print_json(json_of(job, mixdown, seconds));
    if (console.quiet) return console.print(mixdown.delivered.folder.string());
    console.print((job.prompt().empty() ? "" : shortened(printable(job.prompt()), 60) + " – ") +
                  duration_text(mixdown.report.seconds) + ", " + loudness_line(mixdown.report));
    console.print(mixdown.delivered.folder.string() + "/");
    std::size_t stems = 0;
    for (const farm::DeliveredFile& file : mixdown.delivered.files) {
        if (file.role == "stem")
            ++stems;
        else
            console.print("  " + file.file);
    }
    if (stems > 0) console.print("  stems/  " + std::to_string(stems) + (stems == 1 ? " file" : " files"));
    console.print("  mixdown.json  what was measured");
    int tracks = 0, frozen = 0;
    for (const v1::TaskInfo& task : job.tasks())
        if (task.kind() == v1::TASK_KIND_TRACK) {
            ++tracks;
            frozen += task.cached() ? 1 : 0;
        }
    std::string end = job.cached() ? "from the cache: nothing had to be rendered" : "rendered";
    if (!job.cached() && frozen > 0)
        end += ", " + std::to_string(frozen) + " of " + std::to_string(tracks) + " tracks from the cache";
    if (seconds >= 0) end += ", " + duration_text(seconds);
    console.print(end);
}

} // namespace loopmind::cli
