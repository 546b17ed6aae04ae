// Convolution with a long impulse response in fixed partitions, without latency.
#pragma once

#include "engine/effects/effect.h"
#include "engine/effects/real_fft.h"

#include <array>
#include <memory>
#include <span>
#include <vector>

namespace loopmind::effects {

/// One channel. The first 64 taps are a plain FIR; later ones lie in three levels of uniform partitions
/// (overlap-save, after W. G. Gardner, "Efficient convolution without input-output delay", 1995): blocks of
/// 64 from tap 64, of 1024 from 2048 and of 8192 from 16384. The first level answers at the end of its block;
/// the others have a whole further block's time and spread their products over its ticks, so no tick carries
/// more than one large transform. All borders are counted in frames from reset(), so results do not depend on
/// the caller's blocks.
class PartitionedConvolver {
  public:
    static constexpr int kTick = Effect::kTick;

    /// Allocates. `first_step` 0 or 1: the tick of a block in which the large transforms begin; two channels
    /// given different ones do not meet in one tick.
    void prepare(std::span<const float> response, int first_step = 0);
    void reset() noexcept;
    /// At most up to the end of the tick that the frames since reset() are in; `out` must not be `in`.
    void process(const float* in, float* out, int frames) noexcept;

  private:
    static constexpr int kHead = 64;
    class Level;

    std::array<float, kHead> head_{}; ///< taps, oldest input first
    std::array<float, kHead - 1 + kTick> history_{};
    std::vector<std::unique_ptr<Level>> levels_;
    int phase_ = 0;

  public:
    PartitionedConvolver();
    ~PartitionedConvolver();
};

} // namespace loopmind::effects
