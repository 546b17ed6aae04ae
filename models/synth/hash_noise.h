// Counter-based random numbers: a pure function of (seed, index), equal on every device and in every
// segmenting.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace loopmind::synth {

/// SplitMix64 finaliser (Steele, Lea, Flood 2014): a bijection with good avalanche.
constexpr std::uint64_t mix64(std::uint64_t x) {
    x += 0x9E3779B97F4A7C15ull;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
    return x ^ (x >> 31);
}

/// Mixes a further value into a hash.
constexpr std::uint64_t mix64(std::uint64_t a, std::uint64_t b) {
    return mix64(a ^ mix64(b));
}

/// A hash of text, for seeds that belong to a name.
constexpr std::uint64_t hash_text(std::string_view text) {
    std::uint64_t h = 0xCBF29CE484222325ull;
    for (const char c : text)
        h = (h ^ static_cast<unsigned char>(c)) * 0x100000001B3ull;
    return mix64(h);
}

/// Uniform in [0, 1) with 24 bits.
constexpr double unit(std::uint64_t hash) {
    return static_cast<double>(hash >> 40) / 16777216.0;
}

/// Uniform in [-1, 1).
constexpr double bipolar(std::uint64_t hash) {
    return unit(hash) * 2.0 - 1.0;
}

/// `count` samples of nearly Gaussian white noise (four uniforms each), standard deviation 1.
std::vector<float> white_noise(std::uint64_t seed, std::int64_t count);

} // namespace loopmind::synth
