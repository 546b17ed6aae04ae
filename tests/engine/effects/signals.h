// Signals and runs that the effect tests share.
#pragma once

#include "engine/effects/effect.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <random>
#include <vector>

namespace loopmind::effects::test {

struct Stereo {
    std::vector<float> left, right;
    explicit Stereo(size_t frames = 0) : left(frames), right(frames) {}
    size_t size() const { return left.size(); }
    bool operator==(const Stereo&) const = default;
};

inline Stereo impulse(size_t frames, float level = 1) {
    Stereo out(frames);
    out.left[0] = out.right[0] = level;
    return out;
}

inline Stereo noise(size_t frames, float level, unsigned seed) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> value(-level, level);
    Stereo out(frames);
    for (size_t i = 0; i < frames; ++i) {
        out.left[i] = value(random);
        out.right[i] = value(random);
    }
    return out;
}

inline Stereo sine(size_t frames, double rate, double hertz, double level, double phase = 0) {
    Stereo out(frames);
    for (size_t i = 0; i < frames; ++i) {
        out.left[i] = out.right[i] = static_cast<float>(
            level * std::sin(2 * std::numbers::pi * hertz * static_cast<double>(i) / rate + phase));
    }
    return out;
}

/// Runs the effect over a copy in blocks of `block` frames.
inline Stereo run(Effect& effect, Stereo signal, size_t block = 512) {
    for (size_t at = 0; at < signal.size(); at += block) {
        const auto count = static_cast<int>(std::min(block, signal.size() - at));
        effect.process(signal.left.data() + at, signal.right.data() + at, count);
    }
    return signal;
}

/// Magnitude in dB of the left channel's spectrum at one frequency.
inline double magnitude_db(const std::vector<float>& x, double rate, double hertz) {
    std::complex<double> sum = 0;
    const double w = 2 * std::numbers::pi * hertz / rate;
    for (size_t i = 0; i < x.size(); ++i)
        sum += static_cast<double>(x[i]) * std::polar(1.0, -w * static_cast<double>(i));
    return 20 * std::log10(std::abs(sum));
}

} // namespace loopmind::effects::test
