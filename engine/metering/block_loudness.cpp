// K-weighting of both channels side by side in two SIMD lanes, energies per 100 ms, gating on demand.
#include "engine/metering/block_loudness.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace loopmind::metering {

namespace {

using Pair = double __attribute__((vector_size(16)));

double lufs(double mean_square) {
    return mean_square > 0 ? -0.691 + 10.0 * std::log10(mean_square)
                           : -std::numeric_limits<double>::infinity();
}

} // namespace

BlockLoudness::BlockLoudness(int sample_rate) : step_frames_((sample_rate + 5) / 10) {
    // BS.1770 gives coefficients for 48 kHz only; these analogue prototypes reproduce them at every rate
    // (the values libebur128 uses).
    const double rate = sample_rate;
    {
        const double k = std::tan(std::numbers::pi * 1681.974450955533 / rate);
        const double q = 0.7071752369554196;
        const double vh = std::pow(10.0, 3.999843853973347 / 20.0);
        const double vb = std::pow(vh, 0.4996667741545416);
        const double a0 = 1.0 + k / q + k * k;
        shelf_ = {(vh + vb * k / q + k * k) / a0, 2.0 * (k * k - vh) / a0, (vh - vb * k / q + k * k) / a0,
                  2.0 * (k * k - 1.0) / a0, (1.0 - k / q + k * k) / a0};
    }
    {
        const double k = std::tan(std::numbers::pi * 38.13547087602444 / rate);
        const double q = 0.5003270373238773;
        const double a0 = 1.0 + k / q + k * k;
        high_pass_ = {1.0, -2.0, 1.0, 2.0 * (k * k - 1.0) / a0, (1.0 - k / q + k * k) / a0};
    }
    steps_.reserve(1024);
}

void BlockLoudness::reset() {
    steps_.clear();
    filled_ = 0;
    energy_ = 0;
    for (auto& lane : state_)
        std::fill(std::begin(lane), std::end(lane), 0.0);
}

void BlockLoudness::add(std::span<const float> left, std::span<const float> right) {
    const auto total = static_cast<std::int64_t>(std::min(left.size(), right.size()));
    Pair s1 = {state_[0][0], state_[1][0]};
    Pair s2 = {state_[0][1], state_[1][1]};
    Pair h1 = {state_[0][2], state_[1][2]};
    Pair h2 = {state_[0][3], state_[1][3]};
    const Filter s = shelf_;
    const Filter h = high_pass_;
    for (std::int64_t at = 0; at < total;) {
        const std::int64_t end = std::min<std::int64_t>(total, at + step_frames_ - filled_);
        filled_ += static_cast<int>(end - at);
        Pair sum = {0, 0};
        for (; at < end; ++at) {
            const Pair x = {left[at], right[at]};
            const Pair y = s.b0 * x + s1; // transposed direct form II
            s1 = s.b1 * x - s.a1 * y + s2;
            s2 = s.b2 * x - s.a2 * y;
            const Pair z = y + h1;
            h1 = -2.0 * y - h.a1 * z + h2;
            h2 = y - h.a2 * z;
            sum += z * z;
        }
        energy_ += sum[0] + sum[1];
        if (filled_ == step_frames_) {
            steps_.push_back(energy_);
            energy_ = 0;
            filled_ = 0;
        }
    }
    for (int lane = 0; lane < 2; ++lane) {
        // The filters ring down into denormals on silence; nothing below this is audible to the gate.
        auto keep = [](double v) { return std::abs(v) < 1e-30 ? 0.0 : v; };
        state_[lane][0] = keep(s1[lane]);
        state_[lane][1] = keep(s2[lane]);
        state_[lane][2] = keep(h1[lane]);
        state_[lane][3] = keep(h2[lane]);
    }
}

double BlockLoudness::energy() const {
    double sum = energy_;
    for (double step : steps_) sum += step;
    return sum;
}

double BlockLoudness::integrated(double gain) const {
    const double power = gain * gain;
    if (steps_.size() < 4) {
        double sum = energy_;
        for (double step : steps_)
            sum += step;
        const double frames = static_cast<double>(steps_.size()) * step_frames_ + filled_;
        return frames > 0 ? lufs(power * sum / frames) : -std::numeric_limits<double>::infinity();
    }
    const double scale = power / (4.0 * step_frames_);
    auto block = [&](size_t i) {
        return scale * (steps_[i] + steps_[i + 1] + steps_[i + 2] + steps_[i + 3]);
    };
    auto mean_above = [&](double gate) {
        double sum = 0;
        size_t count = 0;
        for (size_t i = 0; i + 3 < steps_.size(); ++i) {
            const double z = block(i);
            if (z < gate) continue;
            sum += z;
            ++count;
        }
        return count ? sum / static_cast<double>(count) : 0.0;
    };
    const double absolute = std::pow(10.0, (-70.0 + 0.691) / 10.0);
    const double relative = mean_above(absolute) * 0.1;
    return lufs(mean_above(std::max(absolute, relative)));
}

} // namespace loopmind::metering
