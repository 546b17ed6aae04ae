// The newest stereo samples, handed from the audio thread to whoever draws them.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace loopmind::metering {

/// Lock-free ring that overwrites: the writer never waits and never learns whether anybody reads. One writer
/// (the audio thread: no allocation, lock or wait), any number of readers.
class ScopeRing {
  public:
    /// `frames` is rounded up to a power of two. Allocates.
    explicit ScopeRing(std::size_t frames = 32768) {
        std::size_t size = 64;
        while (size < frames && size < (std::size_t{1} << 24))
            size *= 2;
        samples_ = std::vector<std::atomic<float>>(2 * size);
        mask_ = size - 1;
    }
    std::size_t capacity() const { return mask_ + 1; }

    /// Audio thread.
    void write(const float* left, const float* right, int frames) noexcept {
        const std::uint64_t at = begun_.load(std::memory_order_relaxed);
        const std::uint64_t end = at + static_cast<std::uint64_t>(frames);
        // Readers must see that the frames are being overwritten before they can see new samples there.
        begun_.store(end, std::memory_order_relaxed);
        std::atomic_thread_fence(std::memory_order_release);
        for (int i = 0; i < frames; ++i) {
            const std::size_t place = 2 * ((at + static_cast<std::uint64_t>(i)) & mask_);
            samples_[place].store(left[i], std::memory_order_relaxed);
            samples_[place + 1].store(right[i], std::memory_order_relaxed);
        }
        done_.store(end, std::memory_order_release);
    }

    /// Frames written so far.
    std::uint64_t written() const { return done_.load(std::memory_order_acquire); }

    /// The newest frames, oldest first; what lies before the first write is 0. False when the writer
    /// overtook the reader while it copied (try again at the next picture); spans of one length, at most
    /// half the capacity.
    bool latest(std::span<float> left, std::span<float> right) const {
        const std::size_t count = left.size();
        if (count > capacity() / 2 || right.size() != count) return false;
        const std::uint64_t end = written();
        for (std::size_t i = 0; i < count; ++i) {
            const std::uint64_t back = count - i;
            if (back > end) {
                left[i] = right[i] = 0;
                continue;
            }
            const std::size_t place = 2 * ((end - back) & mask_);
            left[i] = samples_[place].load(std::memory_order_relaxed);
            right[i] = samples_[place + 1].load(std::memory_order_relaxed);
        }
        std::atomic_thread_fence(std::memory_order_acquire);
        return begun_.load(std::memory_order_relaxed) - end <= capacity() - count;
    }

  private:
    std::vector<std::atomic<float>> samples_; ///< left, right, left, ...
    std::size_t mask_ = 0;
    std::atomic<std::uint64_t> begun_{0}; ///< frames whose writing has begun
    std::atomic<std::uint64_t> done_{0};  ///< frames that are whole
};

} // namespace loopmind::metering
