// The immutable plan of a playable graph: order, routing, delay compensation, automation and placed audio.
#pragma once

#include "engine/graph/graph_spec.h"
#include "engine/graph/media_prepare.h"
#include "proto/base/result.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace loopmind::graph {

/// Frames of the graph's fixed step. Steps are anchored at the first frame played.
inline constexpr int kQuantum = 256;

/// Audio of one stretch of time.
struct Segment {
    std::int64_t start = 0;
    std::int64_t end = 0;
    std::int64_t media_offset = 0;
    float gain = 1;
    std::int64_t fade_from = 0, fade_in = 0; ///< rises during fade_from .. fade_from + fade_in
    std::int64_t fade_to = 0, fade_out = 0;  ///< falls during fade_to - fade_out .. fade_to
    FadeCurve fade_in_curve = FadeCurve::kLinear;
    FadeCurve fade_out_curve = FadeCurve::kLinear;
    std::int64_t turned = 0; ///< > 0: reversed, media frame = turned - 1 - place
    std::shared_ptr<const Media> audio;
    bool operator==(const Segment&) const = default;
};

/// An insert with what its place in the graph makes of it. Latencies are against session time.
struct PlanInsert {
    struct ParameterLane {
        int parameter = 0;
        std::shared_ptr<const Lane> lane;
    };
    InsertSpec spec;
    std::vector<std::string> parameters; ///< names of its effect's, by index
    /// Values of the parameters that count at prepare only: other values need another effect object.
    std::vector<float> prepared;
    int lag = 0;          ///< of the signal at its input, after signal_delay
    int latency = 0;      ///< of its effect
    int signal_delay = 0; ///< frames by which the signal waits for the key
    int key = -1;         ///< index of a node, -1 none
    int key_delay = 0;    ///< frames by which the key waits for the signal
    std::vector<ParameterLane> lanes;
    bool follows_tempo = false; ///< its parameter `tempo` is the session's
};

/// What arrives at a bus or at the master.
struct PlanInput {
    int source = 0; ///< index of a node
    int send = -1;  ///< index of the source's send; -1 its output
    float level = 1;
    bool pre_fader = false;
    bool open = true; ///< neither muted nor silenced by another's solo
    int delay = 0;    ///< frames, so that everything arrives at the bus together
    float sign = 1;   ///< -1: the bus inverts the phase
    std::shared_ptr<const Lane> level_lane;
    std::shared_ptr<const Lane> mute_lane; ///< of the source, for pre-fader sends
};

struct PlanFader {
    double gain_db = 0;
    double pan = 0;
    float scale = 1; ///< of the fader group
    PanLaw law = PanLaw::kConstantPower;
    std::shared_ptr<const Lane> gain_lane, pan_lane, mute_lane;
};

struct PlanNode {
    std::string id;
    bool bus = false;
    bool audible = true;             ///< something of it reaches the master or a key input
    int document = 0;                ///< place in the session
    std::vector<Segment> segments;   ///< by start
    std::vector<PlanInput> inputs;   ///< of a bus, in document order of their sources
    std::vector<PlanInsert> inserts; ///< in signal order
    PlanFader fader;
    int latency = 0;         ///< of what comes out, against session time
    double tail_seconds = 0; ///< longest answer of everything up to here
    int longest_pre = 0;     ///< frames of the past that others ask for, before the fader
    int longest_post = 0;    ///< and behind it
    /// In a linear render a track is silent from here on: its last clip, its tail and its latency are over. A
    /// whole number of quanta; 0 for a bus.
    std::int64_t stream_frames = 0;
    bool in_sum = false; ///< a bus, or a track whose key comes from a bus: rendered by the sum stage
};

/// What a GraphPlayer plays. Built on the message thread, then shared and never changed.
struct RenderPlan {
    int sample_rate = 48000;
    double tempo = 120;
    TempoMap tempo_map;
    std::int64_t total_frames = 0;
    std::int64_t last_frame = 0; ///< end of the last clip or of the session, whichever is later
    /// In processing order: document order, but each behind what feeds it or is its key.
    std::vector<PlanNode> nodes;
    PlanNode master;         ///< its inputs are the outputs of nodes
    int latency = 0;         ///< frames by which the sum lags, before the master inserts
    double tail_seconds = 0; ///< longest answer of the graph before the master inserts
    /// What is left out, for people: automation of something that is not there, and media that is missing,
    /// when that was asked for.
    std::vector<Error> warnings;
    std::shared_ptr<InsertFactory> plugins; ///< of the spec

    /// Index of a node, -1 none; nodes.size() for "master".
    int node_of(const std::string& id) const;
    const PlanNode& node(int index) const {
        return index < static_cast<int>(nodes.size()) ? nodes[static_cast<std::size_t>(index)] : master;
    }
};

/// Checks the spec, finds and prepares its media, and computes order and delays. `prepare` may be null: clips
/// that are stretched or pitched are then refused. With `leave_out_missing`, clips whose media is missing or
/// corrupt are left out and each such media entry is one of the plan's warnings; ask before you do that.
/// Errors: invalid_argument for unknown effects, plug-ins, parameters, targets, groups, media ids, cyclic routing or
/// side-chains (naming the tracks) or a clip of no length; what `media` gives for missing files; media at
/// another sample rate.
Result<std::shared_ptr<const RenderPlan>> make_render_plan(const GraphSpec& spec, const MediaLibrary& media,
                                                           MediaPreparer* prepare,
                                                           bool leave_out_missing = false);
/// The same with whole buffers and a preparer of its own.
Result<std::shared_ptr<const RenderPlan>> make_render_plan(const GraphSpec& spec, const MediaSource& media);

} // namespace loopmind::graph
