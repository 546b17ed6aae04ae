// Interpolates by four, shapes, and decimates with the mirrored filter.
#include "engine/effects/drive.h"

#include <cmath>
#include <cstring>

namespace loopmind::effects {

namespace {
constexpr ParameterInfo kInfos[] = {
    {"amount", "ratio", 0, 1, 0.3f, "Depth: 0 clean, 1 is 24 dB into the curve", Scale::kLinear, 0.1f, 0.7f},
    {"mix", "ratio", 0, 1, 1, "Driven sound against the clean one", Scale::kLinear, 0.5f, 1},
    {"output_db", "dB", -24, 24, 0, "Level after the curve", Scale::kLinear, -2, 1},
};
} // namespace

Drive::Drive() : Effect(kInfos) {}

Drive::Curve Drive::curve_at(float amount, float mix, float output_db) const {
    Curve curve;
    const double gain = std::pow(10.0, 24.0 * amount / 20.0);
    curve.gain = static_cast<float>(gain);
    // A sine at -12 dBFS keeps its peak level, so that turning the depth changes colour more than loudness.
    constexpr double kReference = 0.25;
    curve.makeup = static_cast<float>(std::sqrt(1.0 + gain * gain * kReference * kReference) / gain);
    // The curve fades in over the first tenth, so amount 0 is clean without a step.
    curve.wet = mix * std::min(1.0f, amount * 10.0f);
    curve.output = static_cast<float>(std::pow(10.0, output_db / 20.0));
    return curve;
}

void Drive::on_reset() noexcept {
    for (auto& channel : channels_) {
        channel.input.fill(0.0f);
        channel.dry.fill(0.0f);
        for (auto& phase : channel.shaped)
            phase.fill(0.0f);
    }
}

void Drive::on_tick(bool moved) noexcept {
    if (moved) {
        from_ = curve_at(previous(kAmount), previous(kMix), previous(kOutputDb));
        to_ = curve_at(value(kAmount), value(kMix), value(kOutputDb));
    } else {
        from_ = to_;
    }
}

void Drive::run_channel(Channel& channel, float* io, int frames, int phase) noexcept {
    const auto& kernel = OversampleKernel::shared();
    const size_t bytes = sizeof(float) * static_cast<size_t>(frames);
    std::memcpy(channel.input.data() + kHistory, io, bytes);
    std::memcpy(channel.dry.data() + kLatency, io, bytes);

    std::array<float, kTick> gain, makeup, wet, output;
    for (int i = 0; i < frames; ++i) {
        const float at = static_cast<float>(phase + i + 1) / kTick;
        const auto n = static_cast<size_t>(i);
        gain[n] = from_.gain + at * (to_.gain - from_.gain);
        makeup[n] = from_.makeup + at * (to_.makeup - from_.makeup);
        wet[n] = from_.wet + at * (to_.wet - from_.wet);
        output[n] = from_.output + at * (to_.output - from_.output);
    }
    // Points at t - 16, + 1/4, + 1/2, + 3/4 for every new frame t.
    std::array<std::array<float, kTick>, 4> point;
    std::memcpy(point[0].data(), channel.input.data() + kHistory - OversampleKernel::kDelay, bytes);
    for (size_t p = 0; p < 3; ++p) {
        run_fir(channel.input.data() + 1, kernel.phases[p], point[p + 1].data(), frames);
    }
    for (size_t p = 0; p < 4; ++p) {
        float* shaped = channel.shaped[p].data() + kHistory;
        for (int i = 0; i < frames; ++i) {
            const auto n = static_cast<size_t>(i);
            const float x = point[p][n] * gain[n];
            shaped[i] = makeup[n] * x / std::sqrt(1.0f + x * x);
        }
    }
    // Decimation: the same filter mirrored in time, a quarter of each of its four phases. Base frame u needs
    // the shaped points at u + j/4 for j in -63..63: phase 0 at u alone, phase p from u - 16 to u + 15.
    std::array<float, kTick> sum, part;
    const int centre = kHistory - OversampleKernel::kDelay;
    for (int i = 0; i < frames; ++i)
        sum[static_cast<size_t>(i)] = channel.shaped[0][static_cast<size_t>(centre + i)];
    for (size_t p = 1; p < 4; ++p) {
        // Weight of point v + p/4 at u is h(v - u + p/4); phases[p-1][k] is h(p/4 + 15 - k) with k = 15 + u -
        // v mirrored: h is even, so h(v - u + p/4) = phases[3 - p][16 + v - u] with shift (4 - p) / 4.
        run_fir(channel.shaped[p].data(), kernel.phases[3 - p], part.data(), frames);
        for (int i = 0; i < frames; ++i)
            sum[static_cast<size_t>(i)] += part[static_cast<size_t>(i)];
    }
    for (int i = 0; i < frames; ++i) {
        const auto n = static_cast<size_t>(i);
        const float clean = channel.dry[n];
        io[i] = (clean + wet[n] * (0.25f * sum[n] - clean)) * output[n];
    }
    std::memmove(channel.input.data(), channel.input.data() + frames, sizeof(float) * kHistory);
    for (auto& shaped : channel.shaped) {
        std::memmove(shaped.data(), shaped.data() + frames, sizeof(float) * kHistory);
    }
    std::memmove(channel.dry.data(), channel.dry.data() + frames, sizeof(float) * kLatency);
}

void Drive::run(float* left, float* right, int frames, int phase) noexcept {
    run_channel(channels_[0], left, frames, phase);
    run_channel(channels_[1], right, frames, phase);
}

} // namespace loopmind::effects
