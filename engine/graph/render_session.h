// A session document to premaster and finished mix in one call. JUCE-free, for the worker's finish task.
#pragma once

#include "engine/graph/master.h"
#include "engine/graph/media_source.h"
#include "proto/base/result.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace loopmind::graph {

struct RenderSessionOptions {
    std::int64_t total_frames = 0; ///< length of the loop; 0: the session's bars
    bool settle = true;            ///< find the master gain; false: play the master inserts as they stand
    MasterTarget target; ///< when settling; the limiter's release and look-ahead come from its insert
    std::function<bool()> cancelled; ///< asked between steps; may be empty
};

/// Both renders of one loop, planar, at the session's rate.
struct RenderedMix {
    int sample_rate = 48000;
    StereoBuffer premaster;  ///< before the master inserts; with no fx the plain sum of the stems
    StereoBuffer mix;        ///< after the master inserts
    double gain_db = 0;      ///< of the master's loudness gain; store it with Session::set_master
    double ceiling_db = -1;  ///< of the limiter, dBTP
    double lufs = 0;         ///< of the mix; -infinity when silent
    double true_peak_db = 0; ///< of the mix, dBTP
    bool silent = false;
    bool reached = false; ///< the target loudness was met within 0.3 LU
};

/// Plays the session loop-wrapped. The loudness gain is the last gain insert before the last limiter of the
/// master; both are added at the end of the chain when the session has none. Thread-safe (needs no message
/// loop). Errors: those of Session::from_json, make_render_plan and render_loop.
Result<RenderedMix> render_session(std::string_view session_json, const MediaSource& media,
                                   const RenderSessionOptions& options = {});

} // namespace loopmind::graph
