// The executors of this worker, one per task kind.
#pragma once

#include "worker/tasks/executor.h"
#include "worker/tasks/models.h"
#include "worker/tasks/plan_cache.h"

#include <memory>

namespace loopmind::tasks {

/// params → the symbolic plan of all variations; output "plan".
std::unique_ptr<Executor> make_compose_executor(PlanCache& plans);
/// plan → one stem's "audio" (24-bit WAV, streamed while it is rendered) and "midi".
std::unique_ptr<Executor> make_render_executor(const Models& models, PlanCache& plans);
/// plan and stems → "premaster", "mix" and "session".
std::unique_ptr<Executor> make_finish_executor(PlanCache& plans);
/// params → peaks and low-rate audio of a sketch.
std::unique_ptr<Executor> make_preview_executor();

/// A session's document and media → "track": one track before its fader, bare 32-bit floats; "faults" when
/// inserts were bypassed.
std::unique_ptr<Executor> make_track_executor();
/// The tracks and the session → "audio" (the mix as it sounds, streamed while it is summed), "export-N",
/// "stem-T-N" and "report" (JSON: loudness, gain, files, inserts that were bypassed).
std::unique_ptr<Executor> make_sum_executor();

/// All six; `models` and `plans` outlive them.
Executors make_executors(const Models& models, PlanCache& plans);

} // namespace loopmind::tasks
