// Changes the sampling rate: soxr at its highest quality, lengths exact to the frame, no delay.
#pragma once

#include "proto/base/result.h"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace loopmind::files {

/// Frames that `frames` at `from` Hz become at `to` Hz: rounded to the nearest, halves up.
std::int64_t resampled_frames(std::int64_t frames, int from, int to);

/// Streaming converter; all channels stay in step. Linear phase: output frame n lies at the time of input
/// frame n * from / to, the filter's delay is taken out by soxr. Equal rates copy. What comes out does not
/// depend on how the input is cut. One thread at a time.
class Resampler {
  public:
    /// Rates 1000..768000 Hz, 1..64 channels. Errors: invalid_argument, resource_exhausted.
    static Result<Resampler> create(int from, int to, int channels);
    Resampler(Resampler&&) noexcept;
    Resampler& operator=(Resampler&&) noexcept;
    ~Resampler();

    /// Takes frames (one span per channel, equal lengths) and appends what is ready to `out` (one vector per
    /// channel).
    Status add(std::span<const std::span<const float>> in, std::vector<std::vector<float>>& out);
    /// Appends the rest: in all, resampled_frames() of what was added.
    Status finish(std::vector<std::vector<float>>& out);

  private:
    struct State;
    explicit Resampler(std::unique_ptr<State> state);
    Status drain(const float* const* in, std::size_t frames, std::vector<std::vector<float>>& out);
    std::unique_ptr<State> state_;
};

/// Converts a whole buffer.
Result<std::vector<std::vector<float>>> resample(std::span<const std::span<const float>> in, int from,
                                                 int to);

} // namespace loopmind::files
