// Designs half-band filters and runs them on the lower of their two rates.
#include "engine/effects/oversampler.h"

#include "engine/effects/oversample_kernel.h"

#include <cmath>
#include <numbers>

namespace loopmind::effects {

namespace {

double bessel_i0(double x) {
    double sum = 1;
    double term = 1;
    for (int k = 1; k < 60; ++k) {
        term *= (x / (2.0 * k)) * (x / (2.0 * k));
        sum += term;
    }
    return sum;
}

template <int N> std::array<float, N> design() {
    constexpr double kBeta = 10.06; // about 100 dB
    std::array<double, N> taps;
    double sum = 0;
    for (int k = 0; k < N; ++k) {
        const double distance = k - N / 2 + 0.5;
        const double x = std::numbers::pi * distance;
        const double edge = distance / (N / 2);
        taps[static_cast<size_t>(k)] = bessel_i0(kBeta * std::sqrt(1 - edge * edge)) * std::sin(x) / x;
        sum += taps[static_cast<size_t>(k)];
    }
    std::array<float, N> out;
    for (size_t k = 0; k < N; ++k)
        out[k] = static_cast<float>(taps[k] / sum);
    return out;
}

} // namespace

template <int N> const std::array<float, N>& half_band_taps() {
    static const std::array<float, N> taps = design<N>();
    return taps;
}

template const std::array<float, 40>& half_band_taps<40>();
template const std::array<float, 12>& half_band_taps<12>();
template const std::array<float, 8>& half_band_taps<8>();

template <int N, int Longest> void Oversampler::Stage<N, Longest>::reset() {
    input.fill(0.0f);
    even.fill(0.0f);
    odd.fill(0.0f);
}

template <int N, int Longest>
void Oversampler::Stage<N, Longest>::up(const float* in, int frames, float* out) {
    std::memcpy(input.data() + N, in, sizeof(float) * static_cast<size_t>(frames));
    std::array<float, Longest> between;
    run_fir(input.data() + 1, half_band_taps<N>(), between.data(), frames);
    const float* whole = input.data() + N / 2;
    for (int i = 0; i < frames; ++i) {
        out[2 * i] = whole[i];
        out[2 * i + 1] = between[static_cast<size_t>(i)];
    }
    std::memmove(input.data(), input.data() + frames, sizeof(float) * N);
}

template <int N, int Longest>
void Oversampler::Stage<N, Longest>::down(const float* in, int frames, float* out) {
    for (int i = 0; i < frames; ++i) {
        even[static_cast<size_t>(N + i)] = in[2 * i];
        odd[static_cast<size_t>(N + i)] = in[2 * i + 1];
    }
    // Output i is about the even sample N / 2 ago; the odd ones around it are those from N ago to 1 ago.
    run_fir(odd.data(), half_band_taps<N>(), out, frames);
    const float* middle = even.data() + N / 2;
    for (int i = 0; i < frames; ++i)
        out[i] = 0.5f * (out[i] + middle[i]);
    std::memmove(even.data(), even.data() + frames, sizeof(float) * N);
    std::memmove(odd.data(), odd.data() + frames, sizeof(float) * N);
}

void Oversampler::prepare(int stages) {
    stages_ = stages;
    half_band_taps<kTaps[0]>();
    half_band_taps<kTaps[1]>();
    half_band_taps<kTaps[2]>();
    reset();
}

void Oversampler::reset() {
    first_.reset();
    second_.reset();
    third_.reset();
}

int Oversampler::latency() const {
    int frames = 0;
    for (int s = 0; s < stages_; ++s)
        frames += kTaps[static_cast<size_t>(s)] >> s;
    return frames;
}

void Oversampler::up(const float* in, int frames, float* out) {
    if (stages_ == 1) return first_.up(in, frames, out);
    std::array<float, Effect::kTick * 2> twice;
    first_.up(in, frames, twice.data());
    if (stages_ == 2) return second_.up(twice.data(), frames * 2, out);
    std::array<float, Effect::kTick * 4> fourfold;
    second_.up(twice.data(), frames * 2, fourfold.data());
    third_.up(fourfold.data(), frames * 4, out);
}

void Oversampler::down(const float* in, int frames, float* out) {
    std::array<float, Effect::kTick * 4> fourfold;
    std::array<float, Effect::kTick * 2> twice;
    if (stages_ == 3) {
        third_.down(in, frames * 4, fourfold.data());
        in = fourfold.data();
    }
    if (stages_ >= 2) {
        second_.down(in, frames * 2, twice.data());
        in = twice.data();
    }
    first_.down(in, frames, out);
}

} // namespace loopmind::effects
