// The gain computer of the limiter: from a true-peak envelope to a smooth gain that never lets a peak pass.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace loopmind::effects {

/// Sliding minimum of the gain each peak needs, exponential release, then two box averages whose common
/// length is the look-ahead: the average is always at most what the peak in its middle needs. Gains are whole
/// numbers of 2^-30 and the averages exact integer sums, so no error builds up, and with nothing to limit the
/// gain is exactly 1. Settling on the master uses it without the audio path.
class LimiterGain {
  public:
    /// Frames on both sides of a peak that get its gain too, for the interpolation between samples.
    static constexpr int kGuard = 8;

    /// Allocates. `lookahead_frames` >= 4; `release_seconds` > 0: time constant of the recovery.
    void prepare(double rate, int lookahead_frames);
    void set_release(double seconds);
    void reset();
    /// Takes the envelope of the newest frame and returns the gain for the frame delay() before it.
    float next(float envelope, float ceiling) {
        constexpr std::int64_t one = kOne;
        std::int64_t needed = one;
        if (envelope > ceiling) {
            needed = static_cast<std::int64_t>(static_cast<double>(ceiling) / envelope * kOne);
        }
        if (needed == one && idle_ >= idle_limit_) return 1.0f;
        return limit(needed);
    }
    int delay() const { return lookahead_ + kGuard; }
    /// True while every gain it remembers is 1.
    bool idle() const { return idle_ >= idle_limit_; }

  private:
    static constexpr std::int64_t kOne = std::int64_t{1} << 30;
    struct Candidate {
        std::int64_t frame;
        std::int64_t gain;
    };
    struct Box {
        std::vector<std::int64_t> ring;
        std::size_t at = 0;
        std::int64_t sum = 0;
        std::int64_t push(std::int64_t value) {
            sum += value - ring[at];
            ring[at] = value;
            if (++at == ring.size()) at = 0;
            return sum;
        }
        void fill(std::int64_t value);
    };
    float limit(std::int64_t needed);

    double rate_ = 48000;
    int lookahead_ = 0;
    int window_ = 1;
    std::vector<Candidate> queue_; ///< ring of falling minima
    std::size_t head_ = 0;
    std::size_t count_ = 0;
    std::int64_t frame_ = 0;
    double release_step_ = 0;
    std::int64_t released_ = kOne;
    Box first_;
    Box second_;
    double scale_ = 1;
    int idle_ = 0;
    int idle_limit_ = 0;
};

} // namespace loopmind::effects
