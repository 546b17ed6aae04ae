// A delay line read between its samples, for chorus, flanger and tape.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <vector>

namespace loopmind::effects {

/// Third-order Lagrange between x[1] (at = 0) and x[2] (at = 1).
inline float lagrange(float x0, float x1, float x2, float x3, float at) {
    const float up = at + 1.0f;
    const float down = at - 1.0f;
    const float twice = at - 2.0f;
    const float a = down * twice;
    const float b = up * at;
    return (a * (0.5f * up * x1 - at * (1.0f / 6.0f) * x0)) +
           (b * (down * (1.0f / 6.0f) * x3 - 0.5f * twice * x2));
}

/// A ring of a power of two of frames. push() first, then read delays of 1 frame or more.
class DelayRing {
  public:
    /// Room for delays up to `longest` frames (and what interpolation needs around them).
    void prepare(int longest) {
        ring_.assign(std::bit_ceil(static_cast<unsigned>(longest) + 8u), 0.0f);
        mask_ = ring_.size() - 1;
        at_ = 0;
    }
    void reset() {
        std::fill(ring_.begin(), ring_.end(), 0.0f);
        at_ = 0;
    }
    void push(float x) {
        ring_[at_] = x;
        at_ = (at_ + 1) & mask_;
    }
    /// What was pushed `frames` pushes ago; 0 is the newest.
    float whole(int frames) const { return ring_[(at_ - 1 - static_cast<size_t>(frames)) & mask_]; }
    /// Value `frames` >= 1 pushes before the frame that was pushed `ago` pushes ago, interpolated.
    float read(double frames, int ago = 0) const {
        const auto whole_frames = static_cast<int>(frames);
        const auto part = static_cast<float>(frames - whole_frames);
        const size_t newest = at_ - static_cast<size_t>(whole_frames + ago); // one frame newer than the point
        return lagrange(ring_[newest & mask_], ring_[(newest - 1) & mask_], ring_[(newest - 2) & mask_],
                        ring_[(newest - 3) & mask_], part);
    }

  private:
    std::vector<float> ring_;
    size_t mask_ = 0;
    size_t at_ = 0;
};

} // namespace loopmind::effects
