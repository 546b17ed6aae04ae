// What every sound engine of the synth shares: the stem it plays and how it adds itself to a segment.
#pragma once

#include "models/composer/plan.h"
#include "models/synth/synth.h"
#include "models/synth/torch_compat.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace loopmind::synth {

/// Noise and helper vectors that live on the device as long as the Synth.
struct DeviceTables {
    at::Device device = at::kCPU;
    at::Tensor noise;   ///< [2^18] white noise, standard deviation 1
    at::Tensor phases;  ///< [2, 2^18] random unit phasors (complex), for pads and noise beds
    at::Tensor counter; ///< int32 0, 1, 2, ...: one longest segment
    at::Tensor ramp;    ///< [2, kControlFrames] linear interpolation weights between control points
    std::int64_t batch_samples = 0; ///< how many samples one batched operation should hold on this device
};

/// Envelopes and modulation are computed every so many frames and joined by straight lines.
inline constexpr std::int64_t kControlFrames = 32;

/// Longest segment in frames, on any device.
inline constexpr std::int64_t kLongestSegment = 1 << 19;

/// One stem to render.
struct StemContext {
    const DeviceTables& tables;
    const composer::Plan& plan;
    const composer::StemPlan& stem;
    int rate = 48000;
    std::int64_t total = 0; ///< frames of the loop
    std::uint64_t seed = 0;

    double frames_per_beat() const { return 60.0 / plan.tempo * rate; }
    /// Frame of a beat position, wrapped into the loop.
    std::int64_t frame_of(double beat) const {
        const auto frame = static_cast<std::int64_t>(std::llround(beat * frames_per_beat()));
        return ((frame % total) + total) % total;
    }
    /// A patch parameter, or `fallback` when the plan does not set it; clamped to [low, high].
    double param(const char* name, double fallback, double low, double high) const {
        const auto found = stem.instrument.params.find(name);
        if (found == stem.instrument.params.end() || !std::isfinite(found->second)) return fallback;
        return std::clamp(found->second, low, high);
    }
};

/// Plays one stem. Segments are asked for in order, but any engine answers any segment: nothing is carried
/// over.
class StemEngine {
  public:
    virtual ~StemEngine() = default;
    /// Adds frames [first, first + frames) of the loop to `mix` ([2, frames], float32, on the device).
    virtual void add_segment(std::int64_t first, std::int64_t frames, at::Tensor& mix) = 0;
};

/// Straight lines between control points: [rows, points + 1] -> [rows, points * kControlFrames].
at::Tensor interpolate_control(const DeviceTables& tables, const at::Tensor& control);

/// A host vector as a tensor on the device.
at::Tensor upload(const std::vector<float>& values, at::IntArrayRef shape, at::Device device);
at::Tensor upload(const std::vector<std::int32_t>& values, at::IntArrayRef shape, at::Device device);

} // namespace loopmind::synth
