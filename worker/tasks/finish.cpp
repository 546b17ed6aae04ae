// Finish: the session of all stems, its premaster and its mix at preview loudness.
#include "engine/files/wav.h"
#include "engine/graph/render_session.h"
#include "worker/tasks/audio_output.h"
#include "worker/tasks/executors.h"
#include "worker/tasks/stem_fx.h"

#include <algorithm>
#include <map>

namespace loopmind::tasks {
namespace {

using SharedAudio = std::shared_ptr<const graph::StereoBuffer>;

/// A stem as rendered; checked against the request.
Result<SharedAudio> read_stem(const Input& input, int sample_rate, std::int64_t total_frames) {
    auto audio = files::read_wav(input.path);
    if (!audio) {
        auto error = audio.error();
        error.field = input.role;
        return error;
    }
    if (audio->info.sample_rate != sample_rate || audio->info.frames != total_frames ||
        audio->info.channels != 2) {
        return Error{ErrorCode::kDataCorrupt, input.role,
                     "the stem has another rate, length or number of channels", ""};
    }
    auto buffer = std::make_shared<graph::StereoBuffer>();
    buffer->sample_rate = sample_rate;
    buffer->left = std::move(audio->channels[0]);
    buffer->right = std::move(audio->channels[1]);
    return SharedAudio(std::move(buffer));
}

class Finish final : public Executor {
  public:
    explicit Finish(PlanCache& plans) : plans_(plans) {}

    Status run(TaskContext& context) override {
        const auto composition = plans_.load(context);
        if (!composition) return composition.error();
        const auto plan = variation_of(**composition, context.spec().variation);
        if (!plan) return plan.error();
        std::map<std::string, SharedAudio> media; // by SHA-256
        auto document = build(context, **plan, media);
        if (!document) return document.error();
        context.progress(0.2);
        graph::RenderSessionOptions options;
        options.total_frames = request::total_frames(context.spec().params);
        options.cancelled = [&] { return context.cancelled(); };
        auto rendered = graph::render_session(
            *document,
            [&](const graph::MediaRef& ref) -> Result<SharedAudio> {
                const auto found = media.find(ref.sha256);
                if (found != media.end()) return found->second;
                return Error{ErrorCode::kInternal, ref.id, "the session names audio that is no stem", ""};
            },
            options);
        if (!rendered) return rendered.error();
        context.progress(0.8);
        return write(context, *document, *rendered);
    }

  private:
    /// Reads the stems in the plan's order and builds the session over them.
    static Result<std::string> build(TaskContext& context, const composer::Plan& plan,
                                     std::map<std::string, SharedAudio>& media) {
        const auto& params = context.spec().params;
        const auto roles = context.input_roles();
        auto recipe = recipe_head(params, plan);
        const auto total = request::total_frames(params);
        for (const auto& stem : plan.stems) {
            if (context.cancelled()) return Error{ErrorCode::kCancelled, "", "the attempt was cancelled", ""};
            const auto input = context.input("audio:" + stem.id);
            if (!input) return input.error();
            auto audio = read_stem(*input, params.sample_rate, total);
            if (!audio) return audio.error();
            media[input->sha256] = std::move(*audio);
            auto track = track_of(stem);
            track.audio = {"",    input->sha256,      static_cast<std::int64_t>(input->size),
                           total, params.sample_rate, 2};
            if (const auto role = "midi:" + stem.id;
                std::find(roles.begin(), roles.end(), role) != roles.end()) {
                const auto midi = context.input(role);
                if (!midi) return midi.error();
                track.midi.sha256 = midi->sha256;
                track.midi.size = static_cast<std::int64_t>(midi->size);
            }
            recipe.stems.push_back(std::move(track));
        }
        return session::build_session_json(recipe);
    }

    static Status write(TaskContext& context, const std::string& document,
                        const graph::RenderedMix& rendered) {
        const auto audio = [&](const char* role, const graph::StereoBuffer& buffer) -> Status {
            auto output = AudioOutput::open(context, role, rendered.sample_rate, buffer.frames());
            if (!output) return output.error();
            if (auto status = output->write_all(buffer.left, buffer.right); !status) return status;
            return output->finish();
        };
        if (auto status = audio("mix", rendered.mix); !status) return status;
        if (auto status = audio("premaster", rendered.premaster); !status) return status;
        const auto settled = session::set_master(document, rendered.gain_db, rendered.ceiling_db);
        if (!settled) return settled.error();
        auto output = context.output("session", settled->size());
        if (!output) return output.error();
        return (*output)->append(std::as_bytes(std::span(*settled)));
    }

    PlanCache& plans_;
};

} // namespace

std::unique_ptr<Executor> make_finish_executor(PlanCache& plans) {
    return std::make_unique<Finish>(plans);
}

} // namespace loopmind::tasks
