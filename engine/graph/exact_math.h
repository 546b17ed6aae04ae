// Exponential and sine from plain arithmetic, so that automation and fades give the same bits on every
// machine. The C library picks its variant by processor (with or without fused multiply-add), and those
// differ in the last bit.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <initializer_list>

namespace loopmind::graph {

/// e^x, relative error below 1e-15; x is clamped to -700..700. Taylor series after reduction by ln 2.
inline double exact_exp(double x) {
    x = x < -700 ? -700 : (x > 700 ? 700 : x);
    const double n = std::floor(x * 1.4426950408889634 + 0.5);
    const double r = (x - n * 0.693147180369123816490) - n * 1.90821492927058770002e-10; // ln 2 in two parts
    double sum = 1.0 / 6227020800.0;
    for (const double term :
         {1.0 / 479001600.0, 1.0 / 39916800.0, 1.0 / 3628800.0, 1.0 / 362880.0, 1.0 / 40320.0, 1.0 / 5040.0,
          1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0})
        sum = sum * r + term;
    const auto exponent = static_cast<std::uint64_t>(1023 + static_cast<std::int64_t>(n)) << 52;
    return sum * std::bit_cast<double>(exponent);
}

/// sin(x) for 0 <= x <= pi / 2, error below 1e-15. Taylor series.
inline double exact_quarter_sine(double x) {
    const double s = x * x;
    double sum = 1.0 / 51090942171709440000.0; // 1 / 21!
    for (const double term :
         {-1.0 / 121645100408832000.0, 1.0 / 355687428096000.0, -1.0 / 1307674368000.0, 1.0 / 6227020800.0,
          -1.0 / 39916800.0, 1.0 / 362880.0, -1.0 / 5040.0, 1.0 / 120.0, -1.0 / 6.0, 1.0})
        sum = sum * s + term;
    return sum * x;
}

/// Linear factor of a level in dB; at or below -144 dB it is 0, at 0 dB exactly 1.
inline float exact_gain(double db) {
    if (db <= -144.0) return 0.0f;
    return db == 0.0 ? 1.0f : static_cast<float>(exact_exp(db * 0.11512925464970229)); // ln 10 / 20
}

} // namespace loopmind::graph
