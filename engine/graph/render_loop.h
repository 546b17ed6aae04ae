// Renders a loop whose tails wrap: what rings past the end sounds at the start.
#pragma once

#include "engine/graph/render_plan.h"
#include "proto/base/result.h"

#include <cstdint>
#include <memory>
#include <span>

namespace loopmind::graph {

/// Which point of the graph is rendered.
enum class Tap {
    kPremaster, ///< the sum of tracks and buses, before the master inserts and fader
    kMix,       ///< after them
};

struct LoopOptions {
    Tap tap = Tap::kPremaster;
    std::int64_t total_frames = 0; ///< length of the loop; 0: the plan's
    int block_frames = 4096;       ///< frames handed to the sink at once; no influence on the samples
    int threads = 1;               ///< no influence on the samples
};

/// Plays the end of the loop (at least the longest tail; the whole loop more than once when it is shorter)
/// without giving it out, then streams exactly `total_frames` frames to `sink`, compensated for latency. The
/// loop tiles: a second pass would give the same samples. Errors: cancelled when the sink returns false;
/// internal when an effect gave samples that are not finite (named).
Status render_loop(std::shared_ptr<const RenderPlan> plan, const LoopOptions& options, const AudioSink& sink);

/// The same for a chain of inserts over a loop that is in memory. `field` names the chain in errors.
/// On return `left` and `right` hold the processed loop.
Status process_loop(std::span<const InsertSpec> inserts, const std::string& field, int sample_rate,
                    double tempo, std::span<float> left, std::span<float> right);

} // namespace loopmind::graph
