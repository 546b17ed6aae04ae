// Measure, aim, measure again.
#include "engine/files/normalise.h"

#include "engine/effects/limiter.h"
#include "engine/effects/true_peak.h"
#include "engine/metering/loudness.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace loopmind::files {
namespace {

constexpr std::size_t kBlockFrames = 16384;
constexpr int kMostPasses = 6;
constexpr int kMostCeilings = 4;
constexpr double kMargin = 0.1; ///< dB below the ceiling: so far do meters differ that interpolate alike
constexpr double kClose = 0.05;
constexpr double kReached = 0.1;

struct Measured {
    double lufs = 0;
    /// The higher reading of libebur128 and of the limiter's detector: common meters read full-band noise up
    /// to 0.2 dB low.
    double true_peak_db = 0;
};

Result<Measured> measure(const StereoReader& reader, std::int64_t frames, int rate,
                         const LoudnessPlan& plan) {
    Result<metering::LoudnessMeter> meter = metering::LoudnessMeter::create(rate);
    if (!meter) return meter.error();
    effects::TruePeakEnvelope::prepare();
    effects::TruePeakEnvelope detector;
    detector.reset();
    std::vector<float> envelope(kBlockFrames);
    float peak = 0;
    const auto detect = [&](const float* left, const float* right, std::size_t count) {
        detector.process(left, right, envelope.data(), static_cast<int>(count));
        peak = std::max(
            peak, *std::max_element(envelope.begin(), envelope.begin() + static_cast<std::ptrdiff_t>(count)));
    };
    const Status played = render_loudness(reader, frames, rate, plan, [&](auto left, auto right) {
        meter->add(left, right);
        detect(left.data(), right.data(), left.size());
        return Status();
    });
    if (!played) return played.error();
    const std::vector<float> silence(effects::TruePeakEnvelope::kDelay);
    detect(silence.data(), silence.data(), silence.size()); // the envelope of the last frames
    const metering::Loudness read = meter->read();
    const double envelope_db = peak > 0 ? 20 * std::log10(static_cast<double>(peak)) : read.true_peak_db;
    return Measured{read.integrated_lufs, std::max(read.true_peak_db, envelope_db)};
}

/// Finds the gain in front of the limiter of `plan`, from plan.gain_db on.
Status aim(const StereoReader& reader, std::int64_t frames, int rate, const LoudnessTarget& target,
           double plain_gain, LoudnessPlan& plan) {
    double low = plain_gain, high = target.highest_gain_db; // the limiter only takes loudness away
    double best = std::numeric_limits<double>::infinity(), best_gain = plan.gain_db;
    double last_gain = 0, last_lufs = 0;
    for (int pass = 0; pass < kMostPasses; ++pass) {
        const Result<Measured> now = measure(reader, frames, rate, plan);
        if (!now) return now.error();
        const double error = target.lufs - now->lufs;
        if (std::abs(error) < best) {
            best = std::abs(error);
            best_gain = plan.gain_db;
            plan.lufs_after = now->lufs;
            plan.true_peak_after_db = now->true_peak_db;
        }
        if (std::abs(error) <= kClose || high - low < 0.01) break;
        (error > 0 ? low : high) = plan.gain_db;
        double next = plan.gain_db + error;
        if (pass > 0 && plan.gain_db != last_gain) {
            const double slope = (now->lufs - last_lufs) / (plan.gain_db - last_gain);
            next = plan.gain_db + error / std::clamp(slope, 0.05, 1.5);
        }
        last_gain = plan.gain_db;
        last_lufs = now->lufs;
        plan.gain_db = next > low && next < high ? next : 0.5 * (low + high);
    }
    plan.gain_db = best_gain;
    plan.reached = best <= kReached;
    return {};
}

} // namespace

Status render_loudness(const StereoReader& reader, std::int64_t frames, int rate, const LoudnessPlan& plan,
                       const StereoSink& sink) {
    const auto gain = static_cast<float>(std::pow(10.0, plan.gain_db / 20));
    effects::Limiter limiter;
    if (plan.limiter) {
        limiter.set("ceiling_db", plan.ceiling_db);
        limiter.prepare(rate, static_cast<int>(kBlockFrames));
    }
    const std::int64_t delay = plan.limiter ? limiter.latency() : 0;
    std::vector<float> left(kBlockFrames), right(kBlockFrames);
    // The limiter's answer comes `delay` frames late: feed that much silence, drop that much at the start.
    for (std::int64_t at = 0; at < frames + delay;) {
        const auto count =
            static_cast<std::size_t>(std::min<std::int64_t>(kBlockFrames, frames + delay - at));
        const auto real = static_cast<std::size_t>(
            std::clamp<std::int64_t>(frames - at, 0, static_cast<std::int64_t>(count)));
        if (real > 0)
            if (Status read = reader(at, {left.data(), real}, {right.data(), real}); !read) return read;
        std::fill(left.begin() + static_cast<std::ptrdiff_t>(real),
                  left.begin() + static_cast<std::ptrdiff_t>(count), 0.0f);
        std::fill(right.begin() + static_cast<std::ptrdiff_t>(real),
                  right.begin() + static_cast<std::ptrdiff_t>(count), 0.0f);
        if (gain != 1.0f)
            for (std::size_t i = 0; i < real; ++i) {
                left[i] *= gain;
                right[i] *= gain;
            }
        if (plan.limiter) limiter.process(left.data(), right.data(), static_cast<int>(count));
        const auto skip = static_cast<std::size_t>(
            std::clamp<std::int64_t>(delay - at, 0, static_cast<std::int64_t>(count)));
        if (skip < count)
            if (Status sent = sink({left.data() + skip, count - skip}, {right.data() + skip, count - skip});
                !sent)
                return sent;
        at += static_cast<std::int64_t>(count);
    }
    return {};
}

Result<LoudnessPlan> plan_loudness(const StereoReader& reader, std::int64_t frames, int rate,
                                   const LoudnessTarget& target) {
    if (!(target.lufs >= -70 && target.lufs <= 0))
        return Error{ErrorCode::kInvalidArgument, "lufs", "must be -70 to 0",
                     "-14 is what streaming services play"};
    if (!(target.ceiling_db >= -20 && target.ceiling_db <= 0))
        return Error{ErrorCode::kInvalidArgument, "ceiling_db", "must be -20 to 0 dBTP", {}};
    LoudnessPlan plan;
    plan.ceiling_db = target.ceiling_db;
    Result<Measured> plain = measure(reader, frames, rate, plan);
    if (!plain) return plain.error();
    plan.lufs_before = plan.lufs_after = plain->lufs;
    plan.true_peak_before_db = plan.true_peak_after_db = plain->true_peak_db;
    if (!std::isfinite(plain->lufs))
        return plan; // nothing above the gate: there is nothing to bring anywhere

    plan.gain_db = std::min(target.lufs - plain->lufs, target.highest_gain_db);
    const double room = target.ceiling_db - plain->true_peak_db;
    if (plan.gain_db <= room || !target.limit) {
        plan.gain_db = std::min(plan.gain_db, room);
        plan.lufs_after = plain->lufs + plan.gain_db; // a gain moves both alike
        plan.true_peak_after_db = plain->true_peak_db + plan.gain_db;
        plan.reached = std::abs(plan.lufs_after - target.lufs) <= kReached;
        return plan;
    }
    plan.limiter = true;
    const double plain_gain = plan.gain_db;
    for (int attempt = 0; attempt < kMostCeilings; ++attempt) {
        plan.gain_db = std::max(plan.gain_db, plain_gain);
        if (Status aimed = aim(reader, frames, rate, target, plain_gain, plan); !aimed) return aimed.error();
        // Limiter and meter interpolate with different filters: what the meter says counts.
        const double excess = plan.true_peak_after_db - (target.ceiling_db - kMargin);
        if (excess <= 0.001) break;
        plan.ceiling_db -= excess;
    }
    return plan;
}

Result<LoudnessPlan> normalise(std::span<float> left, std::span<float> right, int rate,
                               const LoudnessTarget& target) {
    if (left.size() != right.size())
        return Error{ErrorCode::kInternal, "audio", "has sides of different lengths", {}};
    const auto frames = static_cast<std::int64_t>(left.size());
    const std::vector<float> in_left(left.begin(), left.end()), in_right(right.begin(), right.end());
    const StereoReader reader = [&](std::int64_t first, std::span<float> l, std::span<float> r) {
        std::copy_n(in_left.begin() + first, l.size(), l.begin());
        std::copy_n(in_right.begin() + first, r.size(), r.begin());
        return Status();
    };
    Result<LoudnessPlan> plan = plan_loudness(reader, frames, rate, target);
    if (!plan) return plan;
    std::size_t at = 0;
    const Status played = render_loudness(reader, frames, rate, *plan, [&](auto l, auto r) {
        std::copy(l.begin(), l.end(), left.begin() + static_cast<std::ptrdiff_t>(at));
        std::copy(r.begin(), r.end(), right.begin() + static_cast<std::ptrdiff_t>(at));
        at += l.size();
        return Status();
    });
    return played ? std::move(plan) : Result<LoudnessPlan>(played.error());
}

} // namespace loopmind::files
