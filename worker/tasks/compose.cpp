// Compose: the symbolic plan of a whole request.
#include "models/composer/composer.h"
#include "proto/base/sha256.h"
#include "worker/tasks/executors.h"

namespace loopmind::tasks {
namespace {

class Compose final : public Executor {
  public:
    explicit Compose(PlanCache& plans) : plans_(plans) {}

    Status run(TaskContext& context) override {
        auto composition = composer::compose(request::canonical_json(context.spec().params));
        if (!composition) return composition.error();
        const auto text = composer::to_json(*composition);
        auto output = context.output("plan", text.size());
        if (!output) return output.error();
        if (auto status = (*output)->append(std::as_bytes(std::span(text))); !status) return status;
        plans_.put(base::sha256_hex(text),
                   std::make_shared<const composer::Composition>(std::move(*composition)));
        return {};
    }

  private:
    PlanCache& plans_;
};

} // namespace

std::unique_ptr<Executor> make_compose_executor(PlanCache& plans) {
    return std::make_unique<Compose>(plans);
}

Executors make_executors(const Models& models, PlanCache& plans) {
    Executors out;
    out[request::SpecKind::kCompose] = make_compose_executor(plans);
    out[request::SpecKind::kRender] = make_render_executor(models, plans);
    out[request::SpecKind::kFinish] = make_finish_executor(plans);
    out[request::SpecKind::kPreview] = make_preview_executor();
    out[request::SpecKind::kTrack] = make_track_executor();
    out[request::SpecKind::kSum] = make_sum_executor();
    return out;
}

} // namespace loopmind::tasks
