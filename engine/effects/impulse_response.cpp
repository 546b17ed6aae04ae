// Image sources, banded noise and dispersive loops.
#include "engine/effects/impulse_response.h"

#include "engine/effects/noise.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <numbers>

namespace loopmind::effects {

namespace {

using Samples = std::vector<float>;
constexpr double kSpeedOfSound = 343.0;

double pole_of(double hertz, double rate) {
    return 1.0 - std::exp(-2.0 * std::numbers::pi * hertz / rate);
}

/// Noise in four bands (borders 250 Hz, 1.5 kHz and 6 kHz), each with a decay of its own.
void add_tail(Samples& out, const SpaceSettings& s, double rate, std::uint32_t seed, double from_seconds,
              double rise_seconds, double level) {
    // Bass lasts a little longer; brightness 1 lets the treble last as long as the middle.
    const double treble = 0.25 + 0.75 * s.brightness;
    const std::array<double, 4> decay = {1.1, 1.0, 0.5 + 0.5 * treble, treble};
    std::array<double, 4> per_frame, gain;
    for (size_t b = 0; b < 4; ++b) {
        per_frame[b] = std::pow(10.0, -3.0 / (decay[b] * s.decay_seconds * rate));
        gain[b] = level;
    }
    const std::array<double, 3> pole = {pole_of(250, rate), pole_of(1500, rate), pole_of(6000, rate)};
    std::array<double, 3> low{};
    Noise noise(seed);
    const auto start = static_cast<size_t>(from_seconds * rate);
    for (size_t i = start; i < out.size(); ++i) {
        const double x = noise.triangular() + noise.triangular();
        for (size_t b = 0; b < 3; ++b)
            low[b] += pole[b] * (x - low[b]);
        const double t = static_cast<double>(i - start) / rate;
        const double rise = rise_seconds > 0 ? 1.0 - std::exp(-t / rise_seconds) : 1.0;
        out[i] += static_cast<float>(rise * (gain[0] * low[0] + gain[1] * (low[1] - low[0]) +
                                             gain[2] * (low[2] - low[1]) + gain[3] * (x - low[2])));
        for (size_t b = 0; b < 4; ++b)
            gain[b] *= per_frame[b];
    }
}

struct Box {
    std::array<double, 3> size, source;
    std::array<std::array<double, 3>, 2> ear;
};

/// Echoes off the walls up to the third order; the nearest path arrives at 0.
void add_reflections(StereoResponse& out, const Box& box, double scale, double decay_seconds, double rate) {
    double volume = 1, surface = 0;
    for (size_t a = 0; a < 3; ++a) {
        volume *= box.size[a] * scale;
        surface += 2.0 * box.size[a] * box.size[(a + 1) % 3] * scale * scale;
    }
    // Eyring: decay = 0.161 V / (-S ln(1 - absorption)).
    const double reflection = std::exp(-0.5 * 0.161 * volume / (surface * decay_seconds));
    double nearest = 1e9;
    auto place = [&](size_t axis, int image) {
        const double even = image % 2 == 0 ? box.source[axis] : box.size[axis] - box.source[axis];
        return scale * (image * box.size[axis] + even);
    };
    auto distance = [&](size_t ear, int x, int y, int z) {
        double sum = 0;
        const std::array<int, 3> image = {x, y, z};
        for (size_t a = 0; a < 3; ++a) {
            const double d = place(a, image[a]) - scale * box.ear[ear][a];
            sum += d * d;
        }
        return std::sqrt(sum);
    };
    for (size_t ear = 0; ear < 2; ++ear)
        nearest = std::min(nearest, distance(ear, 0, 0, 0));
    for (size_t ear = 0; ear < 2; ++ear) {
        Samples& side = ear == 0 ? out.left : out.right;
        for (int x = -3; x <= 3; ++x) {
            for (int y = -3; y <= 3; ++y) {
                for (int z = -3; z <= 3; ++z) {
                    const int order = std::abs(x) + std::abs(y) + std::abs(z);
                    if (order == 0 || order > 3) continue; // the direct sound is the dry signal
                    const double d = distance(ear, x, y, z);
                    const auto at = static_cast<size_t>(std::lround((d - nearest) / kSpeedOfSound * rate));
                    if (at < side.size())
                        side[at] += static_cast<float>(nearest / d * std::pow(reflection, order));
                }
            }
        }
    }
}

/// First-order all-passes (a + z^-k) / (1 + a z^-k) in a row, fed back over a delay: one spring.
/// The first arrival comes after half a loop.
void add_spring(Samples& out, double rate, double loop_seconds, double decay_seconds, double cutoff,
                float level, std::uint32_t seed) {
    constexpr int kSections = 80;
    constexpr float kA = 0.62f;
    const int stretch = std::max(1, static_cast<int>(std::lround(rate / (2.0 * cutoff))));
    const auto loop = static_cast<size_t>(loop_seconds * rate);
    const auto back = static_cast<float>(-std::pow(10.0, -3.0 * loop_seconds / decay_seconds));
    const auto pole = static_cast<float>(pole_of(cutoff, rate));
    std::vector<std::array<float, kSections>> ring(static_cast<size_t>(stretch));
    for (auto& states : ring)
        states.fill(0.0f);
    Samples y(out.size());
    std::array<float, 3> low{};
    Noise noise(seed);
    for (size_t i = 0; i < out.size(); ++i) {
        // A short burst strikes the spring, so that echoes are not bare copies.
        const float strike = i == 0 ? 1.0f : i < 48 ? 0.15f * noise.white() : 0.0f;
        float x = strike + (i >= loop ? back * y[i - loop] : 0.0f);
        auto& states = ring[i % ring.size()];
        for (float& state : states) {
            const float through = kA * x + state;
            state = x - kA * through;
            x = through;
        }
        y[i] = x;
        // Above the corner a spring hardly answers.
        for (float& state : low)
            x = state += pole * (x - state);
        if (i + loop / 2 < out.size()) out[i + loop / 2] += level * x;
    }
}

/// All-passes of short lengths: an onset becomes a sweep, treble first.
void disperse(Samples& io, int sections, float a) {
    std::vector<float> state(static_cast<size_t>(sections));
    for (float& sample : io) {
        float x = sample;
        for (float& s : state) {
            const float y = a * x + s;
            s = x - a * y;
            x = y;
        }
        sample = x;
    }
}

void normalise(Samples& side, double rate) {
    const auto fade = std::min(side.size(), static_cast<size_t>(0.05 * rate));
    for (size_t i = 0; i < fade; ++i) {
        const double t = static_cast<double>(i + 1) / static_cast<double>(fade);
        side[side.size() - 1 - i] *= static_cast<float>(0.5 - 0.5 * std::cos(std::numbers::pi * t));
    }
    double energy = 0;
    for (float x : side)
        energy += static_cast<double>(x) * x;
    const auto scale = static_cast<float>(energy > 0 ? 1.0 / std::sqrt(energy) : 0.0);
    for (float& x : side)
        x *= scale;
}

} // namespace

StereoResponse make_response(const SpaceSettings& s, double rate) {
    const auto frames = static_cast<size_t>(rate * (1.25 * s.decay_seconds + 0.1));
    StereoResponse out{Samples(frames), Samples(frames)};
    switch (s.space) {
    case Space::kRoom:
        add_reflections(out, {{5.2, 4.1, 2.7}, {1.4, 2.9, 1.5}, {{{3.6, 1.5, 1.6}, {3.9, 1.7, 1.6}}}}, s.size,
                        s.decay_seconds, rate);
        add_tail(out.left, s, rate, 101, 0.006 * s.size, 0.012 * s.size, 0.10);
        add_tail(out.right, s, rate, 202, 0.006 * s.size, 0.012 * s.size, 0.10);
        break;
    case Space::kHall:
        add_reflections(out, {{26, 17.5, 11.5}, {5, 8.1, 2}, {{{16, 8.6, 2.5}, {16.2, 9.3, 2.5}}}}, s.size,
                        s.decay_seconds, rate);
        add_tail(out.left, s, rate, 303, 0.018 * s.size, 0.045 * s.size, 0.045);
        add_tail(out.right, s, rate, 404, 0.018 * s.size, 0.045 * s.size, 0.045);
        break;
    case Space::kPlate:
        add_tail(out.left, s, rate, 505, 0, 0.0015 * s.size, 0.2);
        add_tail(out.right, s, rate, 606, 0, 0.0015 * s.size, 0.2);
        out.left[0] += 1.5f;
        out.right[0] += 1.5f;
        for (Samples* side : {&out.left, &out.right})
            disperse(*side, static_cast<int>(std::lround(60 * s.size * rate / 48000)), -0.55f);
        break;
    case Space::kSpring: {
        const double cutoff = 2600 + 3200 * s.brightness;
        add_spring(out.left, rate, 0.0411 * s.size, s.decay_seconds, cutoff, 1.0f, 11);
        add_spring(out.left, rate, 0.0527 * s.size, s.decay_seconds, 0.93 * cutoff, 0.7f, 12);
        add_spring(out.right, rate, 0.0433 * s.size, s.decay_seconds, 0.97 * cutoff, 1.0f, 13);
        add_spring(out.right, rate, 0.0569 * s.size, s.decay_seconds, 0.9 * cutoff, 0.7f, 14);
        break;
    }
    }
    normalise(out.left, rate);
    normalise(out.right, rate);
    return out;
}

} // namespace loopmind::effects
