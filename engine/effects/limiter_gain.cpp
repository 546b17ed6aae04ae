// Sliding minimum by a queue of falling candidates; release; two integer box averages.
#include "engine/effects/limiter_gain.h"

#include <algorithm>
#include <cmath>

namespace loopmind::effects {

void LimiterGain::Box::fill(std::int64_t value) {
    std::fill(ring.begin(), ring.end(), value);
    sum = value * static_cast<std::int64_t>(ring.size());
    at = 0;
}

void LimiterGain::prepare(double rate, int lookahead_frames) {
    rate_ = rate;
    lookahead_ = std::max(4, lookahead_frames);
    window_ = lookahead_ + 1 + 2 * kGuard;
    queue_.assign(static_cast<size_t>(window_) + 1, {});
    // Two boxes of b1 and b2 frames reach back b1 + b2 - 2 = lookahead frames.
    const int b1 = lookahead_ / 2 + 1;
    const int b2 = lookahead_ - lookahead_ / 2 + 1;
    first_.ring.assign(static_cast<size_t>(b1), 0);
    second_.ring.assign(static_cast<size_t>(b2), 0);
    scale_ = 1.0 / (static_cast<double>(kOne) * b1 * b2);
    idle_limit_ = window_ + lookahead_ + 2;
    set_release(0.1);
    reset();
}

void LimiterGain::set_release(double seconds) {
    release_step_ = 1.0 - std::exp(-1.0 / (std::max(1e-4, seconds) * rate_));
}

void LimiterGain::reset() {
    head_ = 0;
    count_ = 0;
    frame_ = 0;
    released_ = kOne;
    first_.fill(kOne);
    second_.fill(kOne * static_cast<std::int64_t>(first_.ring.size()));
    idle_ = idle_limit_;
}

float LimiterGain::limit(std::int64_t needed) {
    const size_t capacity = queue_.size();
    auto slot = [&](size_t index) {
        const size_t at = head_ + index;
        return at < capacity ? at : at - capacity;
    };
    while (count_ > 0 && queue_[slot(count_ - 1)].gain >= needed)
        --count_;
    queue_[slot(count_)] = {frame_, needed};
    ++count_;
    if (queue_[head_].frame <= frame_ - window_) {
        head_ = slot(1);
        --count_;
    }
    ++frame_;
    const std::int64_t minimum = queue_[head_].gain;
    if (minimum < released_) {
        released_ = minimum;
    } else if (released_ < kOne) {
        const double step = release_step_ * static_cast<double>(kOne - released_);
        released_ = std::min(minimum, released_ + static_cast<std::int64_t>(step) + 1);
    }
    if (released_ > kOne - (kOne >> 18)) released_ = std::min(minimum, kOne);
    const std::int64_t sum = second_.push(first_.push(released_));
    idle_ = released_ == kOne ? std::min(idle_ + 1, idle_limit_) : 0;
    if (idle_ >= idle_limit_) {
        head_ = 0; // what the queue still holds is all 1
        count_ = 0;
        return 1.0f;
    }
    return static_cast<float>(static_cast<double>(sum) * scale_);
}

} // namespace loopmind::effects
