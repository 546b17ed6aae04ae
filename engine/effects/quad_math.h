// Logarithm and exponential to base 2 of four floats at once, from additions and multiplications alone, so
// that every machine gives the same bits.
#pragma once

#include <cstring>

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace loopmind::effects {

/// Four floats in one register. Comparisons give -1 (true) or 0 per lane.
using Quad = float __attribute__((vector_size(16)));
using QuadInt = int __attribute__((vector_size(16)));

inline Quad load_quad(const float* from) {
    Quad out;
    std::memcpy(&out, from, sizeof out);
    return out;
}

inline void store_quad(float* to, Quad value) {
    std::memcpy(to, &value, sizeof value);
}

inline Quad splat(float x) {
    return Quad{x, x, x, x};
}

/// The larger of both; `b` where `a` is not a number.
inline Quad larger(Quad a, Quad b) {
#if defined(__SSE__)
    return _mm_max_ps(a, b); // the same by its definition; GCC finds the instruction only with -ffast-math
#else
    return a > b ? a : b;
#endif
}

/// The smaller of both; `b` where `a` is not a number.
inline Quad smaller(Quad a, Quad b) {
#if defined(__SSE__)
    return _mm_min_ps(a, b);
#else
    return a < b ? a : b;
#endif
}

/// log2(x) of positive normal x, within 2.5e-6 (as the level of an amplitude 1.5e-5 dB, of a power half of
/// it); exactly 0 at 1. Infinity reads 128.
inline Quad quad_log2(Quad x) {
    // x = 2^e m with m in [sqrt(1/2), sqrt(2)): the offset is the bit pattern of sqrt(1/2).
    const QuadInt bits = reinterpret_cast<QuadInt>(x);
    const QuadInt exponent = (bits - 0x3f3504f3) >> 23;
    const QuadInt fraction = bits - (exponent << 23);
    const Quad t = reinterpret_cast<Quad>(fraction) - 1.0f;
    // Minimax fit of log2(1 + t) / t with the error weighted by t, in pairs for a short chain.
    const Quad t2 = t * t;
    const Quad low = 1.4427134990692139f + t * -0.7211318612098694f;
    const Quad middle = 0.4793480336666107f + t * -0.36749011278152466f;
    const Quad high = 0.32215458154678345f + t * -0.20659084618091583f;
    const Quad series = low + t2 * (middle + t2 * high);
    return __builtin_convertvector(exponent, Quad) + t * series;
}

/// 2^x, x clamped to -125..125, within a relative 3e-6 (2.5e-5 dB); exactly 1 at 0.
inline Quad quad_exp2(Quad x) {
    x = smaller(larger(x, splat(-125.0f)), splat(125.0f));
    // Adding 1.5 * 2^23 rounds to a whole number that then stands in the low bits.
    constexpr float kRound = 12582912.0f;
    const Quad rounded = x + kRound;
    const Quad f = x - (rounded - kRound);
    const Quad f2 = f * f;
    const Quad low = 0.6931241750717163f + f * 0.24024099111557007f;
    const Quad high = 0.055906426161527634f + f * 0.009582852944731712f;
    const Quad power = 1.0f + f * (low + f2 * high);
    return reinterpret_cast<Quad>(reinterpret_cast<QuadInt>(power) +
                                  (reinterpret_cast<QuadInt>(rounded) << 23));
}

/// Decibels of an amplitude that is twice as large.
inline constexpr double kDbPerOctave = 6.020599913279624;

} // namespace loopmind::effects
