// `loopmind project relink`, `collect` and `recover`: the files that a project names, and what a crash left.
#include "client/cli/command_project.h"
#include "client/cli/table.h"
#include "engine/session/journal.h"
#include "engine/session/project.h"
#include "proto/base/durable_file.h"
#include "proto/base/sha256.h"

#include <nlohmann/json.hpp>

#include <chrono>
#include <ctime>

namespace loopmind::cli {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

/// Files that cannot be read or written are this computer's trouble; all else is what was asked.
Failure failure_of(const Error& error) {
    const bool local = error.code == ErrorCode::kResourceExhausted ||
                       error.code == ErrorCode::kPermissionDenied || error.code == ErrorCode::kUnavailable;
    return local ? local_failure(error) : bad_input(error);
}

struct RelinkOptions {
    std::string project, media, file;
};

int relink(const Invocation& invocation, const RelinkOptions& options) {
    const Console& console = invocation.console;
    auto project = session::Project::load(options.project);
    if (!project.ok()) return console.fail(bad_input(project.error()));
    std::error_code failed;
    const fs::path folder = fs::weakly_canonical(session::project_folder(options.project), failed);
    const fs::path file = fs::weakly_canonical(options.file, failed);
    const auto digest = base::sha256_file(file);
    if (!digest.ok()) return console.fail(failure_of(digest.error()));
    const fs::path inside = file.lexically_relative(folder);
    if (inside.empty() || *inside.begin() == "..")
        return console.fail(
            bad_input({ErrorCode::kInvalidArgument, options.file, "lies outside the project's folder",
                       "copy it beside the project, or use `loopmind project collect --from`"}));
    if (Status set = project->relink(options.media, inside.string(), digest->sha256); !set.ok())
        return console.fail(bad_input(set.error()));
    if (Status saved = project->save(options.project); !saved.ok())
        return console.fail(local_failure(saved.error()));
    if (console.json)
        console.print_json({{"media", options.media}, {"file", inside.string()}, {"sha256", digest->sha256}});
    else
        console.print(options.media + " plays " + inside.string() + " now");
    return kExitOk;
}

struct CollectWish {
    std::string project, out;
    std::vector<std::string> from;
    bool link = false;
};

int collect(const Invocation& invocation, const CollectWish& wish) {
    const Console& console = invocation.console;
    auto project = session::Project::load(wish.project);
    if (!project.ok()) return console.fail(bad_input(project.error()));
    const fs::path source = wish.project;
    const fs::path folder = wish.out.empty() ? session::project_folder(source) : fs::path(wish.out);
    const fs::path target = folder / source.filename();
    std::error_code failed;
    if (!wish.out.empty()) {
        if (fs::exists(target, failed) && !fs::equivalent(target, source, failed))
            return console.fail(bad_input({ErrorCode::kAlreadyExists, target.string(), "exists already",
                                           "choose another folder for --out"}));
        fs::create_directories(folder, failed);
        if (failed)
            return console.fail(local_failure(
                {ErrorCode::kPermissionDenied, folder.string(), "cannot be made: " + failed.message(), ""}));
    }
    session::CollectOptions options{{wish.from.begin(), wish.from.end()}, wish.link};
    options.roots.push_back(session::project_folder(source));
    const auto report = project->collect(folder, options);
    if (!report.ok()) return console.fail(failure_of(report.error()));
    if (Status saved = project->save(target); !saved.ok()) return console.fail(local_failure(saved.error()));
    json missing = json::array();
    for (const auto& one : report->missing)
        missing.push_back({{"id", one.id}, {"file", one.file}, {"reason", one.reason}});
    if (console.json) {
        console.print_json({{"file", target.string()},
                            {"collected", report->collected},
                            {"present", report->present},
                            {"missing", missing},
                            {"bytes", report->bytes}});
    } else {
        console.print(target.string() + ": " + std::to_string(report->collected.size()) +
                      " files brought in (" + bytes_text(report->bytes) + "), " +
                      std::to_string(report->present.size()) + " there already, " +
                      std::to_string(report->missing.size()) + " missing");
        for (const auto& one : report->missing)
            console.print("  missing " + printable(one.id) + " (" + printable(one.file) +
                          "): " + printable(one.reason));
        if (!report->missing.empty())
            console.print("add --from FOLDER to say where else to look, or `loopmind project relink`");
    }
    return report->missing.empty() ? kExitOk : kExitBadInput;
}

struct RecoverOptions {
    std::string project, out;
    int state = 0;
    bool force = false;
};

std::string time_text(std::int64_t unix_ms) {
    const std::time_t seconds = static_cast<std::time_t>(unix_ms / 1000);
    std::tm parts{};
    ::localtime_r(&seconds, &parts);
    char text[32];
    return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts)};
}

const char* kind_text(session::Recovery::Kind kind) {
    switch (kind) {
    case session::Recovery::Kind::kNone:
        return "nothing unsaved";
    case session::Recovery::Kind::kUnsaved:
        return "changes newer than the project file";
    case session::Recovery::Kind::kDiverged:
        return "changes made from another version of the project file";
    case session::Recovery::Kind::kInUse:
        return "the project is open in another program";
    }
    return "";
}

int list_states(const Console& console, const session::Recovery& found) {
    if (console.json) {
        json states = json::array();
        for (std::size_t i = 0; i < found.states.size(); ++i)
            states.push_back(
                {{"state", i + 1}, {"time", found.states[i].time}, {"bytes", found.states[i].text.size()}});
        console.print_json(
            {{"found", kind_text(found.kind)}, {"damaged", found.damaged}, {"states", states}});
        return kExitOk;
    }
    console.print(std::string(kind_text(found.kind)) +
                  (found.damaged ? "; the end of the journal was damaged and is left out" : ""));
    std::vector<std::vector<std::string>> rows{{"STATE", "KEPT AT", "SIZE"}};
    for (std::size_t i = 0; i < found.states.size(); ++i)
        rows.push_back({std::to_string(i + 1), time_text(found.states[i].time),
                        bytes_text(found.states[i].text.size())});
    if (!found.states.empty()) {
        for (const std::string& line : table_lines(rows, console.width()))
            console.print("  " + line);
        console.print("the last one is the newest; --out FILE writes it, --state N another");
    }
    return kExitOk;
}

int recover(const Invocation& invocation, const RecoverOptions& options) {
    const Console& console = invocation.console;
    const session::Recovery found = session::read_journal(options.project);
    if (options.out.empty()) return list_states(console, found);
    if (found.states.empty())
        return console.fail(
            bad_input({ErrorCode::kNotFound, options.project,
                       std::string("has no state to recover: ") + kind_text(found.kind), ""}));
    const auto count = static_cast<int>(found.states.size());
    if (options.state > count)
        return console.fail(bad_input({ErrorCode::kInvalidArgument, "--state",
                                       std::to_string(options.state) + " is above " + std::to_string(count),
                                       "run it without --out to see the states"}));
    std::error_code failed;
    if (fs::exists(options.out, failed) && !options.force)
        return console.fail(bad_input({ErrorCode::kAlreadyExists, options.out, "exists already",
                                       "choose another name, or add --force"}));
    const int chosen = options.state == 0 ? count : options.state;
    auto project = session::Project::from_json(found.states[static_cast<std::size_t>(chosen - 1)].text);
    if (!project.ok()) return console.fail(bad_input(project.error()));
    if (Status saved = project->save(options.out); !saved.ok())
        return console.fail(local_failure(saved.error()));
    if (console.json)
        console.print_json({{"file", options.out}, {"state", chosen}});
    else
        console.print("state " + std::to_string(chosen) + " of " + std::to_string(count) + " is in " +
                      options.out);
    return kExitOk;
}

} // namespace

void add_project_files(CLI::App& project, Pending& pending) {
    auto linked = std::make_shared<RelinkOptions>();
    CLI::App* relink_command =
        add_command(project, "relink", "Point a medium at another file",
                    "  loopmind project relink song.loopmind drums-audio stems/drums-new.wav");
    relink_command->add_option("FILE", linked->project, "The project file")->required();
    relink_command->add_option("MEDIA", linked->media, "Id of the medium, as errors and `info` name it")
        ->required();
    relink_command->add_option("NEW", linked->file, "The file it plays from now on, in the project's folder")
        ->required();
    add_json(*relink_command, pending);
    relink_command->callback([linked, &pending] {
        pending.run = [linked](const Invocation& invocation) { return relink(invocation, *linked); };
    });

    auto wish = std::make_shared<CollectWish>();
    CLI::App* collect_command =
        add_command(project, "collect", "Bring every file that a project names into its folder",
                    "  loopmind project collect song.loopmind --from ~/samples\n"
                    "  loopmind project collect song.loopmind --out /media/stick/song");
    collect_command->add_option("FILE", wish->project, "The project file")->required();
    collect_command->add_option("--from", wish->from, "Folder to look in as well; may be repeated");
    collect_command->add_option("--out", wish->out,
                                "Folder for a portable copy; the project itself is left alone");
    collect_command->add_flag("--hard-link", wish->link, "Share the bytes where the file system can");
    add_json(*collect_command, pending);
    collect_command->callback([wish, &pending] {
        pending.run = [wish](const Invocation& invocation) { return collect(invocation, *wish); };
    });

    auto kept = std::make_shared<RecoverOptions>();
    CLI::App* recover_command =
        add_command(project, "recover", "List or write back what autosave kept of a project after a crash",
                    "  loopmind project recover song.loopmind\n"
                    "  loopmind project recover song.loopmind --out song-recovered.loopmind");
    recover_command->add_option("FILE", kept->project, "The project file, also when it is gone")->required();
    recover_command->add_option("--out", kept->out, "Write a state here");
    recover_command->add_option("--state", kept->state, "Which state (default: the newest)")
        ->check(CLI::Range(1, 1000));
    recover_command->add_flag("--force", kept->force, "Replace a file that exists");
    add_json(*recover_command, pending);
    recover_command->callback([kept, &pending] {
        pending.run = [kept](const Invocation& invocation) { return recover(invocation, *kept); };
    });
}

} // namespace loopmind::cli
