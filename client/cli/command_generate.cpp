// `loopmind generate`: from a request to a folder of music.
#include "client/cli/commands.h"
#include "client/cli/deliver_job.h"
#include "client/cli/follow_job.h"
#include "client/cli/project_layer.h"
#include "client/cli/request_options.h"
#include "proto/base/durable_file.h"
#include "proto/base/random_id.h"
#include "proto/request/params.h"

#include <nlohmann/json.hpp>

#include <cstdlib>
#include <iostream>
#include <iterator>

namespace loopmind::cli {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::seconds kDetachPatience{6};

struct GenerateOptions {
    std::vector<GivenOption> given;
    std::string prompt;      ///< positional
    std::string params_file; ///< "-" is stdin
    std::string out, project;
    bool detach = false, force = false, embed = false;
};

Result<std::string> read_params(const std::string& file) {
    if (file == "-") {
        std::string text((std::istreambuf_iterator<char>(std::cin)), {});
        if (text.size() > request::kJsonMax)
            return Error{ErrorCode::kInvalidArgument, "standard input", "holds more than 256 KiB", ""};
        return text;
    }
    auto text = base::read_file(file, request::kJsonMax);
    if (text.ok()) return text;
    Error error = text.error();
    if (error.hint.empty()) error.hint = "name a readable JSON file of parameters";
    return error;
}

std::uint64_t draw_seed() {
    return std::strtoull(base::random_hex(7).c_str(), nullptr, 16) & (request::kSeedMax - 1);
}

class Generate {
  public:
    Generate(const Invocation& invocation, const GenerateOptions& options)
        : invocation_(invocation), console_(invocation.console), options_(options) {}

    int run() {
        started_ = std::chrono::steady_clock::now();
        if (auto failure = build()) return console_.fail(*failure);
        if (auto failure = check_places()) return console_.fail(*failure);
        auto connected = connect(invocation_);
        if (auto* failure = std::get_if<Failure>(&connected)) return console_.fail(*failure);
        client_ = std::move(std::get<std::unique_ptr<farm::FarmClient>>(connected));
        if (options_.detach) return detach();
        auto ack = submit(false);
        if (auto* failure = std::get_if<Failure>(&ack)) return console_.fail(*failure);
        FollowOptions follow;
        follow.started = started_;
        auto followed = follow_job(invocation_, *client_, job_id_, follow);
        if (auto* failure = std::get_if<Failure>(&followed)) return console_.fail(*failure);
        return keep(std::get<Followed>(followed));
    }

  private:
    std::optional<Failure> build() {
        std::string text;
        if (!options_.params_file.empty()) {
            auto read = read_params(options_.params_file);
            if (!read.ok()) return bad_input(read.error());
            text = *read;
        }
        auto request =
            build_request(text, options_.params_file, options_.given, options_.prompt, draw_seed());
        if (!request.ok()) return bad_input(request.error());
        params_json_ = request::request_json(*request);
        auto params = request::resolve(*request, 0);
        if (!params.ok()) return bad_input(params.error());
        resolved_json_ = request::canonical_json(*params);
        return std::nullopt;
    }

    /// What can be known to fail is told before the farm works for it.
    std::optional<Failure> check_places() {
        if (options_.detach) return std::nullopt;
        out_ = options_.out;
        if (out_.empty() && options_.project.empty()) out_ = default_out(resolved_json_);
        if (!out_.empty())
            if (Status good = farm::check_delivery_folder(out_, resolved_json_, options_.force); !good.ok())
                return good.error().code == ErrorCode::kAlreadyExists ? bad_input(good.error())
                                                                      : local_failure(good.error());
        std::error_code failed;
        if (!options_.project.empty() && fs::exists(options_.project, failed)) {
            auto project = session::Project::load(options_.project);
            if (!project.ok()) return bad_input(project.error());
        }
        return std::nullopt;
    }

    v1::SubmitJob submission() {
        job_id_ = farm::FarmClient::new_job_id();
        v1::SubmitJob job;
        job.set_job_id(job_id_);
        job.set_kind(v1::JOB_KIND_GENERATE);
        job.set_params_json(params_json_);
        return job;
    }

    Attempt<v1::SubmitAck> submit(bool durable) {
        auto answer = farm::as_future<v1::SubmitAck>(
            [&](auto done) { client_->submit(submission(), std::move(done), durable); });
        auto ack = answer.get();
        if (!ack.ok()) return farm_failure(ack.error());
        return *ack;
    }

    int detach() {
        auto answer = farm::as_future<v1::SubmitAck>(
            [&](auto done) { client_->submit(submission(), std::move(done), true); });
        if (answer.wait_for(kDetachPatience) != std::future_status::ready) {
            console_.note("note: the coordinator has not acknowledged the job yet; it is kept and sent again "
                          "by the next command");
        } else if (auto ack = answer.get(); !ack.ok()) {
            return console_.fail(farm_failure(ack.error()));
        }
        if (console_.json)
            console_.print_json({{"job_id", job_id_}});
        else
            console_.print(job_id_);
        console_.note("`loopmind watch " + job_id_.substr(0, 8) + "` follows it, `loopmind fetch " +
                      job_id_.substr(0, 8) + "` brings the result");
        return kExitOk;
    }

    int keep(const Followed& followed) {
        const v1::JobInfo& job = followed.job;
        std::optional<farm::Delivered> shown;
        if (!out_.empty()) {
            auto delivered = deliver_job(*client_, job, {out_, options_.force, options_.embed});
            if (auto* failure = std::get_if<Failure>(&delivered)) return console_.fail(*failure);
            shown = std::get<farm::Delivered>(delivered);
        }
        if (!options_.project.empty()) {
            auto delivered =
                deliver_job(*client_, job, {layer_folder(options_.project, job.job_id()), false, false});
            if (auto* failure = std::get_if<Failure>(&delivered)) return console_.fail(*failure);
            const auto& layer = std::get<farm::Delivered>(delivered);
            auto layers = add_layer(options_.project, job, layer, 0, session::Placement::kAppend);
            if (!layers.ok())
                return console_.fail(layers.error().code == ErrorCode::kInvalidArgument
                                         ? bad_input(layers.error())
                                         : local_failure(layers.error()));
            console_.note("layer " + std::to_string(*layers) + " of " + options_.project);
            if (!shown) shown = layer;
        }
        const double seconds =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
        tell_delivery(console_, job, *shown, seconds, followed.first_audio_seconds);
        describe_blobs(client_->cache(), job);
        return kExitOk;
    }

    const Invocation& invocation_;
    Console& console_;
    const GenerateOptions& options_;
    std::chrono::steady_clock::time_point started_;
    std::string params_json_, resolved_json_, job_id_;
    fs::path out_;
    std::unique_ptr<farm::FarmClient> client_;
};

} // namespace

void add_generate(CLI::App& app, Pending& pending) {
    auto options = std::make_shared<GenerateOptions>();
    CLI::App* command = add_command(
        app, "generate", "Make music from a prompt and bring it here",
        "  loopmind generate \"Dreamy lofi with vinyl crackle\"\n"
        "  loopmind generate \"dark trap\" --tempo 140 --key \"F# minor\" --bars 16 --out trap\n"
        "  loopmind generate --params request.json --seed random --out take-2\n"
        "  loopmind generate \"house\" --sections \"Intro:4,Verse:8,Hook:8\" --fx reverb,delay --json\n"
        "  loopmind generate \"a bridge in jazz\" --project song.loopmind");
    command->add_option("PROMPT", options->prompt, "The prompt, instead of --prompt");
    add_request_options(*command);
    command
        ->add_option("--params", options->params_file,
                     "JSON file with request fields (- reads stdin); options win over it")
        ->type_name("FILE");
    command->add_option("--out", options->out, "Folder for the result (default: named after the prompt)")
        ->type_name("DIR");
    command->add_option("--project", options->project, "Add the result as a layer to this .loopmind project")
        ->type_name("FILE");
    command->add_flag("--embed", options->embed,
                      "The project file in the result holds its audio: one portable file");
    command->add_flag("--force", options->force, "Replace files in a folder that holds other things");
    command->add_flag("--detach", options->detach, "Print the job id and do not wait");
    add_json(*command, pending);
    add_quiet(*command, pending);
    command->callback([options, command, &pending] {
        options->given = given_options(*command);
        pending.run = [options](const Invocation& invocation) {
            return Generate(invocation, *options).run();
        };
    });
}

} // namespace loopmind::cli
