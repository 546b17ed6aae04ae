// One loop a format, and a shuffle for 24-bit stereo.
#include "engine/files/sample_convert.h"

#include "engine/effects/wide_simd.h"

#include <bit>
#include <cstdint>
#include <cstring>

#if LOOPMIND_HAS_AVX2_TARGET
#include <immintrin.h>
#endif

namespace loopmind::files {
namespace {

static_assert(std::endian::native == std::endian::little, "samples are loaded as they lie");

template <typename Whole> Whole load(const std::byte* in) {
    Whole out;
    std::memcpy(&out, in, sizeof out);
    return out;
}

/// Loads one byte more than the sample has and shifts it out again.
float from_int24(const std::byte* in) {
    return static_cast<float>(static_cast<std::int32_t>(load<std::uint32_t>(in) << 8) >> 8) * 0x1p-23f;
}

template <typename Convert>
void each(const std::byte* in, std::size_t step, float* out, std::size_t count, Convert convert) {
    for (std::size_t i = 0; i < count; ++i, in += step)
        out[i] = convert(in);
}

#if LOOPMIND_HAS_AVX2_TARGET
/// L R L R, twice: the three bytes of every sample move to the top of a lane, an arithmetic shift brings the
/// sign along.
LOOPMIND_AVX2 inline __m256 two_pairs(const std::byte* at) {
    const __m256i spread = _mm256_setr_epi8(-1, 0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, //
                                            -1, 0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11);
    const __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i high = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + 12));
    const __m256i both = _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
    const __m256i whole = _mm256_srai_epi32(_mm256_shuffle_epi8(both, spread), 8);
    return _mm256_mul_ps(_mm256_cvtepi32_ps(whole), _mm256_set1_ps(0x1p-23f));
}

/// Shuffles keep to halves of a register: puts the pairs in order.
LOOPMIND_AVX2 inline __m256 in_order(__m256 x) {
    return _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(x), 0xD8));
}

/// Eight frames a turn; returns the frames done.
LOOPMIND_AVX2 std::size_t stereo24_avx2(const std::byte* in, float* left, float* right, std::size_t frames) {
    std::size_t i = 0;
    for (; i + 8 <= frames; i += 8, in += 48) {
        const __m256 a = two_pairs(in), b = two_pairs(in + 24);
        _mm256_storeu_ps(left + i, in_order(_mm256_shuffle_ps(a, b, 0x88)));
        _mm256_storeu_ps(right + i, in_order(_mm256_shuffle_ps(a, b, 0xDD)));
    }
    return i;
}
#endif

} // namespace

void to_floats(const std::byte* in, std::size_t step, SampleFormat format, float* out, std::size_t count) {
    switch (format) {
    case SampleFormat::kInt8: // the only unsigned one
        return each(in, step, out, count, [](const std::byte* at) {
            return static_cast<float>(load<std::uint8_t>(at) - 128) * 0x1p-7f;
        });
    case SampleFormat::kInt16:
        return each(in, step, out, count, [](const std::byte* at) {
            return static_cast<float>(load<std::int16_t>(at)) * 0x1p-15f;
        });
    case SampleFormat::kInt24:
        return each(in, step, out, count, from_int24);
    case SampleFormat::kInt32:
        return each(in, step, out, count, [](const std::byte* at) {
            return static_cast<float>(static_cast<double>(load<std::int32_t>(at)) * 0x1p-31);
        });
    case SampleFormat::kFloat32:
        return each(in, step, out, count, load<float>);
    case SampleFormat::kFloat64:
        return each(in, step, out, count,
                    [](const std::byte* at) { return static_cast<float>(load<double>(at)); });
    }
}

void stereo24_to_floats(const std::byte* in, float* left, float* right, std::size_t frames) {
    std::size_t done = 0;
#if LOOPMIND_HAS_AVX2_TARGET
    if (effects::has_avx2()) done = stereo24_avx2(in, left, right, frames);
#endif
    for (std::size_t i = done; i < frames; ++i) {
        left[i] = from_int24(in + 6 * i);
        right[i] = from_int24(in + 6 * i + 3);
    }
}

} // namespace loopmind::files
