// What one task is asked to do, as canonical JSON: the body of a recipe.
#pragma once

#include "proto/base/result.h"
#include "proto/request/mixdown.h"
#include "proto/request/params.h"

#include <optional>
#include <string>
#include <string_view>

namespace loopmind::request {

enum class SpecKind { kCompose, kRender, kFinish, kPreview, kTrack, kSum };

/// A parsed spec. `stem` is set for render, `variation` for render and finish, `mixdown` for track and sum,
/// which have no `params`.
struct TaskSpec {
    SpecKind kind = SpecKind::kCompose;
    Params params;
    std::string stem;
    int variation = 0;
    std::optional<MixdownSpec> mixdown{};
};

/// Canonical JSON of the spec of a generate or preview task; mixdown_tasks() writes those of a mixdown. Equal
/// specs give equal bytes.
std::string spec_json(const TaskSpec& spec);

/// Reads what spec_json() or mixdown_tasks() wrote; anything else is one error naming the field.
Result<TaskSpec> parse_spec(std::string_view json);

/// Cache key of a task on workers of one fingerprint: SHA-256 of the spec, a line feed, and the fingerprint.
std::string recipe_hash(std::string_view spec_json, std::string_view fingerprint);

} // namespace loopmind::request
