// Delivers a finished job from the local cache and tells the person what they have.
#include "client/cli/deliver_job.h"

#include "client/cli/interrupt.h"
#include "client/farm/file_names.h"
#include "proto/request/params.h"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <map>

namespace loopmind::cli {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr int kFolderNumbers = 1000;

std::string number_text(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.10g", value);
    return text;
}

json json_of(const v1::JobInfo& job, const farm::Delivered& delivered, double seconds,
             double first_audio_seconds) {
    json files = json::array();
    for (const farm::DeliveredFile& file : delivered.files) {
        json item = {{"file", file.file}, {"role", file.role}, {"variation", file.variation}};
        if (!file.stem.empty()) item["stem"] = file.stem;
        files.push_back(std::move(item));
    }
    json document = {{"job_id", job.job_id()},
                     {"cached", job.cached()},
                     {"unchanged", delivered.unchanged},
                     {"folder", delivered.folder.string()},
                     {"files", files},
                     {"params", json::parse(job.resolved_json(), nullptr, false)}};
    if (seconds >= 0) document["seconds"] = seconds;
    if (first_audio_seconds >= 0) document["first_audio_seconds"] = first_audio_seconds;
    return document;
}

/// One line per folder of files, one per single file.
void tell_files(const Console& console, const farm::Delivered& delivered) {
    std::map<std::string, std::string> stems; // folder of a variation -> names
    std::map<std::string, int> midi;
    for (const farm::DeliveredFile& file : delivered.files) {
        const std::string top = fs::path(file.file).parent_path().parent_path().string();
        if (file.role == "stem") stems[top] += (stems[top].empty() ? "" : ", ") + file.stem;
        if (file.role == "midi") ++midi[top];
    }
    int columns = 24;
    for (const farm::DeliveredFile& file : delivered.files)
        if (file.role == "project") columns = std::max(columns, display_width(file.file));
    const auto line = [&](const std::string& path, const std::string& what) {
        console.print("  " + padded(path, columns) + "  " + what);
    };
    const auto inside = [](const std::string& top, const std::string& name) {
        return top.empty() ? name : top + "/" + name;
    };
    for (const auto& [top, names] : stems) {
        line(inside(top, "stems/"), "WAV loops: " + names);
        line(inside(top, "midi/"), std::to_string(midi[top]) + " MIDI files (all.mid holds all stems)");
        for (const farm::DeliveredFile& file : delivered.files) {
            if (fs::path(file.file).parent_path().string() != top) continue;
            if (file.role == "mix") line(file.file, "mix, -14 LUFS");
            if (file.role == "premaster") line(file.file, "sum of the stems before mastering");
            if (file.role == "project") line(file.file, "project for the LoopMind app");
        }
    }
    line("params.json", "the request; `loopmind generate --params` reads it");
}

} // namespace

Attempt<farm::Delivered> deliver_job(farm::FarmClient& client, const v1::JobInfo& job,
                                     const farm::DeliveryOptions& options) {
    const farm::Cache& cache = client.cache();
    const Interrupt too_late; // Ctrl-C now waits for the files: a moment, and nothing is left half-written
    auto delivered = farm::deliver(
        job, [&](const std::string& sha256) { return cache.find(sha256); }, options);
    if (delivered.ok()) return *delivered;
    if (delivered.error().code == ErrorCode::kAlreadyExists) return bad_input(delivered.error());
    return local_failure(delivered.error());
}

std::string params_line(const std::string& resolved_json) {
    const auto params = request::params_from_json(resolved_json);
    if (!params.ok()) return "";
    std::string line = params->genre + ", " + number_text(params->tempo) + " BPM, " + params->key + ", " +
                       std::to_string(params->bars) + (params->bars == 1 ? " bar" : " bars");
    if (params->meter != "4/4") line += " in " + params->meter;
    if (params->variations > 1) line += ", " + std::to_string(params->variations) + " variations";
    return line + ", seed " + std::to_string(params->seed);
}

void tell_delivery(const Console& console, const v1::JobInfo& job, const farm::Delivered& delivered,
                   double seconds, double first_audio_seconds) {
    if (console.json) return console.print_json(json_of(job, delivered, seconds, first_audio_seconds));
    if (console.quiet) return console.print(delivered.folder.string());
    const std::string prompt = printable(job.prompt());
    console.print((prompt.empty() ? "" : shortened(prompt, 60) + " – ") + params_line(job.resolved_json()));
    console.print(delivered.folder.string() + "/");
    tell_files(console, delivered);
    std::string end = delivered.unchanged ? "unchanged: this folder holds exactly this result already"
                      : job.cached()      ? "from the cache: nothing had to be rendered"
                                          : "rendered";
    if (seconds >= 0) {
        char text[64];
        std::snprintf(text, sizeof text, seconds < 0.0995 ? "%.0f ms" : "%.2f s",
                      seconds < 0.0995 ? seconds * 1000 : seconds);
        end += std::string(", ") + text;
    }
    if (first_audio_seconds >= 0) {
        char text[64];
        std::snprintf(text, sizeof text, " (first audio after %.2f s)", first_audio_seconds);
        end += text;
    }
    console.print(end);
}

fs::path default_out(const std::string& resolved_json) {
    std::string name = "loop";
    if (const auto params = request::params_from_json(resolved_json); params.ok())
        name = farm::file_name_from(params->prompt, farm::file_name_from(params->genre, "loop"));
    for (int n = 1; n < kFolderNumbers; ++n) {
        const fs::path out = n == 1 ? name : name + "-" + std::to_string(n);
        if (farm::check_delivery_folder(out, resolved_json, false).ok()) return out;
    }
    return name;
}

} // namespace loopmind::cli
