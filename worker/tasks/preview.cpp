// Preview: a composed sketch in the time between two movements of a slider.
#include "models/composer/composer.h"
#include "worker/tasks/executors.h"
#include "worker/tasks/sketch.h"

#include <algorithm>
#include <cmath>

namespace loopmind::tasks {
namespace {

constexpr std::size_t kColumns = 512;

class PreviewExecutor final : public Executor {
  public:
    Status run(TaskContext& context) override {
        auto params = context.spec().params;
        params.variations = 1;
        const auto composition = composer::compose(request::canonical_json(params));
        if (!composition) return composition.error();
        const auto plan = variation_of(*composition, 0);
        if (!plan) return plan.error();
        const auto samples = sketch(**plan, [&] { return context.cancelled(); });
        if (context.cancelled()) return Error{ErrorCode::kCancelled, "", "the attempt was cancelled", ""};
        context.set_preview(preview_of(samples));
        return {};
    }

  private:
    static Preview preview_of(const std::vector<float>& samples) {
        Preview preview;
        preview.sample_rate = kSketchRate;
        preview.seconds = static_cast<double>(samples.size()) / kSketchRate;
        const auto columns = std::min(kColumns, samples.size());
        for (std::size_t column = 0; column < columns; ++column) {
            const auto from =
                samples.begin() + static_cast<std::ptrdiff_t>(column * samples.size() / columns);
            const auto to =
                samples.begin() + static_cast<std::ptrdiff_t>((column + 1) * samples.size() / columns);
            const auto [low, high] = std::minmax_element(from, to);
            preview.peaks_min.push_back(*low);
            preview.peaks_max.push_back(*high);
        }
        preview.samples.reserve(samples.size());
        for (const float sample : samples)
            preview.samples.push_back(static_cast<std::int16_t>(std::lround(sample * 32767)));
        return preview;
    }
};

} // namespace

std::unique_ptr<Executor> make_preview_executor() {
    return std::make_unique<PreviewExecutor>();
}

} // namespace loopmind::tasks
