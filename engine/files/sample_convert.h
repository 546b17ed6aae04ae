// Whole numbers and floats of files as floats in memory, many samples at a time.
#pragma once

#include "engine/files/audio_format.h"

#include <cstddef>

namespace loopmind::files {

/// Bytes that must be readable behind the samples given to the functions below: they load whole registers.
inline constexpr std::size_t kConvertSlack = 32;

/// `count` samples of little-endian `format`, the first at `in` and each `step` bytes behind the one before.
/// Integers are scaled by 2^(bits-1), which is exact up to 24 bits.
void to_floats(const std::byte* in, std::size_t step, SampleFormat format, float* out, std::size_t count);

/// Interleaved 24-bit stereo, the usual case: the same floats, in one pass and on registers of 32 bytes where
/// the processor has them.
void stereo24_to_floats(const std::byte* in, float* left, float* right, std::size_t frames);

} // namespace loopmind::files
