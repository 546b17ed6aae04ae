// `loopmind automix`: gains, pans, tilt and compression of a project from what its tracks measure.
#include "client/cli/commands.h"
#include "client/cli/interrupt.h"
#include "client/cli/plugin_scan.h"
#include "client/cli/table.h"
#include "client/farm/installed_plugins.h"
#include "engine/automix/project.h"
#include "engine/automix/targets.h"
#include "engine/session/project.h"
#include "proto/base/durable_file.h"
#include "proto/base/random_id.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <thread>

namespace loopmind::cli {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

struct AutomixOptions {
    std::string project, out, genre;
    std::vector<std::string> keep;
    bool dry_run = false, no_pan = false, no_eq = false, no_compression = false, skip_missing = false,
         force = false;
    std::optional<double> lufs;
};

std::string fixed(double value, int digits, bool sign = false) {
    if (!std::isfinite(value)) return "-";
    char text[48];
    std::snprintf(text, sizeof text, sign ? "%+.*f" : "%.*f", digits, value);
    return text;
}

class Automix {
  public:
    Automix(const Invocation& invocation, const AutomixOptions& options)
        : invocation_(invocation), console_(invocation.console), options_(options), project_(options.project),
          scratch_(invocation.home.cache() / "automix" / base::random_hex(8)) {}
    ~Automix() {
        std::error_code ignored;
        fs::remove_all(scratch_, ignored);
    }

    int run() {
        std::error_code failed;
        out_ = options_.out.empty() ? project_ : fs::path(options_.out);
        const bool over = fs::exists(out_, failed) && !fs::equivalent(out_, project_, failed);
        if (over && !options_.force && !options_.dry_run)
            return console_.fail(bad_input({ErrorCode::kAlreadyExists, out_.string(), "exists already",
                                            "choose another name, or add --force"}));
        if (!options_.dry_run &&
            !fs::equivalent(session::project_folder(out_), session::project_folder(project_), failed))
            return console_.fail(
                bad_input({ErrorCode::kInvalidArgument, "--out",
                           out_.string() + " does not lie in the project's folder, where its media are",
                           "give a name beside " + project_.string()}));
        fs::create_directories(scratch_, failed);
        if (failed)
            return console_.fail(local_failure({ErrorCode::kPermissionDenied, scratch_.string(),
                                                "cannot be made: " + failed.message(),
                                                "check the folder's permissions and the disk"}));
        Interrupt interrupt;
        automix::ProjectOptions wish;
        wish.genre = options_.genre;
        wish.keep = {options_.keep.begin(), options_.keep.end()};
        wish.pans = !options_.no_pan;
        wish.tilt = !options_.no_eq;
        wish.compression = !options_.no_compression;
        wish.lufs = options_.lufs;
        wish.threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
        wish.scratch = scratch_;
        wish.cancelled = [&] { return interrupt.count() > 0; };
        wish.progress = [this](double share) { tell_progress(share); };
        wish.skip_missing = options_.skip_missing;
        wish.find_plugins = [this] { return farm::hosted_plugins(invocation_.home, told_scan(console_)); };
        const auto mixed = automix::mix_project(project_, wish);
        if (!mixed.ok())
            return console_.fail(mixed.error().code == ErrorCode::kCancelled ? job_failure(mixed.error())
                                                                             : bad_input(mixed.error()));
        if (!options_.dry_run)
            if (Status saved = save(*mixed); !saved.ok()) return console_.fail(local_failure(saved.error()));
        tell(*mixed);
        return kExitOk;
    }

  private:
    void tell_progress(double share) {
        const int percent = static_cast<int>(share * 100);
        if (percent / 25 == shown_ / 25 && shown_ >= 0) return;
        shown_ = percent;
        console_.note("listening: " + std::to_string(percent) + " %");
    }

    /// The project as it was goes beside it before it is replaced; writing elsewhere replaces nothing.
    Status save(const automix::MixedProject& mixed) {
        std::error_code failed;
        const bool in_place = fs::exists(out_, failed) && fs::equivalent(out_, project_, failed);
        if (in_place && !mixed.changed) return {};
        if (in_place) {
            const auto before = base::read_file(project_, session::kMaxProjectBytes);
            if (!before.ok()) return before.error();
            backup_ = project_.string() + ".before-automix";
            if (Status kept = base::write_durably(backup_, *before); !kept.ok()) return kept;
        }
        written_ = true;
        return base::write_durably(out_, mixed.document);
    }

    void tell(const automix::MixedProject& mixed) const {
        const automix::Report& report = mixed.report;
        if (console_.json) {
            json out = json::parse(automix::report_json(report));
            out["project"] = project_.string();
            out["file"] = written_ ? json(out_.string()) : json(nullptr);
            out["backup"] = backup_.empty() ? json(nullptr) : json(backup_.string());
            out["dry_run"] = options_.dry_run;
            out["skipped"] = mixed.skipped;
            console_.print_json(out);
            return;
        }
        for (const std::string& skipped : mixed.skipped)
            console_.note("left out: " + skipped);
        console_.print("genre     " + report.genre +
                       (report.genre_from == "session" ? " (as it was generated)"
                        : report.genre_from == "none"  ? " (the project tells none; --genre chooses one)"
                                                       : ""));
        print_loudness(report);
        print_tracks(report);
        if (!report.changes.empty()) console_.print("");
        for (const automix::Change& change : report.changes)
            console_.print("  " + printable(change.line));
        if (!report.notes.empty()) console_.print("");
        for (const automix::Note& note : report.notes)
            console_.print("  " + printable(note.line));
        console_.print("");
        console_.print(closing(mixed));
    }

    void print_loudness(const automix::Report& report) const {
        if (report.tracks.empty()) return;
        console_.print("mix       " + fixed(report.lufs_before, 1) + " to " + fixed(report.lufs_after, 1) +
                       " LUFS ahead of the master" +
                       (report.mastered ? ", " + fixed(report.mastered_before, 1) + " to " +
                                              fixed(report.mastered_after, 1) + " behind it"
                                        : ""));
    }

    void print_tracks(const automix::Report& report) const {
        if (report.tracks.empty()) return;
        console_.print("");
        std::vector<std::vector<std::string>> rows{
            {"TRACK", "ROLE", "BEFORE", "AFTER", "FADER", "MASKED", "BY"}};
        for (const automix::TrackFigures& track : report.tracks) {
            std::string moved = "stays";
            for (const automix::Change& change : report.changes)
                if (change.track == track.id && change.what == automix::Change::What::kGain)
                    moved = fixed(change.after - change.before, 1, true) + " dB";
            rows.push_back(
                {printable(track.name), track.role, fixed(track.lufs_before, 1) + " LUFS",
                 fixed(track.lufs_after, 1) + " LUFS", moved,
                 fixed(100 * track.masked_before, 0) + " to " + fixed(100 * track.masked_after, 0) + " %",
                 track.masked_by.empty() ? "-" : printable(track.masked_by)});
        }
        for (const std::string& line : table_lines(rows, console_.width()))
            console_.print("  " + line);
    }

    std::string closing(const automix::MixedProject& mixed) const {
        const std::size_t count = mixed.report.changes.size();
        if (!mixed.changed)
            return "nothing to change" + (written_ ? "; copied to " + out_.string() : std::string());
        const std::string what = std::to_string(count) + (count == 1 ? " change" : " changes");
        if (options_.dry_run) return what + " would be made; nothing was written";
        return what + " in " + out_.string() +
               (backup_.empty() ? "" : "; the project as it was is " + backup_.string());
    }

    const Invocation& invocation_;
    Console& console_;
    const AutomixOptions& options_;
    const fs::path project_, scratch_;
    fs::path out_, backup_;
    bool written_ = false;
    int shown_ = -1;
};

} // namespace

void add_automix(CLI::App& app, Pending& pending) {
    auto options = std::make_shared<AutomixOptions>();
    CLI::App* command =
        add_command(app, "automix", "Balance a project: gains, pans, tilt and compression, each explained",
                    "  loopmind automix song.loopmind --dry-run\n"
                    "  loopmind automix song.loopmind --genre House --out balanced.loopmind\n"
                    "  loopmind automix song.loopmind --keep bass --keep drums --no-compression");
    command->add_option("PROJECT", options->project, "The .loopmind file")->required();
    std::string genres;
    for (const std::string& name : automix::genre_names())
        genres += (genres.empty() ? "" : ", ") + name;
    command
        ->add_option("--genre", options->genre,
                     "Whose balance to aim at (default: the project's own): " + genres)
        ->type_name("GENRE");
    command
        ->add_option("--out", options->out,
                     "Write the mixed project there, beside PROJECT and its media (default: over PROJECT, "
                     "which is kept as PROJECT.before-automix)")
        ->type_name("FILE");
    command->add_flag("--dry-run", options->dry_run, "Say what would change and write nothing");
    command
        ->add_option("--keep", options->keep, "A track that stays as it is; the others are mixed around it")
        ->type_name("TRACK")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    command
        ->add_option(
            "--lufs", options->lufs,
            "Loudness ahead of the master, -60 to -6 (default: -14 behind a mastering chain, else -23)")
        ->type_name("LUFS");
    command->add_flag("--no-pan", options->no_pan, "Leave pans");
    command->add_flag("--no-eq", options->no_eq, "Leave the tilt of tracks");
    command->add_flag("--no-compression", options->no_compression, "Leave the dynamics of tracks");
    command->add_flag("--skip-missing", options->skip_missing, "Mix without clips whose media are missing");
    command->add_flag("--force", options->force, "Replace a file that --out names");
    add_json(*command, pending);
    add_quiet(*command, pending);
    command->callback([options, &pending] {
        pending.run = [options](const Invocation& invocation) { return Automix(invocation, *options).run(); };
    });
}

} // namespace loopmind::cli
