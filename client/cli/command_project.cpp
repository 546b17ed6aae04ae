// `loopmind project new`, `add` and `info`: `.loopmind` files without the app.
#include "client/cli/command_project.h"
#include "client/cli/deliver_job.h"
#include "client/cli/follow_job.h"
#include "client/cli/project_layer.h"
#include "client/cli/table.h"
#include "engine/session/project.h"

#include <nlohmann/json.hpp>

#include <cmath>

namespace loopmind::cli {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

struct NewOptions {
    std::string file, name, mode = "creative";
    bool force = false;
};

struct AddOptions {
    std::string file, job, placement = "append";
    int variation = 1;
};

int create(const Invocation& invocation, const NewOptions& options) {
    Console& console = invocation.console;
    const fs::path file = options.file;
    std::error_code failed;
    if (fs::exists(file, failed) && !options.force)
        return console.fail(bad_input({ErrorCode::kAlreadyExists, file.string(), "exists already",
                                       "choose another name, or add --force"}));
    session::Project project;
    project.set_name(options.name.empty() ? file.stem().string() : options.name);
    if (Status set = project.set_mode(options.mode); !set.ok()) return console.fail(bad_input(set.error()));
    if (Status saved = project.save(file); !saved.ok()) return console.fail(local_failure(saved.error()));
    if (console.json)
        console.print_json({{"file", file.string()}});
    else
        console.print("made " + file.string() + "; `loopmind generate \"...\" --project " + file.string() +
                      "` adds music");
    return kExitOk;
}

int add(const Invocation& invocation, const AddOptions& options) {
    Console& console = invocation.console;
    auto connected = connect(invocation);
    if (auto* failure = std::get_if<Failure>(&connected)) return console.fail(*failure);
    farm::FarmClient& client = *std::get<std::unique_ptr<farm::FarmClient>>(connected);
    auto id = find_job(client, options.job);
    if (auto* failure = std::get_if<Failure>(&id)) return console.fail(*failure);
    FollowOptions follow;
    follow.cancel_on_interrupt = false;
    auto followed = follow_job(invocation, client, std::get<std::string>(id), follow);
    if (auto* failure = std::get_if<Failure>(&followed)) return console.fail(*failure);
    const v1::JobInfo& job = std::get<Followed>(followed).job;
    auto delivered = deliver_job(client, job, {layer_folder(options.file, job.job_id()), false, false});
    if (auto* failure = std::get_if<Failure>(&delivered)) return console.fail(*failure);
    const auto placement = options.placement == "replace" ? session::Placement::kReplace
                           : options.placement == "shelf" ? session::Placement::kShelf
                                                          : session::Placement::kAppend;
    const auto& music = std::get<farm::Delivered>(delivered);
    const bool has_variation =
        std::any_of(music.files.begin(), music.files.end(), [&](const farm::DeliveredFile& file) {
            return file.role == "stem" && file.variation == options.variation - 1;
        });
    if (!has_variation)
        return console.fail(bad_input({ErrorCode::kInvalidArgument, "variation",
                                       "the job has no variation " + std::to_string(options.variation),
                                       "leave --variation out"}));
    auto layers = add_layer(options.file, job, music, options.variation - 1, placement);
    if (!layers.ok())
        return console.fail(layers.error().code == ErrorCode::kResourceExhausted ||
                                    layers.error().code == ErrorCode::kPermissionDenied
                                ? local_failure(layers.error())
                                : bad_input(layers.error()));
    describe_blobs(client.cache(), job);
    if (console.json)
        console.print_json({{"file", options.file}, {"layers", *layers}, {"folder", music.folder.string()}});
    else
        console.print("layer " + std::to_string(*layers) + " of " + options.file + "; its files are in " +
                      music.folder.string());
    return kExitOk;
}

json info_json(const session::ProjectInfo& info) {
    json tracks = json::array(), layers = json::array(), sections = json::array(), media = json::array();
    for (const auto& track : info.tracks)
        tracks.push_back({{"id", track.id},
                          {"name", track.name},
                          {"type", track.type},
                          {"role", track.role},
                          {"clips", track.clips},
                          {"gain_db", track.gain_db}});
    for (const auto& layer : info.layers)
        layers.push_back({{"id", layer.id},
                          {"name", layer.name},
                          {"prompt", layer.prompt},
                          {"params", json::parse(layer.params_json, nullptr, false)},
                          {"created_at", layer.created_at},
                          {"seed", layer.seed},
                          {"starred", layer.starred},
                          {"stems", layer.stems}});
    for (const auto& section : info.sections)
        sections.push_back({{"name", section.name}, {"start", section.start}, {"length", section.length}});
    for (const auto& item : info.media)
        media.push_back({{"id", item.id},
                         {"kind", item.kind},
                         {"file", item.file},
                         {"sha256", item.sha256},
                         {"size", item.size},
                         {"embedded", item.embedded}});
    return {{"version", info.version}, {"name", info.name},       {"mode", info.mode},
            {"tempo", info.tempo},     {"meter", info.meter},     {"key", info.key},
            {"bars", info.bars},       {"seconds", info.seconds}, {"sample_rate", info.sample_rate},
            {"fx", info.fx},           {"tracks", tracks},        {"layers", layers},
            {"sections", sections},    {"media", media},          {"markers", info.markers}};
}

std::string rounded(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.10g", value);
    return text;
}

void print_info(const Console& console, const session::ProjectInfo& info, const fs::path& file) {
    console.print("project   " + printable(info.name) + " (" + file.string() + ", version " + info.version +
                  ", " + info.mode + " mode)");
    console.print("music     " + rounded(info.tempo) + " BPM, " + info.meter +
                  (info.key.empty() ? "" : ", " + printable(info.key)) + ", " + std::to_string(info.bars) +
                  " bars, " + duration_text(info.seconds) + ", " + std::to_string(info.sample_rate) + " Hz");
    std::string fx;
    for (const auto& [name, amount] : info.fx)
        fx += (fx.empty() ? "" : ", ") + name + " " + rounded(std::round(amount * 100) / 100);
    if (!fx.empty()) console.print("fx        " + fx);
    std::string sections;
    for (const auto& section : info.sections)
        sections += (sections.empty() ? "" : ", ") + printable(section.name);
    if (!sections.empty()) console.print("sections  " + sections);
    if (!info.tracks.empty()) {
        console.print("");
        std::vector<std::vector<std::string>> rows{{"TRACK", "TYPE", "ROLE", "CLIPS", "LEVEL"}};
        for (const auto& track : info.tracks)
            rows.push_back({printable(track.name), track.type, track.role.empty() ? "-" : track.role,
                            std::to_string(track.clips), rounded(track.gain_db) + " dB"});
        for (const std::string& line : table_lines(rows, console.width()))
            console.print("  " + line);
    }
    if (!info.layers.empty()) {
        console.print("");
        std::vector<std::vector<std::string>> rows{{"LAYER", "CREATED", "STEMS", "SEED", "PROMPT"}};
        for (const auto& layer : info.layers)
            rows.push_back({(layer.starred ? "* " : "") + printable(layer.id),
                            layer.created_at.empty() ? "-" : printable(layer.created_at),
                            std::to_string(layer.stems), std::to_string(layer.seed),
                            printable(layer.prompt)});
        for (const std::string& line : table_lines(rows, console.width()))
            console.print("  " + line);
    }
    std::error_code failed;
    int missing = 0, embedded = 0;
    for (const auto& item : info.media) {
        embedded += item.embedded ? 1 : 0;
        const auto path = session::media_path(session::project_folder(file), item.file);
        if (!item.embedded && (!path.ok() || !fs::exists(*path, failed))) ++missing;
    }
    console.print("");
    console.print(std::to_string(info.media.size()) + " media files" +
                  (embedded ? ", " + std::to_string(embedded) + " embedded" : "") +
                  (missing ? ", " + std::to_string(missing) + " MISSING (put them back beside the project)"
                           : ", none missing"));
}

int info(const Invocation& invocation, const std::string& file) {
    auto project = session::Project::load(file);
    if (!project.ok()) return invocation.console.fail(bad_input(project.error()));
    const session::ProjectInfo info = project->info();
    if (invocation.console.json)
        invocation.console.print_json(info_json(info));
    else
        print_info(invocation.console, info, file);
    return kExitOk;
}

} // namespace

void add_project(CLI::App& app, Pending& pending) {
    CLI::App* project =
        add_command(app, "project", "Make, fill and describe .loopmind projects",
                    "  loopmind project new song.loopmind\n  loopmind project add song.loopmind 3f2a\n"
                    "  loopmind project info song.loopmind");
    project->require_subcommand(1);

    auto made = std::make_shared<NewOptions>();
    CLI::App* create_command = add_command(*project, "new", "Make an empty project",
                                           "  loopmind project new song.loopmind --name \"My song\"");
    create_command->add_option("FILE", made->file, "The project file")->required();
    create_command->add_option("--name", made->name, "Its name (default: the file's)");
    create_command->add_option("--mode", made->mode, "creative or studio")
        ->check(CLI::IsMember({"creative", "studio"}))
        ->capture_default_str();
    create_command->add_flag("--force", made->force, "Replace a file that exists");
    add_json(*create_command, pending);
    create_command->callback([made, &pending] {
        pending.run = [made](const Invocation& invocation) { return create(invocation, *made); };
    });

    auto added = std::make_shared<AddOptions>();
    CLI::App* add_layer_command = add_command(*project, "add", "Add the result of a job as a layer",
                                              "  loopmind project add song.loopmind 3f2a --place append");
    add_layer_command->add_option("FILE", added->file, "The project file; made when missing")->required();
    add_layer_command->add_option("JOB", added->job, "Id of the job, or its first digits")->required();
    add_layer_command
        ->add_option("--place", added->placement,
                     "append: behind what is there; replace: instead of the tracks of the same role; shelf: "
                     "kept as a layer only")
        ->check(CLI::IsMember({"append", "replace", "shelf"}))
        ->capture_default_str();
    add_layer_command->add_option("--variation", added->variation, "Which variation")
        ->check(CLI::Range(1, 8))
        ->capture_default_str();
    add_json(*add_layer_command, pending);
    add_layer_command->callback([added, &pending] {
        pending.run = [added](const Invocation& invocation) { return add(invocation, *added); };
    });

    auto shown = std::make_shared<std::string>();
    CLI::App* info_command =
        add_command(*project, "info", "Describe a project", "  loopmind project info song.loopmind --json");
    info_command->add_option("FILE", *shown, "The project file")->required();
    add_json(*info_command, pending);
    info_command->callback([shown, &pending] {
        pending.run = [shown](const Invocation& invocation) { return info(invocation, *shown); };
    });

    add_project_files(*project, pending);
}

} // namespace loopmind::cli
