// A fixed delay of stereo audio, for effects that look ahead.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace loopmind::effects {

/// Delays both channels in place. prepare() allocates; run() never does.
class LookaheadDelay {
  public:
    void prepare(int frames) {
        left_.assign(static_cast<std::size_t>(frames), 0.0f);
        right_.assign(static_cast<std::size_t>(frames), 0.0f);
        at_ = 0;
    }
    void reset() noexcept {
        std::fill(left_.begin(), left_.end(), 0.0f);
        std::fill(right_.begin(), right_.end(), 0.0f);
        at_ = 0;
    }
    int frames() const { return static_cast<int>(left_.size()); }

    void run(float* left, float* right, int frames) noexcept {
        if (left_.empty()) return;
        for (auto to_go = static_cast<std::size_t>(frames); to_go > 0;) {
            // The ring is as long as the delay: what is overwritten is what comes out.
            const std::size_t count = std::min(to_go, left_.size() - at_);
            std::swap_ranges(left, left + count, left_.data() + at_);
            std::swap_ranges(right, right + count, right_.data() + at_);
            left += count;
            right += count;
            to_go -= count;
            at_ += count;
            if (at_ == left_.size()) at_ = 0;
        }
    }

  private:
    std::vector<float> left_, right_;
    std::size_t at_ = 0;
};

} // namespace loopmind::effects
