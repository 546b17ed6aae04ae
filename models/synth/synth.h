// Tensor programs that turn one stem of a plan into stereo audio, streamed in order, on CPU or CUDA.
#pragma once

#include "models/composer/plan.h"
#include "proto/base/result.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace loopmind::synth {

/// How a stem is rendered.
struct RenderOptions {
    int sample_rate = 48000;            ///< 44100 or 48000
    std::int64_t total_frames = 0;      ///< exact loop length; notes past the end wrap to the start
    std::uint64_t seed = 0;             ///< noise and drift; the same seed gives the same samples on one device class
};

/// Receives final samples in order: `left` and `right` hold the same number of frames, starting at `first_frame`.
/// Return false to cancel; render() then ends with ErrorCode::kCancelled. Called on the rendering thread.
using Sink = std::function<bool(std::int64_t first_frame, std::span<const float> left, std::span<const float> right)>;

/// A loaded synthesiser: tables and impulse noise live on the device for its whole life.
/// One instance per worker; render() is thread-safe and may run on several threads at once.
class Synth {
  public:
    /// `device` is "cpu" or "cuda[:n]". Errors: unavailable when the device is not there.
    static Result<std::unique_ptr<Synth>> load(const std::string& device);
    virtual ~Synth() = default;

    /// True when `patch` names a tensor program.
    virtual bool has_patch(const std::string& patch) const = 0;
    /// Names of all patches, sorted.
    virtual std::vector<std::string> patches() const = 0;
    /// Renders one stem of `plan`, loop-wrapped (tails of the end sound at the start), streaming from frame 0.
    /// Output is dry, finite, and stays within +-1: beyond -1 dBFS it is bent softly, below nothing is touched.
    /// `stem.level_db` is about the integrated loudness in LUFS on typical material (drums peak some 18 dB above it).
    /// Results repeat bit by bit when ATEN_CPU_CAPABILITY and the number of LibTorch threads (1) are pinned.
    virtual Status render(const composer::Plan& plan, const composer::StemPlan& stem, const RenderOptions& options,
                          const Sink& sink) const = 0;
    /// Version of the programs plus what results depend on (LibTorch version, device class, CPU capability).
    virtual std::string fingerprint() const = 0;
};

/// Version of the tensor programs; part of each recipe.
const char* synth_version();

} // namespace loopmind::synth
