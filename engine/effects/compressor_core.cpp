// Everything that has no memory runs four frames at a time; only the smoothing is serial.
#include "engine/effects/compressor_core.h"

#include "engine/effects/quad_math.h"

#include <algorithm>
#include <cmath>

namespace loopmind::effects {

namespace {

constexpr float kSilence = 1e-12f; // power of -120 dBFS
constexpr float kLoudest = 1e30f;

double kept_per_frame(double seconds, double rate) {
    return std::exp(-1.0 / (std::max(1e-6, seconds) * rate));
}

/// The square; silence for what is not a number.
Quad power(Quad x) {
    return smaller(larger(x * x, splat(kSilence)), splat(kLoudest));
}

constexpr Quad kFrame = {1, 2, 3, 4};

} // namespace

double CompressorCore::reduction_db(const CompressorSettings& s, double level_db) {
    const double above = level_db - s.threshold_db;
    const double slope = 1 - 1 / s.ratio;
    if (2 * above < -s.knee_db) return 0;
    if (2 * std::abs(above) <= s.knee_db && s.knee_db > 0) {
        const double into = above + s.knee_db / 2;
        return slope * into * into / (2 * s.knee_db);
    }
    return slope * above;
}

void CompressorCore::prepare(double rate) {
    rate_ = rate;
    mean_keep_ = static_cast<float>(kept_per_frame(kRmsSeconds, rate));
    mean_take_ = 1.0f - mean_keep_; // exact, so that a steady level reads as it is
    reset();
}

void CompressorCore::reset() noexcept {
    mean_ = {};
    reduction_ = {};
}

void CompressorCore::set(const CompressorSettings& s) noexcept {
    // reduction = slope * (min(u, knee)^2 / (2 knee) + max(u - knee, 0)), u = level - knee start: the
    // straight part begins at the threshold plus half a knee with half a knee of reduction, and the parabola
    // holds there.
    knee_start_ = static_cast<float>((s.threshold_db - s.knee_db / 2) / kDbPerOctave);
    knee_ = static_cast<float>(s.knee_db / kDbPerOctave);
    knee_scale_ = knee_ > 0 ? 0.5f / knee_ : 0.0f;
    slope_ = static_cast<float>(1 - 1 / s.ratio);
    attack_ = kept_per_frame(s.attack_seconds, rate_);
    release_ = kept_per_frame(s.release_seconds, rate_);
    const double sign = attack_ <= release_ ? 1 : -1;
    if (sign != sign_) {
        for (double& state : reduction_)
            state = -state;
    }
    sign_ = sign;
    link_ = static_cast<float>(s.link);
    if (s.rms != rms_) mean_ = {};
    rms_ = s.rms;
}

void CompressorCore::set_level(const Level& from, const Level& to) noexcept {
    from_ = from;
    to_ = to;
    makeup_from_ = static_cast<float>(from.makeup_db / kDbPerOctave);
    makeup_step_ = static_cast<float>((to.makeup_db - from.makeup_db) / kDbPerOctave / kTick);
    dry_step_ = (to.dry - from.dry) / static_cast<float>(kTick);
    wet_step_ = (to.wet - from.wet) / static_cast<float>(kTick);
}

void CompressorCore::read_levels(const float* left, const float* right, Ticks& level_left, Ticks& level_right,
                                 int frames) noexcept {
    Ticks copy_left, copy_right;
    if (frames < Effect::kTick) { // part of a tick: the rest is silence
        const auto fill = [frames](const float* from, Ticks& to) {
            std::fill(std::copy(from, from + frames, to.begin()), to.end(), 0.0f);
            return to.data();
        };
        left = fill(left, copy_left);
        right = fill(right, copy_right);
    }
    if (linked() && !rms_) { // the usual case: one level, and no memory before the logarithm
        for (std::size_t i = 0; i < kTick; i += 4) {
            const Quad loudest = larger(power(load_quad(left + i)), power(load_quad(right + i)));
            store_quad(level_left.data() + i, 0.5f * quad_log2(loudest));
        }
        return;
    }
    for (std::size_t i = 0; i < kTick; i += 4) {
        store_quad(level_left.data() + i, power(load_quad(left + i)));
        store_quad(level_right.data() + i, power(load_quad(right + i)));
    }
    if (rms_) {
        float a = mean_[0], b = mean_[1];
        for (std::size_t i = 0; i < static_cast<std::size_t>(frames); ++i) {
            a = mean_keep_ * a + mean_take_ * level_left[i];
            b = mean_keep_ * b + mean_take_ * level_right[i];
            level_left[i] = std::max(a, kSilence);
            level_right[i] = std::max(b, kSilence);
        }
        mean_ = {a, b};
    }
    for (std::size_t i = 0; i < kTick; i += 4) {
        const Quad a = 0.5f * quad_log2(load_quad(level_left.data() + i));
        const Quad b = 0.5f * quad_log2(load_quad(level_right.data() + i));
        const Quad loudest = larger(a, b);
        store_quad(level_left.data() + i, linked() ? loudest : a + link_ * (loudest - a));
        store_quad(level_right.data() + i, b + link_ * (loudest - b));
    }
}

void CompressorCore::smooth(const Ticks& level, float* gain, double& state, int frames, int phase) noexcept {
    // The smooth branching detector y += k (x - y), k by the sign of x - y, is the larger (or, with the
    // release faster, the smaller) of both branches: no branch to mispredict, and the chain from frame to
    // frame is one multiplication, one addition and one maximum. What is not in that chain runs beside it.
    const float sign = static_cast<float>(sign_);
    const float slope = sign * slope_;
    Ticks target;
    for (std::size_t i = 0; i < kTick; i += 4) {
        const Quad above = load_quad(level.data() + i) - knee_start_;
        const Quad into = smaller(larger(above, splat(0.0f)), splat(knee_));
        store_quad(target.data() + i,
                   slope * (into * into * knee_scale_ + larger(above - knee_, splat(0.0f))));
    }
    alignas(16) std::array<double, kTick> attacked, released;
    const double attack_keep = attack_, release_keep = release_;
    const double attack_take = 1 - attack_keep, release_take = 1 - release_keep;
    for (std::size_t i = 0; i < kTick; ++i) {
        const double x = target[i];
        attacked[i] = attack_take * x;
        released[i] = release_take * x;
    }
    double y = state;
    const auto next = [&](std::size_t i) {
        const double attack = attack_keep * y + attacked[i];
        const double release = release_keep * y + released[i];
        y = attack > release ? attack : release;
        return static_cast<float>(y);
    };
    const auto finish = [&](std::size_t i, Quad reduction) {
        const Quad at = kFrame + static_cast<float>(phase + static_cast<int>(i));
        const Quad octaves = makeup_from_ + makeup_step_ * at - sign * reduction;
        const Quad dry = from_.dry + dry_step_ * at;
        const Quad wet = from_.wet + wet_step_ * at;
        store_quad(gain + i, dry + wet * quad_exp2(octaves));
    };
    const auto count = static_cast<std::size_t>(frames);
    std::size_t i = 0;
    for (; i + 4 <= count; i += 4) {
        const float a = next(i), b = next(i + 1), c = next(i + 2), d = next(i + 3);
        finish(i, Quad{a, b, c, d});
    }
    if (i < count) {
        Quad rest{};
        for (std::size_t lane = 0; i + lane < count; ++lane)
            rest[lane] = next(i + lane);
        finish(i, rest);
    }
    // A reduction that no longer changes a bit of the gain ends, before it becomes a slow denormal number.
    const bool ended = phase + frames == Effect::kTick && std::abs(y) < 1e-9;
    state = ended ? 0.0 : y;
}

void CompressorCore::run(const float* left, const float* right, float* gain_left, float* gain_right,
                         int frames, int phase) noexcept {
    Ticks level_left, level_right;
    read_levels(left, right, level_left, level_right, frames);
    smooth(level_left, gain_left, reduction_[0], frames, phase);
    if (linked()) {
        reduction_[1] = reduction_[0];
        return;
    }
    smooth(level_right, gain_right, reduction_[1], frames, phase);
}

} // namespace loopmind::effects
