// One envelope, then per gain: limiter gain computer, K-weighted loudness, next guess.
#include "engine/graph/master.h"

#include "engine/effects/denormals.h"
#include "engine/effects/gain.h"
#include "engine/effects/limiter.h"
#include "engine/effects/limiter_gain.h"
#include "engine/effects/true_peak.h"
#include "engine/metering/block_loudness.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

namespace loopmind::graph {

namespace {

constexpr int kMaxIterations = 8;
constexpr double kTolerance = 0.05;
constexpr double kReached = 0.3;
constexpr double kSilence = -std::numeric_limits<double>::infinity();

/// True-peak envelope of every frame of the loop, played round.
std::vector<float> loop_envelope(std::span<const float> left, std::span<const float> right) {
    const auto total = static_cast<std::int64_t>(left.size());
    std::vector<float> envelope(left.size());
    effects::TruePeakEnvelope detector;
    detector.reset();
    constexpr int kDelay = effects::TruePeakEnvelope::kDelay;
    constexpr std::int64_t kBlock = effects::TruePeakEnvelope::kMaxBlock;
    std::array<float, kBlock> in_left, in_right, out;
    for (std::int64_t time = -2 * kDelay; time < total + kDelay; time += kBlock) {
        const std::int64_t count = std::min(kBlock, total + kDelay - time);
        for (std::int64_t i = 0; i < count; ++i) {
            const auto at = static_cast<size_t>(((time + i) % total + total) % total);
            in_left[static_cast<size_t>(i)] = left[at];
            in_right[static_cast<size_t>(i)] = right[at];
        }
        detector.process(in_left.data(), in_right.data(), out.data(), static_cast<int>(count));
        for (std::int64_t i = 0; i < count; ++i) {
            const std::int64_t frame = time + i - kDelay;
            if (frame >= 0 && frame < total)
                envelope[static_cast<size_t>(frame)] = out[static_cast<size_t>(i)];
        }
    }
    return envelope;
}

class Trial {
  public:
    Trial(std::span<const float> left, std::span<const float> right, int rate, const MasterTarget& target)
        : left_(left), right_(right), envelope_(loop_envelope(left, right)), loudness_(rate),
          ceiling_(effects::Limiter::held_level(target.ceiling_db)) {
        gain_.prepare(rate, effects::Limiter::lookahead_frames(rate, target.lookahead_ms));
        gain_.set_release(target.release_ms / 1000.0);
        preroll_ = static_cast<std::int64_t>(11.0 * target.release_ms / 1000.0 * rate) + gain_.delay();
        loudest_ = *std::max_element(envelope_.begin(), envelope_.end());
    }

    float loudest() const { return loudest_; }
    double plain_lufs(double gain) {
        if (!plain_measured_) {
            loudness_.reset();
            loudness_.add(left_, right_);
            plain_ = loudness_;
            plain_measured_ = true;
        }
        return plain_.integrated(gain);
    }

    /// Loudness after gain and limiter.
    double lufs(double gain_db) { return measure(gain_db, nullptr); }
    /// The same, and the true peak in dBTP.
    double lufs_and_peak(double gain_db, double& true_peak_db) {
        effects::TruePeakEnvelope detector;
        detector.reset();
        peak_ = 0;
        const double out = measure(gain_db, &detector);
        true_peak_db = peak_ > 0 ? 20.0 * std::log10(peak_) : kSilence;
        return out;
    }

  private:
    double measure(double gain_db, effects::TruePeakEnvelope* detector) {
        const float gain = effects::gain_from_db(static_cast<float>(gain_db));
        const auto total = static_cast<std::int64_t>(envelope_.size());
        loudness_.reset();
        gain_.reset();
        auto envelope_at = [&](std::int64_t frame) { return envelope_[static_cast<size_t>(frame)] * gain; };
        if (gain * loudest_ > ceiling_) {
            for (std::int64_t time = gain_.delay() - preroll_; time < gain_.delay(); ++time) {
                gain_.next(envelope_at((time % total + total) % total), ceiling_);
            }
        }
        constexpr std::int64_t kBlock = effects::TruePeakEnvelope::kMaxBlock;
        std::array<float, kBlock> out_left, out_right, out;
        std::int64_t ahead = gain_.delay() % total;
        for (std::int64_t at = 0; at < total; at += kBlock) {
            const std::int64_t count = std::min(kBlock, total - at);
            for (std::int64_t i = 0; i < count; ++i) {
                const float factor = gain_.next(envelope_at(ahead), ceiling_);
                if (++ahead == total) ahead = 0;
                out_left[static_cast<size_t>(i)] = left_[static_cast<size_t>(at + i)] * gain * factor;
                out_right[static_cast<size_t>(i)] = right_[static_cast<size_t>(at + i)] * gain * factor;
            }
            const auto size = static_cast<size_t>(count);
            loudness_.add({out_left.data(), size}, {out_right.data(), size});
            if (!detector) continue;
            detector->process(out_left.data(), out_right.data(), out.data(), static_cast<int>(count));
            peak_ = std::max(peak_, *std::max_element(out.begin(), out.begin() + count));
        }
        return loudness_.integrated();
    }

    std::span<const float> left_;
    std::span<const float> right_;
    std::vector<float> envelope_;
    metering::BlockLoudness loudness_;
    metering::BlockLoudness plain_{48000};
    bool plain_measured_ = false;
    effects::LimiterGain gain_;
    float ceiling_;
    float loudest_ = 0;
    float peak_ = 0;
    std::int64_t preroll_ = 0;
};

/// Gain that would do without the limiter. The -70 LUFS gate makes this a search for very quiet audio.
double plain_gain_db(Trial& trial, const MasterTarget& target) {
    // Bring the peak to full scale first, so that the absolute gate does not hide what there is.
    double gain_db = -20.0 * std::log10(trial.loudest());
    for (int i = 0; i < 4; ++i) {
        const double lufs = trial.plain_lufs(std::pow(10.0, gain_db / 20.0));
        if (!std::isfinite(lufs)) break;
        gain_db += target.lufs - lufs;
    }
    return gain_db;
}

} // namespace

SettledMaster settle_master(std::span<const float> left, std::span<const float> right, int sample_rate,
                            const MasterTarget& target) {
    const effects::FlushDenormals flush;
    SettledMaster out;
    const size_t total = std::min(left.size(), right.size());
    auto silent = [&] {
        out.silent = true;
        out.lufs = out.true_peak_db = kSilence;
        return out;
    };
    if (total == 0) return silent();
    Trial trial(left.first(total), right.first(total), sample_rate, target);
    // Below the last bit of 24 there is nothing to raise.
    if (!(trial.loudest() > 1.0f / (1 << 23))) return silent();

    // Loudness grows with gain, ever slower once the limiter works: [low, high] brackets the answer.
    double low = target.lowest_gain_db;
    double high = target.highest_gain_db;
    double gain_db = std::clamp(plain_gain_db(trial, target), low, high);
    double last_gain = 0;
    double last_lufs = 0;
    double best_error = std::numeric_limits<double>::infinity();
    for (out.iterations = 1; out.iterations <= kMaxIterations; ++out.iterations) {
        const double lufs = trial.lufs(gain_db);
        const double error = target.lufs - lufs;
        if (std::abs(error) < best_error) {
            best_error = std::abs(error);
            out.gain_db = gain_db;
        }
        if (std::abs(error) <= kTolerance) break;
        (error > 0 ? low : high) = gain_db;
        if (high - low < 0.01 || out.iterations == kMaxIterations) break;
        double next = gain_db + error;
        if (out.iterations > 1 && std::isfinite(last_lufs) && std::isfinite(lufs)) {
            const double slope = (lufs - last_lufs) / (gain_db - last_gain);
            next = gain_db + error / std::clamp(slope, 0.05, 1.5);
        }
        last_gain = gain_db;
        last_lufs = lufs;
        gain_db = next > low && next < high ? next : 0.5 * (low + high);
    }
    out.iterations = std::min(out.iterations, kMaxIterations);
    out.lufs = trial.lufs_and_peak(out.gain_db, out.true_peak_db);
    out.reached = std::abs(out.lufs - target.lufs) <= kReached;
    return out;
}

} // namespace loopmind::graph
