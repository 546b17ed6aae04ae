// Noise that is the same in every render: a generator of our own, begun anew by reset().
#pragma once

#include <bit>
#include <cstdint>

namespace loopmind::effects {

/// Marsaglia's xorshift32: period 2^32 - 1, the same numbers on every machine.
class Noise {
  public:
    explicit Noise(std::uint32_t seed = 0x9e3779b9u) : state_(seed != 0 ? seed : 1u) {}

    std::uint32_t bits() {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 17;
        state_ ^= state_ << 5;
        return state_;
    }
    /// Uniform in 0..1, below 1.
    float unit() { return static_cast<float>(bits() >> 8) * (1.0f / 16777216.0f); }
    /// Uniform in -1..1.
    float white() { return static_cast<float>(static_cast<std::int32_t>(bits())) * (1.0f / 2147483648.0f); }
    /// Triangular in -1..1: the sum of two uniform halves.
    float triangular() { return 0.5f * (white() + white()); }

  private:
    std::uint32_t state_;
};

} // namespace loopmind::effects
