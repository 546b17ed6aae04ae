// Where the graph gets audio from: whole buffers for loops, readers for files of any length.
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

/// Reads audio in pieces; made to be read mostly in order. One thread at a time, never the audio thread.
class MediaReader {
  public:
    virtual ~MediaReader() = default;
    /// Fills both spans (same length) with the frames from `first` on; `first` >= 0. What lies beyond the end
    /// is silence.
    virtual Status read(std::int64_t first, std::span<float> left, std::span<float> right) = 0;
};

/// Audio that clips play: in memory, or read while it plays. Immutable, shared by threads.
class Media {
  public:
    virtual ~Media() = default;
    virtual int sample_rate() const = 0;
    virtual std::int64_t frames() const = 0;
    /// The whole audio when it is in memory, else null.
    virtual const StereoBuffer* buffer() const { return nullptr; }
    /// A reader of its own. Any thread but the audio thread.
    virtual Result<std::unique_ptr<MediaReader>> open() const = 0;
    /// What tells this audio from other audio (a hash of its content); "" not known.
    virtual std::string content() const { return {}; }
};

/// Finds one media entry, at the session's sample rate; once per entry, on the thread that builds the plan.
using MediaLibrary = std::function<Result<std::shared_ptr<const Media>>(const MediaRef&)>;

/// Audio in memory as Media.
std::shared_ptr<const Media> memory_media(std::shared_ptr<const StereoBuffer> audio,
                                          std::string content = "");
/// A library of whole buffers.
MediaLibrary memory_library(MediaSource source);

/// Receives audio in order: both spans hold the same number of frames, starting at `first_frame`.
/// Return false to cancel.
using AudioSink =
    std::function<bool(std::int64_t first_frame, std::span<const float> left, std::span<const float> right)>;

} // namespace loopmind::graph
