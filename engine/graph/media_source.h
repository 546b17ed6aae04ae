// Where the graph gets audio from.
#pragma once

#include "proto/base/result.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace loopmind::graph {

/// Decoded stereo audio, planar float; both channels have the same length. Mono media has the same data
/// twice.
struct StereoBuffer {
    int sample_rate = 48000;
    std::vector<float> left;
    std::vector<float> right;
    std::int64_t frames() const { return static_cast<std::int64_t>(left.size()); }
};

/// A media entry of a session.
struct MediaRef {
    std::string id;     ///< id inside the session
    std::string file;   ///< path relative to the project's folder; "" when not linked
    std::string sha256; ///< "" when not known
};

/// Loads one media entry, at the session's sample rate. Called on the thread that builds the plan, once per
/// entry.
using MediaSource = std::function<Result<std::shared_ptr<const StereoBuffer>>(const MediaRef&)>;

/// Receives audio in order: both spans hold the same number of frames, starting at `first_frame`.
/// Return false to cancel.
using AudioSink =
    std::function<bool(std::int64_t first_frame, std::span<const float> left, std::span<const float> right)>;

} // namespace loopmind::graph
