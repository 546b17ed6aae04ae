// Renders one stem by whichever engine its plan names.
#pragma once

#include "models/composer/plan.h"
#include "proto/base/result.h"
#include "worker/tasks/models.h"

#include <cstdint>

namespace loopmind::tasks {

/// "synth" goes to the tensor programs, "soundfont" to FluidSynth. Streams exactly `total_frames` final
/// samples to `sink`. Errors: cancelled when the sink refuses; internal when the plan names an engine or
/// sound nobody has.
Status render_stem(const Models& models, const composer::Plan& plan, const composer::StemPlan& stem,
                   int sample_rate, std::int64_t total_frames, const synth::Sink& sink);

} // namespace loopmind::tasks
