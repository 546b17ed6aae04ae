// The meter of a channel strip: peak with hold, RMS, correlation and overs, written by the audio thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace loopmind::metering {

/// What a strip shows. Levels in dBFS, kFloorDb at least.
struct StripReading {
    static constexpr float kFloorDb = -144;
    std::array<float, 2> peak_db{kFloorDb,
                                 kFloorDb}; ///< rises at once, falls 20 dB in 1.7 s (IEC 60268-10, type I)
    std::array<float, 2> hold_db{kFloorDb, kFloorDb}; ///< highest peak of the last two seconds or more
    std::array<float, 2> rms_db{kFloorDb, kFloorDb};  ///< mean of 300 ms; a full-scale sine reads -3.01
    float correlation = 0;   ///< -1 opposite .. 1 equal, of 300 ms; 0 for silence and for one silent side
    std::uint32_t overs = 0; ///< samples beyond full scale since the last clear
    bool broken = false;     ///< a sample was no number since the last clear
};

/// prepare() while nobody processes; process() on the audio thread (no allocation, lock or wait); read() and
/// clear() on any thread. Readings do not depend on the block size once a block has ended.
class StripMeter {
  public:
    /// `sample_rate` in Hz, 8000..384000. Starts from silence.
    void prepare(double sample_rate);
    /// Mono: give the same pointer twice.
    void process(const float* left, const float* right, int frames) noexcept;
    StripReading read() const;
    /// Forgets holds, overs and broken, at the next process().
    void clear() { clear_.store(true, std::memory_order_relaxed); }

  private:
    struct Side {
        double peak = 0;
        double hold = 0;
        std::int64_t hold_left = 0;
        double square = 0;
    };
    void publish() noexcept;

    std::array<Side, 2> sides_;
    double product_ = 0; ///< smoothed left * right
    double fall_ = 1;
    double smooth_ = 1;
    std::int64_t hold_frames_ = 0;
    std::uint32_t overs_ = 0;
    bool broken_ = false;
    std::atomic<bool> clear_{false};
    std::array<std::atomic<float>, 7> shown_{}; ///< peak, hold, square of both sides; correlation
    std::atomic<std::uint32_t> shown_overs_{0};
    std::atomic<bool> shown_broken_{false};
};

} // namespace loopmind::metering
