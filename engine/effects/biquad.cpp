// Cookbook formulas and the stereo section.
#include "engine/effects/biquad.h"

#include "engine/effects/wide_simd.h"

#include <cmath>
#include <complex>
#include <numbers>

#if LOOPMIND_HAS_AVX2_TARGET
#include <immintrin.h>
#endif

namespace loopmind::effects {

namespace {

struct Angle {
    double cosine, alpha;
    Angle(double rate, double frequency, double q) {
        const double w = 2.0 * std::numbers::pi * frequency / rate;
        cosine = std::cos(w);
        alpha = std::sin(w) / (2.0 * q);
    }
};

BiquadCoefficients normalised(double b0, double b1, double b2, double a0, double a1, double a2) {
    return {b0 / a0, b1 / a0, b2 / a0, a1 / a0, a2 / a0};
}

} // namespace

BiquadCoefficients BiquadCoefficients::low_pass(double rate, double frequency, double q) {
    const Angle w(rate, frequency, q);
    const double b = (1 - w.cosine) / 2;
    return normalised(b, 2 * b, b, 1 + w.alpha, -2 * w.cosine, 1 - w.alpha);
}

BiquadCoefficients BiquadCoefficients::high_pass(double rate, double frequency, double q) {
    const Angle w(rate, frequency, q);
    const double b = (1 + w.cosine) / 2;
    return normalised(b, -2 * b, b, 1 + w.alpha, -2 * w.cosine, 1 - w.alpha);
}

BiquadCoefficients BiquadCoefficients::all_pass(double rate, double frequency, double q) {
    const Angle w(rate, frequency, q);
    return normalised(1 - w.alpha, -2 * w.cosine, 1 + w.alpha, 1 + w.alpha, -2 * w.cosine, 1 - w.alpha);
}

BiquadCoefficients BiquadCoefficients::peak(double rate, double frequency, double q, double gain_db) {
    const Angle w(rate, frequency, q);
    const double a = std::pow(10.0, gain_db / 40.0);
    return normalised(1 + w.alpha * a, -2 * w.cosine, 1 - w.alpha * a, 1 + w.alpha / a, -2 * w.cosine,
                      1 - w.alpha / a);
}

BiquadCoefficients BiquadCoefficients::low_shelf(double rate, double frequency, double q, double gain_db) {
    const Angle w(rate, frequency, q);
    const double a = std::pow(10.0, gain_db / 40.0);
    const double r = 2 * std::sqrt(a) * w.alpha;
    return normalised(a * ((a + 1) - (a - 1) * w.cosine + r), 2 * a * ((a - 1) - (a + 1) * w.cosine),
                      a * ((a + 1) - (a - 1) * w.cosine - r), (a + 1) + (a - 1) * w.cosine + r,
                      -2 * ((a - 1) + (a + 1) * w.cosine), (a + 1) + (a - 1) * w.cosine - r);
}

BiquadCoefficients BiquadCoefficients::high_shelf(double rate, double frequency, double q, double gain_db) {
    const Angle w(rate, frequency, q);
    const double a = std::pow(10.0, gain_db / 40.0);
    const double r = 2 * std::sqrt(a) * w.alpha;
    return normalised(a * ((a + 1) + (a - 1) * w.cosine + r), -2 * a * ((a - 1) + (a + 1) * w.cosine),
                      a * ((a + 1) + (a - 1) * w.cosine - r), (a + 1) - (a - 1) * w.cosine + r,
                      2 * ((a - 1) - (a + 1) * w.cosine), (a + 1) - (a - 1) * w.cosine - r);
}

double BiquadCoefficients::magnitude_db(double rate, double frequency) const {
    const std::complex<double> z = std::polar(1.0, -2.0 * std::numbers::pi * frequency / rate);
    return 20.0 * std::log10(std::abs((b0 + b1 * z + b2 * z * z) / (1.0 + a1 * z + a2 * z * z)));
}

template <int kSections>
void StereoBiquad::run_cascade(StereoBiquad* const* sections, StereoFrame* frames, int count) {
    StereoBiquad local[kSections]; // copies, so that states stay in registers
    for (int k = 0; k < kSections; ++k)
        local[k] = *sections[k];
    for (int i = 0; i < count; ++i) {
        StereoFrame x = frames[i];
        for (int k = 0; k < kSections; ++k)
            x = local[k].next(x);
        frames[i] = x;
    }
    for (int k = 0; k < kSections; ++k)
        *sections[k] = local[k];
}

#if LOOPMIND_HAS_AVX2_TARGET
/// Two sections side by side: left and right of the first, left and right of the second.
struct StereoBiquad::Pair {
    __m256d b0, c1, c2, a1, a2, first, second;

    LOOPMIND_AVX2 LOOPMIND_INLINE Pair(const StereoBiquad& one, const StereoBiquad& two)
        : b0(both(one.c_.b0, two.c_.b0)), c1(both(one.c_.c1, two.c_.c1)), c2(both(one.c_.c2, two.c_.c2)),
          a1(both(one.c_.a1, two.c_.a1)), a2(both(one.c_.a2, two.c_.a2)),
          first(_mm256_set_m128d(two.first_, one.first_)),
          second(_mm256_set_m128d(two.second_, one.second_)) {}
    LOOPMIND_AVX2 LOOPMIND_INLINE static __m256d both(double one, double two) {
        return _mm256_set_pd(two, two, one, one);
    }
    LOOPMIND_AVX2 LOOPMIND_INLINE __m256d next(__m256d x) {
        const __m256d before = first;
        first = (c1 * x + second) - a1 * before;
        second = c2 * x - a2 * before;
        return b0 * x + before;
    }
    LOOPMIND_AVX2 LOOPMIND_INLINE void leave(StereoBiquad& one, StereoBiquad& two) const {
        one.first_ = _mm256_castpd256_pd128(first);
        two.first_ = _mm256_extractf128_pd(first, 1);
        one.second_ = _mm256_castpd256_pd128(second);
        two.second_ = _mm256_extractf128_pd(second, 1);
    }
};

/// Each section works one frame behind the section ahead of it, so that what it needs was made in the turn
/// before. The first and last three frames, which not all sections have, go one by one.
LOOPMIND_AVX2 void StereoBiquad::run_four_avx2(StereoBiquad* const* s, StereoFrame* frames, int count) {
    StereoFrame a = s[0]->next(frames[0]);
    StereoFrame b = s[1]->next(a);
    const StereoFrame c = s[2]->next(b);
    a = s[0]->next(frames[1]);
    b = s[1]->next(a);
    a = s[0]->next(frames[2]);
    Pair early(*s[0], *s[1]), late(*s[2], *s[3]);
    __m256d front = _mm256_set_m128d(b, a); // of the first two sections: frames i - 1 and i - 2
    __m256d back = _mm256_castpd128_pd256(c);
    for (int i = 3; i < count; ++i) {
        const __m256d in = _mm256_permute2f128_pd(_mm256_castpd128_pd256(frames[i]), front, 0x20);
        const __m256d on = _mm256_permute2f128_pd(front, back, 0x21);
        front = early.next(in);
        back = late.next(on);
        frames[i - 3] = _mm256_extractf128_pd(back, 1);
    }
    early.leave(*s[0], *s[1]);
    late.leave(*s[2], *s[3]);
    a = _mm256_castpd256_pd128(front);
    b = _mm256_extractf128_pd(front, 1);
    frames[count - 3] = s[3]->next(_mm256_castpd256_pd128(back));
    frames[count - 2] = s[3]->next(s[2]->next(b));
    frames[count - 1] = s[3]->next(s[2]->next(s[1]->next(a)));
}
#endif

void StereoBiquad::run_four(StereoBiquad* const* sections, StereoFrame* frames, int count) {
#if LOOPMIND_HAS_AVX2_TARGET
    if (count >= 8 && has_avx2()) return run_four_avx2(sections, frames, count);
#endif
    run_cascade<4>(sections, frames, count);
}

void StereoBiquad::process_cascade(StereoBiquad* const* sections, int section_count, StereoFrame* frames,
                                   int count) {
    for (; section_count >= 4; section_count -= 4, sections += 4)
        run_four(sections, frames, count);
    if (section_count == 3) run_cascade<3>(sections, frames, count);
    if (section_count == 2) run_cascade<2>(sections, frames, count);
    if (section_count == 1) run_cascade<1>(sections, frames, count);
}

namespace {

void to_frames(const float* left, const float* right, StereoFrame* frames, int from, int count) {
    for (int i = from; i < count; ++i)
        frames[i] = StereoFrame{left[i], right[i]};
}

void from_frames(const StereoFrame* frames, float* left, float* right, int from, int count) {
    for (int i = from; i < count; ++i) {
        left[i] = static_cast<float>(frames[i][0]);
        right[i] = static_cast<float>(frames[i][1]);
    }
}

#if LOOPMIND_HAS_AVX2_TARGET
LOOPMIND_AVX2 void to_frames_avx2(const float* left, const float* right, StereoFrame* frames, int count) {
    auto* out = reinterpret_cast<double*>(frames);
    int i = 0;
    for (; i + 4 <= count; i += 4) {
        const __m128 l = _mm_loadu_ps(left + i), r = _mm_loadu_ps(right + i);
        _mm256_storeu_pd(out + 2 * i, _mm256_cvtps_pd(_mm_unpacklo_ps(l, r)));
        _mm256_storeu_pd(out + 2 * i + 4, _mm256_cvtps_pd(_mm_unpackhi_ps(l, r)));
    }
    to_frames(left, right, frames, i, count);
}

LOOPMIND_AVX2 void from_frames_avx2(const StereoFrame* frames, float* left, float* right, int count) {
    const auto* in = reinterpret_cast<const double*>(frames);
    int i = 0;
    for (; i + 4 <= count; i += 4) {
        const __m128 a = _mm256_cvtpd_ps(_mm256_loadu_pd(in + 2 * i));
        const __m128 b = _mm256_cvtpd_ps(_mm256_loadu_pd(in + 2 * i + 4));
        _mm_storeu_ps(left + i, _mm_shuffle_ps(a, b, 0x88));
        _mm_storeu_ps(right + i, _mm_shuffle_ps(a, b, 0xDD));
    }
    from_frames(frames, left, right, i, count);
}
#endif

} // namespace

void StereoBiquad::process_cascade(StereoBiquad* const* sections, int section_count, float* left,
                                   float* right, int count) {
    StereoFrame frames[kLongest];
#if LOOPMIND_HAS_AVX2_TARGET
    if (has_avx2()) {
        to_frames_avx2(left, right, frames, count);
        process_cascade(sections, section_count, frames, count);
        from_frames_avx2(frames, left, right, count);
        return;
    }
#endif
    to_frames(left, right, frames, 0, count);
    process_cascade(sections, section_count, frames, count);
    from_frames(frames, left, right, 0, count);
}

void StereoBiquad::process(StereoFrame* frames, int count) {
    StereoBiquad* self = this;
    run_cascade<1>(&self, frames, count);
}

void StereoBiquad::process(float* left, float* right, int frames) {
    StereoBiquad local = *this;
    for (int i = 0; i < frames; ++i) {
        const StereoFrame y = local.next(StereoFrame{left[i], right[i]});
        left[i] = static_cast<float>(y[0]);
        right[i] = static_cast<float>(y[1]);
    }
    *this = local;
}

} // namespace loopmind::effects
