// Counter-based random streams: value i of a stream depends on its name and i only, never on what was drawn
// before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace loopmind::composer {

/// SplitMix64 finaliser (Steele, Lea, Flood 2014): a bijective mix of 64 bits.
inline std::uint64_t mix64(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15ULL;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

/// A named stream of random numbers. Forking by name or number gives an independent stream, so changing one
/// control of a request never reshuffles what another stream draws. Portable: integers and exact doubles
/// only.
class Stream {
  public:
    explicit Stream(std::uint64_t seed) : key_(mix64(seed ^ 0x4c6f6f704d696e64ULL)) {}

    Stream fork(std::string_view name) const {
        std::uint64_t hash = 0xcbf29ce484222325ULL; // FNV-1a
        for (unsigned char c : name)
            hash = (hash ^ c) * 0x100000001b3ULL;
        return Stream(key_ ^ mix64(hash), 0);
    }
    Stream fork(std::int64_t number) const {
        return Stream(mix64(key_ + 0x632be59bd9b4e019ULL * (static_cast<std::uint64_t>(number) + 1)), 0);
    }

    std::uint64_t bits(std::uint64_t i) const { return mix64(key_ + 0x9e3779b97f4a7c15ULL * i); }
    /// Uniform in [0, 1), 53 bits.
    double unit(std::uint64_t i) const { return static_cast<double>(bits(i) >> 11) * 0x1.0p-53; }
    /// Uniform in [0, count); count > 0.
    int below(std::uint64_t i, int count) const {
        return static_cast<int>(unit(i) * static_cast<double>(count));
    }
    /// Bell-shaped, mean 0, deviation 1, within +-2.5: a sum of four uniforms, no libm.
    double bell(std::uint64_t i) const {
        const Stream inner = fork(static_cast<std::int64_t>(i));
        const double sum = inner.unit(0) + inner.unit(1) + inner.unit(2) + inner.unit(3) - 2.0;
        const double z = sum * 1.7320508075688772; // variance of the sum is 1/3
        return z > 2.5 ? 2.5 : z < -2.5 ? -2.5 : z;
    }

  private:
    Stream(std::uint64_t key, int) : key_(mix64(key)) {}
    std::uint64_t key_;
};

} // namespace loopmind::composer
