// Renders a session from its start to the end of its tails: in one go, or in the two stages of a mixdown
// farm.
#pragma once

#include "engine/graph/graph_player.h"
#include "engine/graph/render_plan.h"
#include "proto/base/result.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace loopmind::graph {

/// Opens the stream of one track as render_track gave it: at running frame 0, its frames before its fader.
/// Null reader: the track is rendered here.
using StreamSource = std::function<Result<std::unique_ptr<MediaReader>>(const std::string& track)>;

/// Receives the signal behind the fader of one track or bus, in order and compensated for its latency.
/// Return false to cancel.
using StemSink = std::function<bool(const std::string& track, std::int64_t first_frame,
                                    std::span<const float> left, std::span<const float> right)>;

struct LinearOptions {
    bool master = true;                ///< with master inserts and fader; false: the premaster
    double longest_tail_seconds = 60;  ///< what still rings then is cut
    int block_frames = 4096;           ///< frames handed to the sink at once; no influence on the samples
    int threads = 1;                   ///< no influence on the samples
    StemSink stems{};                  ///< may be empty
    std::function<bool()> cancelled{}; ///< asked once a block; may be empty
};

struct LinearReport {
    std::int64_t frames = 0;
    /// Bypassed for giving something not finite or for failing, e.g. "drums/drive".
    std::vector<std::string> faulty_inserts;
    std::vector<std::string> fault_reasons; ///< of each, for people
};

/// Frames of a linear render: the last clip or the session's end, and the longest tail.
std::int64_t linear_frames(const RenderPlan& plan, const LinearOptions& options = {});

/// The whole session in this process. Memory does not grow with its length when media is streamed.
/// Errors: cancelled; what reading the media gives.
Result<LinearReport> render_linear(std::shared_ptr<const RenderPlan> plan, const LinearOptions& options,
                                   const AudioSink& sink);

/// Tracks that have a stage of their own, in document order: not buses, not tracks whose key comes from a
/// bus, nor what nobody hears.
std::vector<std::string> stage_tracks(const RenderPlan& plan);
/// The tracks whose streams `track` needs as keys, directly.
std::vector<std::string> key_tracks(const RenderPlan& plan, const std::string& track);
/// Length of a track's stream; depends on the track and its keys only.
std::int64_t stream_frames(const RenderPlan& plan, const std::string& track);

/// First stage: clips and inserts of one track, before its fader, not compensated for latency, exactly
/// stream_frames() frames. Keys come from `keys` or, when that is empty or gives null, are rendered along.
/// render_linear computes the same samples, bit for bit: streams are 32-bit floats there as well.
/// Errors: invalid_argument for a track that has no stage of its own, cancelled, reading.
Result<LinearReport> render_track(std::shared_ptr<const RenderPlan> plan, const std::string& track,
                                  const StreamSource& keys, const LinearOptions& options,
                                  const AudioSink& sink);

/// Second stage: faders, sends, buses and master over the streams of stage_tracks(). Same samples as
/// render_linear.
Result<LinearReport> render_sum(std::shared_ptr<const RenderPlan> plan, const StreamSource& tracks,
                                const LinearOptions& options, const AudioSink& sink);

} // namespace loopmind::graph
