// Plans by blob hash.
#include "worker/tasks/plan_cache.h"

#include "proto/base/durable_file.h"

#include <algorithm>

namespace loopmind::tasks {

Result<SharedComposition> PlanCache::load(TaskContext& context) {
    const auto input = context.input("plan");
    if (!input) return input.error();
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [sha256, composition] : newest_first_) {
            if (sha256 == input->sha256) return composition;
        }
    }
    const auto text = base::read_file(input->path, kMaxPlanBytes);
    if (!text) return text.error();
    auto parsed = composer::composition_from_json(*text);
    if (!parsed) {
        auto error = parsed.error();
        error.code = ErrorCode::kDataCorrupt; // the bytes match their hash, so the composer that wrote them
                                              // is at fault
        return error;
    }
    auto composition = std::make_shared<const composer::Composition>(std::move(*parsed));
    put(input->sha256, composition);
    return composition;
}

void PlanCache::put(const std::string& sha256, SharedComposition composition) {
    const std::lock_guard lock(mutex_);
    std::erase_if(newest_first_, [&](const auto& item) { return item.first == sha256; });
    newest_first_.emplace_front(sha256, std::move(composition));
    if (newest_first_.size() > kMost) newest_first_.pop_back();
}

Result<const composer::Plan*> variation_of(const composer::Composition& composition, int variation) {
    if (variation < 0 || static_cast<std::size_t>(variation) >= composition.variations.size()) {
        return Error{ErrorCode::kInvalidArgument, "variation",
                     "the plan has " + std::to_string(composition.variations.size()) +
                         " variations, there is no " + std::to_string(variation),
                     ""};
    }
    return &composition.variations[static_cast<std::size_t>(variation)];
}

} // namespace loopmind::tasks
