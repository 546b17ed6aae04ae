// Brings audio to a loudness without passing a true-peak ceiling.
#pragma once

#include "proto/base/result.h"

#include <cstdint>
#include <functional>
#include <span>

namespace loopmind::files {

/// Gives frames first .. first + left.size(); called for the same range more than once.
using StereoReader = std::function<Status(std::int64_t first, std::span<float> left, std::span<float> right)>;
/// Receives frames in order.
using StereoSink = std::function<Status(std::span<const float> left, std::span<const float> right)>;

struct LoudnessTarget {
    double lufs = -14;      ///< integrated (ITU-R BS.1770-4), -70..0
    double ceiling_db = -1; ///< dBTP, -20..0
    /// true: peaks above the ceiling go through the true-peak limiter, and the gain makes up for what it
    /// takes; false: only a gain, which then may stay below the target.
    bool limit = true;
    double highest_gain_db = 40; ///< nothing is raised by more: near-silence stays near-silence
};

/// What a programme needs, and what it measures.
struct LoudnessPlan {
    double gain_db = 0;
    bool limiter = false;
    double ceiling_db = -1; ///< of the limiter; below the target's where the meter reads more than it does
    double lufs_before = 0;
    double lufs_after = 0;          ///< -infinity for silence, which is left alone
    double true_peak_before_db = 0; ///< dBTP, the higher reading of libebur128 and TruePeakEnvelope
    double true_peak_after_db = 0;
    bool reached = false; ///< within 0.1 LU of the target
};

/// Measures a source of `frames` at `sample_rate` (8000..384000 Hz) and finds gain and limiter. Without peaks
/// over the ceiling one pass does; else two to six as a rule, while the gain
/// and the limiter's ceiling are fitted to what the meter reads. Memory does not grow with the length.
/// Errors: the reader's; invalid_argument for a target outside its range.
Result<LoudnessPlan> plan_loudness(const StereoReader& reader, std::int64_t frames, int sample_rate,
                                   const LoudnessTarget& target = {});
/// Plays the source through the plan: exactly `frames` come out, the limiter's delay is taken out.
Status render_loudness(const StereoReader& reader, std::int64_t frames, int sample_rate,
                       const LoudnessPlan& plan, const StereoSink& sink);
/// The same in place, for a rendered buffer.
Result<LoudnessPlan> normalise(std::span<float> left, std::span<float> right, int sample_rate,
                               const LoudnessTarget& target = {});

} // namespace loopmind::files
