// The gain of a compressor: level, static curve and smoothing in the log domain, a tick at a time.
#pragma once

#include "engine/effects/effect.h"

#include <array>

namespace loopmind::effects {

/// What shapes the gain of one compressor.
struct CompressorSettings {
    double threshold_db = 0;
    double ratio = 1;   ///< >= 1; input decibels above the threshold per output decibel
    double knee_db = 0; ///< width of the soft knee around the threshold
    double attack_seconds = 0.01;
    double release_seconds = 0.1;
    bool rms = false; ///< detector: root mean square over kRmsSeconds instead of the instantaneous peak
    double link = 1;  ///< 1: both channels get the gain of the louder one, 0: each its own
};

/// Feed-forward compression after Giannoulis, Massberg and Reiss, "Digital Dynamic Range Compressor Design",
/// JAES 60(6), 2012: level in dB, soft-knee static curve (their equation 4), then the smooth branching
/// detector (equation 16) on the gain reduction, which makes both times time constants: after a step the
/// reduction in dB has gone 1 - 1/e (63.2 %) of its way within attack_seconds or release_seconds.
///
/// The peak detector reads |x| of every sample, the RMS detector sqrt of x^2 behind a one-pole of kRmsSeconds
/// (a sine therefore reads 3 dB lower). Levels below -120 dBFS count as -120. Input that is not a number
/// counts as silence. Errors of the fast logarithm and exponential together stay below 0.001 dB.
class CompressorCore {
  public:
    static constexpr double kRmsSeconds = 0.01;

    void prepare(double rate);
    void reset() noexcept;
    /// A tick begins; allocation-free, a few transcendental functions.
    void set(const CompressorSettings& settings) noexcept;
    /// Level after the reduction at the start and at the end of the tick: gain = dry + wet * makeup *
    /// reduction, ramped between (makeup in dB, the others linearly).
    struct Level {
        float makeup_db = 0, dry = 0, wet = 1;
        bool operator==(const Level&) const = default;
    };
    void set_level(const Level& from, const Level& to) noexcept;

    /// Gains for both channels from the detector's signal; at most one tick, `phase` as in Effect::run. The
    /// four arrays hold Effect::kTick values; gains beyond `frames` are written too, without meaning.
    void run(const float* left, const float* right, float* gain_left, float* gain_right, int frames,
             int phase) noexcept;
    /// Whether both channels always get the same gain, so that gain_right of run() is not written.
    bool linked() const { return link_ == 1.0f; }

    /// Decibels by which the static curve lowers a level.
    static double reduction_db(const CompressorSettings& settings, double level_db);

  private:
    static constexpr std::size_t kTick = static_cast<std::size_t>(Effect::kTick);
    using Ticks = std::array<float, kTick>;
    void read_levels(const float* left, const float* right, Ticks& level_left, Ticks& level_right,
                     int frames) noexcept;
    void smooth(const Ticks& level, float* gain, double& state, int frames, int phase) noexcept;

    double rate_ = 48000;
    // The curve in octaves (6.02 dB), the unit of the binary logarithm.
    float knee_start_ = 0, knee_ = 0, knee_scale_ = 0, slope_ = 0;
    double attack_ = 1, release_ = 1; ///< what one frame leaves of the distance
    double sign_ = 1;                 ///< -1 when the release is faster than the attack
    float link_ = 1;
    bool rms_ = false;
    float mean_keep_ = 0, mean_take_ = 1;
    std::array<float, 2> mean_{};
    std::array<double, 2> reduction_{}; ///< times sign_
    Level from_, to_;
    float makeup_from_ = 0, makeup_step_ = 0, dry_step_ = 0, wet_step_ = 0;
};

} // namespace loopmind::effects
