// `loopmind mixdown`: a project rendered on the farm, or here, into every wanted file format.
#include "client/cli/commands.h"
#include "client/cli/deliver_mixdown.h"
#include "client/cli/follow_job.h"
#include "client/cli/interrupt.h"
#include "client/cli/plugin_scan.h"
#include "client/farm/file_names.h"
#include "client/farm/installed_plugins.h"
#include "client/farm/mixdown_here.h"
#include "client/farm/mixdown_job.h"
#include "proto/base/random_id.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <thread>

namespace loopmind::cli {

namespace fs = std::filesystem;

namespace {

struct MixdownOptions {
    std::string project, out, formats = "wav";
    bool stems = false, here = false, force = false, skip_missing = false, detach = false;
    std::optional<double> lufs;
    double ceiling_db = -1;
    int threads = 0;
    std::string title, artist, isrc;
};

Result<std::vector<request::MixdownExport>> read_formats(const std::string& text) {
    std::vector<request::MixdownExport> out;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t comma = std::min(text.find(',', at), text.size());
        auto one = farm::parse_export(text.substr(at, comma - at));
        if (!one.ok()) return one.error();
        out.push_back(*one);
        at = comma + 1;
    }
    return out;
}

/// A folder that goes away with its owner.
class ScratchFolder {
  public:
    explicit ScratchFolder(fs::path path) : path_(std::move(path)) {}
    ~ScratchFolder() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    Status make() const {
        std::error_code failed;
        fs::create_directories(path_, failed);
        if (failed)
            return Error{ErrorCode::kPermissionDenied, path_.string(), "cannot be made: " + failed.message(),
                         "check the folder's permissions and the disk"};
        return {};
    }
    const fs::path& path() const { return path_; }

  private:
    fs::path path_;
};

class Mixdown {
  public:
    Mixdown(const Invocation& invocation, const MixdownOptions& options)
        : invocation_(invocation), console_(invocation.console), options_(options),
          scratch_(invocation.home.cache() / "mixdown" / base::random_hex(8)) {}

    int run() {
        started_ = std::chrono::steady_clock::now();
        if (auto failure = prepare_wish()) return console_.fail(*failure);
        if (Status made = scratch_.make(); !made.ok()) return console_.fail(local_failure(made.error()));
        return options_.here ? mix_here() : mix_on_farm();
    }

  private:
    std::optional<Failure> prepare_wish() {
        auto formats = read_formats(options_.formats);
        if (!formats.ok()) return bad_input(formats.error());
        wish_.project = options_.project;
        wish_.exports = *formats;
        wish_.stems = options_.stems;
        wish_.lufs = options_.lufs;
        wish_.ceiling_db = options_.ceiling_db;
        wish_.skip_missing = options_.skip_missing;
        wish_.here = options_.here;
        for (const auto& [name, value] :
             {std::pair("title", &options_.title), std::pair("artist", &options_.artist),
              std::pair("isrc", &options_.isrc)})
            if (!value->empty()) wish_.tags[name] = *value;
        out_ = options_.out.empty() ? fs::path(options_.project).replace_extension("").string() + "-mixdown"
                                    : options_.out;
        if (Status good = farm::check_mixdown_folder(out_, options_.force); !good.ok())
            return good.error().code == ErrorCode::kAlreadyExists ? bad_input(good.error())
                                                                  : local_failure(good.error());
        return std::nullopt;
    }

    Attempt<farm::MixdownJob> prepare(const farm::FindBlob& find_blob) {
        wish_.plugins = [this] { return installed(); };
        wish_.cancelled = [this] { return interrupt_ && interrupt_->count() > 0; };
        wish_.on_bounce = [this](const mixdown::HostedInsert& one) {
            console_.note("track " + printable(one.track) + " holds a plug-in (" + printable(one.uri) +
                          "): rendered here, not bit-equal between machines");
        };
        auto job = farm::prepare_mixdown(wish_, scratch_.path(), find_blob);
        interrupt_.reset();
        if (!job.ok())
            return job.error().code == ErrorCode::kCancelled ? job_failure(job.error())
                                                             : bad_input(job.error());
        if (options_.here)
            for (const mixdown::HostedInsert& one : job->hosted)
                console_.note("track " + printable(one.track) + " holds a plug-in (" + printable(one.uri) +
                              "): not bit-equal between machines");
        for (const std::string& played : job->played)
            console_.note(played);
        for (const std::string& skipped : job->skipped)
            console_.note("left out: " + skipped);
        return std::move(*job);
    }

    /// The plug-ins of this machine; bundles that are new are scanned first.
    Result<std::shared_ptr<graph::InsertFactory>> installed() {
        interrupt_.emplace(); // rendering follows, which takes a while
        return farm::hosted_plugins(invocation_.home, told_scan(console_));
    }

    int mix_on_farm() {
        auto connected = connect(invocation_);
        if (auto* failure = std::get_if<Failure>(&connected)) return console_.fail(*failure);
        client_ = std::move(std::get<std::unique_ptr<farm::FarmClient>>(connected));
        auto prepared = prepare([this](const std::string& sha256) { return client_->cache().find(sha256); });
        if (auto* failure = std::get_if<Failure>(&prepared)) return console_.fail(*failure);
        const auto& job = std::get<farm::MixdownJob>(prepared);
        if (Status put = farm::put_mixdown(*client_, job, {}); !put.ok())
            return console_.fail(farm_failure(put.error()));
        v1::SubmitJob submission;
        submission.set_job_id(farm::FarmClient::new_job_id());
        submission.set_kind(v1::JOB_KIND_MIXDOWN);
        submission.set_params_json(job.params_json);
        const std::string id = submission.job_id();
        auto ack = farm::as_future<v1::SubmitAck>([&](auto done) {
                       client_->submit(std::move(submission), std::move(done), options_.detach);
                   }).get();
        if (!ack.ok()) return console_.fail(farm_failure(ack.error()));
        if (options_.detach) {
            if (console_.json)
                console_.print_json({{"job_id", id}});
            else
                console_.print(id);
            console_.note("`loopmind watch " + id.substr(0, 8) + "` follows it, `loopmind fetch " +
                          id.substr(0, 8) + " --out DIR` brings the result");
            return kExitOk;
        }
        FollowOptions follow;
        follow.started = started_;
        auto followed = follow_job(invocation_, *client_, id, follow);
        if (auto* failure = std::get_if<Failure>(&followed)) return console_.fail(*failure);
        const v1::JobInfo& done = std::get<Followed>(followed).job;
        const farm::Cache& cache = client_->cache();
        const int code = deliver(
            done, [&cache](const std::string& sha256) { return cache.find(sha256); }, job);
        describe_blobs(cache, done);
        return code;
    }

    int mix_here() {
        auto prepared = prepare({});
        if (auto* failure = std::get_if<Failure>(&prepared)) return console_.fail(*failure);
        Interrupt interrupt;
        int shown = -1;
        const int threads = options_.threads > 0
                                ? options_.threads
                                : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
        auto made = farm::mix_down_here(
            wish_, std::get<farm::MixdownJob>(prepared), scratch_.path(), threads,
            [&](double share) {
                const int percent = static_cast<int>(share * 100);
                if (percent / 10 == shown / 10 && shown >= 0) return;
                shown = percent;
                console_.note("mixing: " + std::to_string(percent) + " %");
            },
            [&] { return interrupt.count() > 0; });
        if (!made.ok()) return console_.fail(job_failure(made.error()));
        return deliver(made->job, made->find_blob, std::get<farm::MixdownJob>(prepared));
    }

    int deliver(const v1::JobInfo& job, const farm::FindBlob& find_blob, const farm::MixdownJob& prepared) {
        auto delivered = farm::deliver_mixdown(job, find_blob, out_, options_.force, &prepared);
        if (!delivered.ok())
            return console_.fail(delivered.error().code == ErrorCode::kAlreadyExists
                                     ? bad_input(delivered.error())
                                     : local_failure(delivered.error()));
        const double seconds =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
        tell_mixdown(console_, job, *delivered, seconds);
        return kExitOk;
    }

    const Invocation& invocation_;
    Console& console_;
    const MixdownOptions& options_;
    const ScratchFolder scratch_;
    std::chrono::steady_clock::time_point started_;
    farm::MixdownWish wish_;
    fs::path out_;
    std::optional<Interrupt> interrupt_; ///< while tracks with plug-ins are rendered
    std::unique_ptr<farm::FarmClient> client_;
};

} // namespace

void add_mixdown(CLI::App& app, Pending& pending) {
    auto options = std::make_shared<MixdownOptions>();
    CLI::App* command = add_command(
        app, "mixdown", "Render a project to audio files, on the farm",
        "  loopmind mixdown song.loopmind\n"
        "  loopmind mixdown song.loopmind --out master --format wav:24,mp3:320 --lufs -14\n"
        "  loopmind mixdown song.loopmind --stems --format wav:32,flac:16\n"
        "  loopmind mixdown song.loopmind --here\n"
        "Tracks with LV2 plug-ins (`loopmind plugins list`) are rendered here and sent as audio.");
    command->add_option("PROJECT", options->project, "The .loopmind file")->required();
    command->add_option("--out", options->out, "Folder for the result (default: PROJECT-mixdown)")
        ->type_name("DIR");
    command
        ->add_option(
            "--format", options->formats,
            "wav[:16|24|32] aiff[:16|24] flac[:16|24] ogg|mp3|opus|aac[:kbit/s], separated by commas")
        ->type_name("LIST")
        ->capture_default_str();
    command->add_flag("--stems", options->stems,
                      "Every track as a file too: behind its fader, before the master");
    command->add_option("--lufs", options->lufs, "Integrated loudness to bring the mix to, e.g. -14")
        ->type_name("LUFS");
    command->add_option("--ceiling", options->ceiling_db, "With --lufs: true peak in dBTP that is kept")
        ->type_name("DB")
        ->capture_default_str();
    command->add_option("--title", options->title, "Title tag (default: the project's name)");
    command->add_option("--artist", options->artist, "Artist tag");
    command->add_option("--isrc", options->isrc, "ISRC tag");
    command->add_flag("--skip-missing", options->skip_missing,
                      "Render without clips whose media are missing");
    command->add_flag("--here", options->here,
                      "Render in this process; needs no farm, gives the same samples (but for plug-ins)");
    command
        ->add_option("--threads", options->threads,
                     "With --here: threads to use (default: one a core); changes no sample")
        ->check(CLI::Range(1, 256))
        ->type_name("N");
    command->add_flag("--force", options->force, "Replace files in a folder that holds other things");
    command->add_flag("--detach", options->detach, "Print the job id and do not wait");
    add_json(*command, pending);
    add_quiet(*command, pending);
    command->callback([options, &pending] {
        pending.run = [options](const Invocation& invocation) { return Mixdown(invocation, *options).run(); };
    });
}

} // namespace loopmind::cli
