// The 4x interpolation filter that drive and the true-peak detector share: a Kaiser-windowed sinc, 129 taps.
#pragma once

#include <array>
#include <cstddef>

namespace loopmind::effects {

/// Polyphase taps of a Nyquist filter with its corner at half the base rate, about 80 dB stop band from 0.58
/// of the base rate. Phase 0 is a pure delay, so original samples stay as they are.
struct OversampleKernel {
    static constexpr int kFactor = 4;
    static constexpr int kTaps = 32;         ///< taps of each phase
    static constexpr int kDelay = kTaps / 2; ///< base-rate frames by which an interpolated signal lags

    /// phases[p][k]: value at x[t + (p + 1) / 4] = sum over k of phases[p][k] * x[t - 15 + k].
    std::array<std::array<float, kTaps>, kFactor - 1> phases;

    /// The short filter of common true-peak meters (Hann-windowed sinc, 49 taps, as libebur128 has it): it
    /// reads some signals up to 0.3 dB higher than the long one. meter[p][k] weighs x[t - 5 + k].
    static constexpr int kMeterTaps = 12;
    std::array<std::array<float, kMeterTaps>, kFactor - 1> meter;

    /// The shared instance, made at first use (not on the audio thread: prepare() touches it).
    static const OversampleKernel& shared();
};

/// out[i] = sum over k of taps[k] * x[i + k], for i < count; x holds count + tap_count - 1 values. The order
/// of additions is the same for every count and processor.
void run_fir(const float* x, const float* taps, int tap_count, float* out, int count);

template <std::size_t N>
void run_fir(const float* x, const std::array<float, N>& taps, float* out, int count) {
    run_fir(x, taps.data(), static_cast<int>(N), out, count);
}

} // namespace loopmind::effects
