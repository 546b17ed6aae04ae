// Rounds numbers too small to hear to zero while it lives, so that fading tails cost no more than loud ones.
#pragma once

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace loopmind::effects {

/// Sets flush-to-zero and denormals-are-zero on this thread; the former mode comes back at the end of the
/// scope. Does nothing on processors without SSE.
class FlushDenormals {
  public:
#if defined(__SSE__)
    FlushDenormals() : former_(_mm_getcsr()) {
        _mm_setcsr(former_ | 0x8040u);
    }
    ~FlushDenormals() {
        _mm_setcsr(former_);
    }
#else
    FlushDenormals() = default;
    ~FlushDenormals() {}
#endif
    FlushDenormals(const FlushDenormals&) = delete;
    FlushDenormals& operator=(const FlushDenormals&) = delete;

  private:
    [[maybe_unused]] unsigned former_ = 0;
};

} // namespace loopmind::effects
