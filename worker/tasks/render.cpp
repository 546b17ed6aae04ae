// Render: one stem of a plan to streamed audio and MIDI.
#include "worker/tasks/audio_output.h"
#include "worker/tasks/executors.h"
#include "worker/tasks/stem_fx.h"
#include "worker/tasks/stem_midi.h"
#include "worker/tasks/stem_source.h"

#include <algorithm>

namespace loopmind::tasks {
namespace {

class Render final : public Executor {
  public:
    Render(const Models& models, PlanCache& plans) : models_(models), plans_(plans) {}

    Status run(TaskContext& context) override {
        const auto composition = plans_.load(context);
        if (!composition) return composition.error();
        const auto& spec = context.spec();
        const auto plan = variation_of(**composition, spec.variation);
        if (!plan) return plan.error();
        const auto& stems = (*plan)->stems;
        const auto stem =
            std::find_if(stems.begin(), stems.end(), [&](const auto& s) { return s.id == spec.stem; });
        if (stem == stems.end()) {
            return Error{ErrorCode::kInvalidArgument, "stem", "the plan has no stem \"" + spec.stem + "\"",
                         ""};
        }
        const bool wet = spec.params.print_fx && !spec.params.fx.empty();
        auto status = wet ? print(context, **plan, *stem) : stream(context, **plan, *stem);
        if (!status) return status;
        return write_midi(context, **plan, *stem);
    }

  private:
    /// Samples leave as they are rendered.
    Status stream(TaskContext& context, const composer::Plan& plan, const composer::StemPlan& stem) const {
        const auto& params = context.spec().params;
        const auto total = request::total_frames(params);
        auto output = AudioOutput::open(context, "audio", params.sample_rate, total);
        if (!output) return output.error();
        Status written;
        const auto status = render_stem(
            models_, plan, stem, params.sample_rate, total, [&](std::int64_t first, auto left, auto right) {
                if (context.cancelled()) return false;
                written = output->write(left, right);
                const auto done = first + static_cast<std::int64_t>(left.size());
                context.progress(static_cast<double>(done) / static_cast<double>(total));
                return written.ok();
            });
        if (!written) return written;
        if (!status) return status;
        return output->finish();
    }

    /// Effects need the whole loop before the first final sample.
    Status print(TaskContext& context, const composer::Plan& plan, const composer::StemPlan& stem) const {
        const auto& params = context.spec().params;
        const auto total = request::total_frames(params);
        graph::StereoBuffer audio;
        audio.sample_rate = params.sample_rate;
        audio.left.resize(static_cast<std::size_t>(total));
        audio.right.resize(static_cast<std::size_t>(total));
        auto status = render_stem(
            models_, plan, stem, params.sample_rate, total, [&](std::int64_t first, auto left, auto right) {
                std::copy(left.begin(), left.end(), audio.left.begin() + first);
                std::copy(right.begin(), right.end(), audio.right.begin() + first);
                const auto done = first + static_cast<std::int64_t>(left.size());
                context.progress(0.7 * static_cast<double>(done) / static_cast<double>(total));
                return !context.cancelled();
            });
        if (!status) return status;
        status = print_fx(params, plan, stem, audio, [&] { return context.cancelled(); });
        if (!status) return status;
        context.progress(0.9);
        auto output = AudioOutput::open(context, "audio", params.sample_rate, total);
        if (!output) return output.error();
        if (status = output->write_all(audio.left, audio.right); !status) return status;
        return output->finish();
    }

    static Status write_midi(TaskContext& context, const composer::Plan& plan,
                             const composer::StemPlan& stem) {
        const auto midi = stem_midi(context.spec().params, plan, stem);
        if (!midi) return midi.error();
        auto output = context.output("midi", midi->size());
        if (!output) return output.error();
        return (*output)->append(std::as_bytes(std::span(*midi)));
    }

    const Models& models_;
    PlanCache& plans_;
};

} // namespace

std::unique_ptr<Executor> make_render_executor(const Models& models, PlanCache& plans) {
    return std::make_unique<Render>(models, plans);
}

} // namespace loopmind::tasks
