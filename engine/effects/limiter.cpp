// Delay line, envelope and gain computer of the limiter.
#include "engine/effects/limiter.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace loopmind::effects {

namespace {
constexpr ParameterInfo kInfos[] = {
    {"ceiling_db", "dB", -24, 0, -1, "Highest true peak in dBTP", Scale::kLinear, -3, -0.3f},
    {"release_ms", "ms", 1, 2000, 100, "Time constant of the recovery", Scale::kLogarithmic, 30, 300},
    {"lookahead_ms", "ms", 0.5f, 20, 2,
     "Time in which the gain moves down ahead of a peak; takes effect at prepare"},
};
} // namespace

Limiter::Limiter() : Effect(kInfos) {}

int Limiter::lookahead_frames(double rate, double lookahead_ms) {
    return std::max(4, static_cast<int>(std::lround(rate * lookahead_ms / 1000.0)));
}

float Limiter::held_level(double ceiling_db) {
    return static_cast<float>(std::pow(10.0, (ceiling_db - kMarginDb) / 20.0));
}

double Limiter::tail_seconds() const {
    return delay_ / rate() + 11.0 * target(kReleaseMs) / 1000.0;
}

void Limiter::on_prepare(double rate) {
    gain_.prepare(rate, lookahead_frames(rate, target(kLookaheadMs)));
    delay_ = gain_.delay() + TruePeakEnvelope::kDelay;
    left_.assign(static_cast<size_t>(delay_ + kTick), 0.0f);
    right_.assign(static_cast<size_t>(delay_ + kTick), 0.0f);
    TruePeakEnvelope::prepare();
}

void Limiter::on_reset() noexcept {
    envelope_.reset();
    gain_.reset();
    std::fill(left_.begin(), left_.end(), 0.0f);
    std::fill(right_.begin(), right_.end(), 0.0f);
}

void Limiter::on_tick(bool moved) noexcept {
    if (!moved) return;
    ceiling_ = held_level(value(kCeilingDb));
    gain_.set_release(value(kReleaseMs) / 1000.0);
}

void Limiter::run(float* left, float* right, int frames, int phase) noexcept {
    std::array<float, kTick> envelope;
    envelope_.process(left, right, envelope.data(), frames);
    const size_t bytes = sizeof(float) * static_cast<size_t>(frames);
    std::memcpy(left_.data() + delay_, left, bytes);
    std::memcpy(right_.data() + delay_, right, bytes);
    for (int i = 0; i < frames; ++i) {
        const float gain = gain_.next(envelope[static_cast<size_t>(i)], ceiling_);
        left[i] = left_[static_cast<size_t>(i)] * gain;
        right[i] = right_[static_cast<size_t>(i)] * gain;
    }
    const size_t kept = sizeof(float) * static_cast<size_t>(delay_);
    std::memmove(left_.data(), left_.data() + frames, kept);
    std::memmove(right_.data(), right_.data() + frames, kept);
}

} // namespace loopmind::effects
