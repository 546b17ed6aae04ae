// The one place that knows how LibTorch 1.13 and 2.x differ, and which few headers of it we need.
#pragma once

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <c10/core/InferenceMode.h>

#include <string>

namespace loopmind::synth {

/// "1.13.1", "2.4.0", ...: the LibTorch we were built with.
inline std::string torch_version() {
#ifdef TORCH_VERSION
    return TORCH_VERSION;
#else
    const std::string config = at::show_config();
    const auto at_key = config.find("TORCH_VERSION=");
    if (at_key == std::string::npos) return "unknown";
    const auto from = at_key + 14;
    return config.substr(from, config.find_first_of(", \n", from) - from);
#endif
}

/// "AVX2", "AVX512", ...: the kernels LibTorch chose; ATEN_CPU_CAPABILITY pins them. (at::get_cpu_capability
/// is missing in 1.13, the text of show_config is in both.)
inline std::string cpu_capability() {
    const std::string config = at::show_config();
    const std::string key = "CPU capability usage: ";
    const auto at_key = config.find(key);
    if (at_key == std::string::npos) return "unknown";
    const auto from = at_key + key.size();
    return config.substr(from, config.find('\n', from) - from);
}

/// Inverse of a real FFT to `n` points along the last axis; missing high bins count as zero.
inline at::Tensor inverse_real_fft(const at::Tensor& spectrum, std::int64_t n) {
    return at::fft_irfft(spectrum, n, -1);
}

/// Real FFT along the last axis, zero-padded to `n` points.
inline at::Tensor real_fft(const at::Tensor& signal, std::int64_t n) {
    return at::fft_rfft(signal, n, -1);
}

/// Bilinear look-up with clamped borders; the corners of the grid are the first and last samples.
inline at::Tensor bilinear_lookup(const at::Tensor& table, const at::Tensor& grid) {
    return at::grid_sampler_2d(table, grid, /*interpolation_mode=*/0, /*padding_mode=*/1,
                               /*align_corners=*/true);
}

} // namespace loopmind::synth
