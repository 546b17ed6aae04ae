// The immutable plan of a playable graph: order, routing, delay compensation and placed audio.
#pragma once

#include "engine/graph/graph_spec.h"
#include "proto/base/result.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace loopmind::graph {

/// Audio of one stretch of time.
struct Segment {
    std::int64_t start = 0;
    std::int64_t end = 0;
    std::int64_t media_offset = 0;
    float gain = 1;
    std::shared_ptr<const StereoBuffer> audio;
};

/// A connection into a bus or the master.
struct Edge {
    int target = -1; ///< index of a node; -1 the master sum
    float level = 1;
    bool pre_fader = false;
    int delay = 0; ///< frames, so that everything arrives at the target together
};

struct PlanNode {
    std::string id;
    bool bus = false;
    bool audible = true; ///< neither muted nor silenced by another track's solo
    float gain_left = 1; ///< fader and pan
    float gain_right = 1;
    std::vector<InsertSpec> inserts;
    std::vector<Segment> segments; ///< by start
    std::vector<Edge> edges;       ///< output first, then sends in document order
    int latency = 0;               ///< of what comes out, against session time
};

/// What a GraphPlayer plays. Built on the message thread, then shared and never changed.
struct RenderPlan {
    int sample_rate = 48000;
    double tempo = 120;
    std::int64_t total_frames = 0;
    std::vector<PlanNode>
        nodes;       ///< in processing order: document order, but a bus after everything that feeds it
    int latency = 0; ///< frames by which the master sum lags
    double tail_seconds = 0; ///< longest answer of the graph before the master inserts
    std::vector<InsertSpec> master;
    float master_gain = 1;
};

/// Checks the spec, loads its media and computes order and delays.
/// Errors: invalid_argument for unknown effects, parameters, targets, media ids, cyclic routing (naming the
/// tracks) or a clip of no length; what `media` gives for missing files; media at another sample rate.
Result<std::shared_ptr<const RenderPlan>> make_render_plan(const GraphSpec& spec, const MediaSource& media);

} // namespace loopmind::graph
