// White noise made on the host once, so that CPU and CUDA hear the same samples.
#include "models/synth/hash_noise.h"

namespace loopmind::synth {

std::vector<float> white_noise(std::uint64_t seed, std::int64_t count) {
    std::vector<float> out(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < out.size(); ++i) {
        const std::uint64_t h = mix64(seed + 0x9E3779B97F4A7C15ull * i);
        const auto sum = static_cast<std::int64_t>(h & 0xFFFF) +
                         static_cast<std::int64_t>((h >> 16) & 0xFFFF) +
                         static_cast<std::int64_t>((h >> 32) & 0xFFFF) + static_cast<std::int64_t>(h >> 48);
        // Four uniforms of 16 bits: mean 4 * 32767.5, variance 4 * 65536^2 / 12.
        out[i] = static_cast<float>((static_cast<double>(sum) - 131070.0) / 37837.2);
    }
    return out;
}

} // namespace loopmind::synth
