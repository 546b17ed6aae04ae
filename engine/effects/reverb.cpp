// Runs the network a tick at a time: every delay is longer than a tick, so lines are read and written in
// blocks.
#include "engine/effects/reverb.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numbers>

namespace loopmind::effects {

namespace {

constexpr ParameterInfo kInfos[] = {
    {"wet", "ratio", 0, 1, 0.25f, "Gain of the reverberated sound", Scale::kLinear, 0.1f, 0.4f},
    {"dry", "ratio", 0, 1, 1, "Gain of the input; 0 on a send bus"},
    {"decay_s", "s", 0.1f, 20, 1.8f, "Time in which low and middle frequencies fall by 60 dB",
     Scale::kLogarithmic, 0.5f, 3.5f},
    {"predelay_ms", "ms", 0, 250, 12, "Time before the first reflections", Scale::kLinear, 0, 40},
    {"damping_hz", "Hz", 500, 20000, 6000, "Frequency at which the decay is half as long",
     Scale::kLogarithmic, 2500, 10000},
    {"low_cut_hz", "Hz", 10, 1000, 120, "High-pass before the reverb, 6 dB/octave", Scale::kLogarithmic, 60,
     300},
    {"width", "ratio", 0, 1, 1, "Stereo width of the reverberated sound", Scale::kLinear, 0.6f, 1},
    {"size", "ratio", 0.3f, 1.5f, 1, "Size of the room; takes effect at prepare", Scale::kLinear, 0.6f, 1.3f},
};

// Milliseconds; mutually irregular, none a multiple of another.
constexpr double kLineMs[] = {29.71, 31.37, 33.49, 36.11, 38.83, 41.17, 43.93, 46.79,
                              49.57, 52.73, 55.91, 59.29, 62.87, 66.53, 70.61, 74.87};
constexpr double kDiffuserMs[2][4] = {{4.77, 7.31, 10.93, 13.61}, {5.23, 6.89, 11.47, 12.79}};
constexpr double kDiffusion = 0.62;

using Quad = float __attribute__((vector_size(16)));

Quad load(const float* from) {
    Quad out;
    std::memcpy(&out, from, sizeof out);
    return out;
}

/// Hadamard of the four lanes, unnormalised.
Quad mix_lanes(Quad v) {
    const Quad pairs = __builtin_shuffle(v, (__attribute__((vector_size(16))) int){1, 0, 3, 2});
    v = v * Quad{1, -1, 1, -1} + pairs;
    const Quad halves = __builtin_shuffle(v, (__attribute__((vector_size(16))) int){2, 3, 0, 1});
    return v * Quad{1, 1, -1, -1} + halves;
}

} // namespace

Reverb::Reverb() : Effect(kInfos) {}

void Reverb::Line::allocate(int longest) {
    const auto size = std::bit_ceil(static_cast<unsigned>(longest + 2 * kTick));
    ring.assign(size, 0.0f);
    mask = static_cast<int>(size) - 1;
    at = 0;
    delay = longest;
}

void Reverb::Line::clear() {
    std::fill(ring.begin(), ring.end(), 0.0f);
    at = 0;
}

void Reverb::Line::read(int delay_frames, float* out, int frames) const {
    const int start = (at - delay_frames) & mask;
    const int first = std::min(frames, mask + 1 - start);
    std::memcpy(out, ring.data() + start, sizeof(float) * static_cast<size_t>(first));
    std::memcpy(out + first, ring.data(), sizeof(float) * static_cast<size_t>(frames - first));
}

void Reverb::Line::write(const float* in, int frames) {
    const int first = std::min(frames, mask + 1 - at);
    std::memcpy(ring.data() + at, in, sizeof(float) * static_cast<size_t>(first));
    std::memcpy(ring.data(), in + first, sizeof(float) * static_cast<size_t>(frames - first));
    at = (at + frames) & mask;
}

double Reverb::tail_seconds() const {
    return target(kPredelayMs) / 1000.0 + 0.1 + 1.6 * target(kDecaySeconds);
}

void Reverb::on_prepare(double rate) {
    const double size = target(kSize);
    for (auto& line : predelay_)
        line.allocate(static_cast<int>(rate * 0.25) + kTick);
    for (size_t side = 0; side < 2; ++side) {
        for (size_t i = 0; i < kDiffusers; ++i) {
            diffusers_[side][i].allocate(
                std::max(kTick, static_cast<int>(std::lround(rate * kDiffuserMs[side][i] / 1000.0))));
        }
    }
    for (size_t i = 0; i < kLines; ++i) {
        lines_[i].allocate(std::max(kTick, static_cast<int>(std::lround(rate * size * kLineMs[i] / 1000.0))));
    }
}

void Reverb::on_reset() noexcept {
    for (auto& line : predelay_)
        line.clear();
    for (auto& side : diffusers_) {
        for (auto& line : side)
            line.clear();
    }
    for (auto& line : lines_)
        line.clear();
    damping_state_.fill(0.0f);
    low_cut_state_.fill(0.0f);
}

void Reverb::on_tick(bool moved) noexcept {
    if (!moved) {
        from_ = to_;
        predelay_from_ = predelay_to_;
        return;
    }
    from_ = {previous(kWet), previous(kDry), previous(kWidth)};
    to_ = {value(kWet), value(kDry), value(kWidth)};
    const double decay = value(kDecaySeconds);
    const double w = 2.0 * std::numbers::pi * std::min<double>(value(kDampingHz), 0.45 * rate()) / rate();
    double mean_power = 0;
    for (size_t i = 0; i < kLines; ++i) {
        const double gain = std::pow(10.0, -3.0 * lines_[i].delay / (rate() * decay));
        // The pole at which the one-pole low-pass passes `gain` at the damping frequency: from
        // (1 - p)^2 = g^2 (1 - 2 p cos w + p^2).
        const double power = gain * gain;
        const double b = 1.0 - power * std::cos(w);
        const double a = 1.0 - power;
        const double pole = (b - std::sqrt(std::max(0.0, b * b - a * a))) / a;
        pole_[i] = static_cast<float>(pole);
        pass_gain_[i] = static_cast<float>(gain * (1.0 - pole));
        mean_power += power / kLines;
    }
    // Diffusers ring too: in short reverbs they must be gone before the network is, treble included.
    for (size_t side = 0; side < 2; ++side) {
        for (size_t d = 0; d < kDiffusers; ++d) {
            const double passes = decay / 3.0 * rate() / diffusers_[side][d].delay;
            diffusion_[side][d] = static_cast<float>(std::min(kDiffusion, std::pow(10.0, -3.0 / passes)));
        }
    }
    // Total energy of the network's answer grows as 1 / (1 - g^2): hold the loudness over decay times.
    network_level_ = static_cast<float>(0.5 * std::sqrt(1.0 - mean_power));
    low_cut_ = static_cast<float>(1.0 - std::exp(-2.0 * std::numbers::pi * value(kLowCutHz) / rate()));
    auto frames_of = [this](float ms) { return static_cast<int>(std::lround(rate() * ms / 1000.0)); };
    predelay_from_ = frames_of(previous(kPredelayMs));
    predelay_to_ = frames_of(value(kPredelayMs));
}

void Reverb::diffuse(int side, float* io, int frames) noexcept {
    std::array<float, kTick> delayed, stored;
    for (size_t d = 0; d < kDiffusers; ++d) {
        Line& line = diffusers_[static_cast<size_t>(side)][d];
        const float diffusion = diffusion_[static_cast<size_t>(side)][d];
        line.read(line.delay, delayed.data(), frames);
        for (int i = 0; i < frames; ++i) {
            const auto n = static_cast<size_t>(i);
            stored[n] = io[i] + diffusion * delayed[n];
            io[i] = delayed[n] - diffusion * stored[n];
        }
        line.write(stored.data(), frames);
    }
}

void Reverb::run_network(const float* in_left, const float* in_right, float* left, float* right,
                         int frames) noexcept {
    std::array<std::array<float, kTick>, kLines> taps;
    for (size_t i = 0; i < kLines; ++i)
        lines_[i].read(lines_[i].delay, taps[i].data(), frames);
    Quad state[4], gain[4], pole[4];
    for (int q = 0; q < 4; ++q) {
        state[q] = load(damping_state_.data() + 4 * q);
        gain[q] = load(pass_gain_.data() + 4 * q);
        pole[q] = load(pole_.data() + 4 * q);
    }
    constexpr Quad kFeedLeft = {1, 0, -1, 0};
    constexpr Quad kFeedRight = {0, 1, 0, -1};
    for (int i = 0; i < frames; ++i) {
        const auto n = static_cast<size_t>(i);
        Quad v[4];
        for (size_t q = 0; q < 4; ++q) {
            const Quad x = {taps[4 * q][n], taps[4 * q + 1][n], taps[4 * q + 2][n], taps[4 * q + 3][n]};
            state[q] = gain[q] * x + pole[q] * state[q];
            v[q] = state[q];
        }
        // Two rows of signs that are orthogonal to each other make the sides independent.
        const Quad even = (v[0] - v[1]) + (v[2] - v[3]);
        const Quad odd = (v[0] + v[1]) - (v[2] + v[3]);
        left[i] = (even[0] + even[1]) + (even[2] + even[3]);
        right[i] = (odd[0] - odd[1]) + (odd[2] - odd[3]);
        const Quad a = mix_lanes(v[0]), b = mix_lanes(v[1]), c = mix_lanes(v[2]), d = mix_lanes(v[3]);
        const Quad ab = a + b, ab_ = a - b, cd = c + d, cd_ = c - d;
        const Quad feed = kFeedLeft * in_left[i] + kFeedRight * in_right[i];
        v[0] = 0.25f * (ab + cd) + feed;
        v[1] = 0.25f * (ab_ + cd_) + feed;
        v[2] = 0.25f * (ab - cd) - feed;
        v[3] = 0.25f * (ab_ - cd_) + feed;
        for (size_t q = 0; q < 4; ++q) {
            for (size_t lane = 0; lane < 4; ++lane)
                taps[4 * q + lane][n] = v[q][lane];
        }
    }
    for (int q = 0; q < 4; ++q)
        std::memcpy(damping_state_.data() + 4 * q, &state[q], sizeof state[q]);
    for (size_t i = 0; i < kLines; ++i)
        lines_[i].write(taps[i].data(), frames);
}

void Reverb::run(float* left, float* right, int frames, int phase) noexcept {
    float* channels[2] = {left, right};
    std::array<std::array<float, kTick>, 2> in, wet;
    for (size_t side = 0; side < 2; ++side) {
        predelay_[side].write(channels[side], frames);
        predelay_[side].read(predelay_to_ + frames, in[side].data(), frames);
        if (predelay_from_ != predelay_to_) {
            std::array<float, kTick> old;
            predelay_[side].read(predelay_from_ + frames, old.data(), frames);
            for (int i = 0; i < frames; ++i) {
                const auto n = static_cast<size_t>(i);
                const float at = static_cast<float>(phase + i + 1) / kTick;
                in[side][n] = old[n] + at * (in[side][n] - old[n]);
            }
        }
        float state = low_cut_state_[side];
        for (int i = 0; i < frames; ++i) {
            const auto n = static_cast<size_t>(i);
            state += low_cut_ * (in[side][n] - state);
            in[side][n] -= state;
        }
        low_cut_state_[side] = state;
        diffuse(static_cast<int>(side), in[side].data(), frames);
    }
    run_network(in[0].data(), in[1].data(), wet[0].data(), wet[1].data(), frames);
    for (int i = 0; i < frames; ++i) {
        const auto n = static_cast<size_t>(i);
        const float at = static_cast<float>(phase + i + 1) / kTick;
        const float level = (from_.wet + at * (to_.wet - from_.wet)) * network_level_;
        const float dry = from_.dry + at * (to_.dry - from_.dry);
        const float width = from_.width + at * (to_.width - from_.width);
        const float middle = 0.5f * (wet[0][n] + wet[1][n]);
        const float side = 0.5f * (wet[0][n] - wet[1][n]) * width;
        left[i] = dry * left[i] + level * (middle + side);
        right[i] = dry * right[i] + level * (middle - side);
    }
}

} // namespace loopmind::effects
