// The quantiser.
#include "engine/files/dither.h"

#include <algorithm>
#include <cmath>

namespace loopmind::files {
namespace {

/// SplitMix64's finaliser (Steele, Lea and Flood 2014): every bit of the result depends on every bit of `x`.
std::uint64_t mix(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
    return x ^ (x >> 31);
}

} // namespace

Quantiser::Quantiser(int bits, int channels, int sample_rate, Dither dither, std::uint64_t seed)
    : scale_(std::ldexp(1.0, bits - 1)), dither_(dither), seed_(seed),
      errors_(static_cast<std::size_t>(channels)) {
    if (dither == Dither::kShaped && sample_rate >= 40000) {
        if (sample_rate < 60000)
            shaper_ = {2.033, -2.165, 1.959, -1.590, 0.6149};
        else
            shaper_ = {2.0, -1.0};
    }
}

double Quantiser::noise(std::size_t channel) const {
    const std::uint64_t key = seed_ ^ (static_cast<std::uint64_t>(channel) + 1) * 0x9E3779B97F4A7C15ull;
    const std::uint64_t bits = mix(mix(key) + static_cast<std::uint64_t>(frame_));
    // The difference of two even draws in [0, 1) has a triangular density over (-1, 1).
    constexpr double step = 1.0 / 4294967296.0;
    return static_cast<double>(bits >> 32) * step - static_cast<double>(bits & 0xFFFFFFFF) * step;
}

std::int32_t Quantiser::round(double scaled) {
    const double nearest = std::floor(scaled + 0.5);
    const double held = std::clamp(nearest, -scale_, scale_ - 1);
    return static_cast<std::int32_t>(held);
}

void Quantiser::run(std::span<const std::span<const float>> planes, std::vector<std::int32_t>& out) {
    const std::size_t channels = planes.size();
    const std::size_t frames = planes.empty() ? 0 : planes.front().size();
    out.resize(frames * channels);
    for (std::size_t i = 0; i < frames; ++i, ++frame_) {
        for (std::size_t c = 0; c < channels && !active_; ++c) {
            const double value = planes[c][i] * scale_;
            active_ = dither_ != Dither::kNone && std::isfinite(value) && std::abs(value) < scale_ &&
                      value != std::floor(value);
        }
        for (std::size_t c = 0; c < channels; ++c) {
            const float sample = planes[c][i];
            const double wanted = std::isnan(sample) ? 0.0 : static_cast<double>(sample) * scale_;
            clipped_ = clipped_ || std::floor(wanted + 0.5) > scale_ - 1 || wanted < -scale_ - 0.5;
            if (!active_) {
                out[i * channels + c] = round(wanted);
                continue;
            }
            std::array<double, 5>& past = errors_[c];
            double shaped = wanted;
            for (std::size_t k = 0; k < shaper_.size(); ++k)
                shaped -= shaper_[k] * past[k];
            const std::int32_t value = round(shaped + noise(c));
            out[i * channels + c] = value;
            if (shaper_.empty()) continue;
            std::copy_backward(past.begin(), past.end() - 1, past.end());
            // A clamped sample's error is no noise to shape; fed back it would ring.
            past[0] = std::clamp(value - shaped, -2.0, 2.0);
        }
    }
}

} // namespace loopmind::files
