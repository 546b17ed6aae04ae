// A seamless bed of coloured stereo noise under a whole loop: hiss, rumble, room, rain.
#pragma once

#include "models/synth/stem_engine.h"

#include <functional>

namespace loopmind::synth {

/// Coloured noise that is periodic in itself (made by an inverse FFT) and cross-faded where the loop ends.
class NoiseBed {
  public:
    /// Magnitude of the noise at the given frequencies in Hz.
    using Colour = std::function<at::Tensor(const at::Tensor& hz)>;
    /// `correlation` 1 is mono, 0 two independent channels.
    NoiseBed(const StemContext& context, std::uint64_t seed, double correlation, const Colour& colour);
    /// Adds the bed times `level`; `shape` ([frames] or empty) multiplies it and must be periodic in the
    /// loop.
    void add(std::int64_t first, std::int64_t frames, double level, const at::Tensor& shape,
             at::Tensor& mix) const;

  private:
    void add_round(std::int64_t first, std::int64_t frames, const at::Tensor& gain, at::Tensor& mix) const;

    const DeviceTables& tables_;
    std::int64_t total_;
    std::int64_t overlap_;
    at::Tensor sound_; ///< [2, frames], standard deviation 1
};

} // namespace loopmind::synth
