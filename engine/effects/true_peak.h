// Streaming true-peak envelope: per frame the largest magnitude of the 4x oversampled stereo signal (ITU-R
// BS.1770-4 annex 2), the higher reading of a long filter and of the short one that common meters use.
#pragma once

#include "engine/effects/effect.h"
#include "engine/effects/oversample_kernel.h"

#include <array>

namespace loopmind::effects {

/// Envelope of both channels together. Output frame n belongs to input frame n - kDelay and covers that
/// sample and the three points after it. No allocation; one owner thread.
class TruePeakEnvelope {
  public:
    static constexpr int kDelay = OversampleKernel::kDelay;
    static constexpr int kMaxBlock = 256;

    void reset();
    /// Any number of frames; the result does not depend on how they are cut.
    void process(const float* left, const float* right, float* envelope, int frames);

  private:
    static constexpr int kHistory = OversampleKernel::kTaps;
    void run(const float* input, std::array<float, kHistory + kMaxBlock>& line, float* envelope, int frames,
             bool first);
    std::array<std::array<float, kHistory + kMaxBlock>, 2> lines_{};
};

} // namespace loopmind::effects
