// The session of a request's stems, and one stem printed through its effects.
#pragma once

#include "engine/graph/media_source.h"
#include "engine/session/build.h"
#include "models/composer/plan.h"
#include "proto/base/result.h"
#include "proto/request/params.h"

#include <functional>

namespace loopmind::tasks {

/// Head of a session: tempo, meter, key, sections, fx, seed. Stems are added by the caller.
session::SessionRecipe recipe_head(const request::Params& params, const composer::Plan& plan);

/// Track of one stem, without its audio.
session::StemTrack track_of(const composer::StemPlan& stem);

/// Plays a dry stem through the request's fx (its sends, then the master's eq and drive), loop-wrapped, in
/// place. Errors: of the graph; cancelled.
Status print_fx(const request::Params& params, const composer::Plan& plan, const composer::StemPlan& stem,
                graph::StereoBuffer& audio, const std::function<bool()>& cancelled);

} // namespace loopmind::tasks
