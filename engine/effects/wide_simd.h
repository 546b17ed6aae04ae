// Runs one piece of code in the widest registers that this processor has. Lanes compute what they would alone
// and nothing is contracted into fused operations, so every processor gives the same bits.
#pragma once

namespace loopmind::effects {

/// Floats of one register: of every processor, and of one with AVX2.
using Lanes4 = float __attribute__((vector_size(16)));
using Lanes8 = float __attribute__((vector_size(32)));

// Marks the one body of a function that is compiled for several targets: it must become part of its caller.
#define LOOPMIND_INLINE inline __attribute__((always_inline))

#if defined(__x86_64__) && defined(__GNUC__)
#define LOOPMIND_HAS_AVX2_TARGET 1
#define LOOPMIND_AVX2 __attribute__((target("avx2")))
/// Whether functions marked LOOPMIND_AVX2 may be called.
inline bool has_avx2() {
    static const bool has = __builtin_cpu_supports("avx2");
    return has;
}
#else
#define LOOPMIND_HAS_AVX2_TARGET 0
#define LOOPMIND_AVX2
inline bool has_avx2() {
    return false;
}
#endif

} // namespace loopmind::effects
