// Stereo from any usual channel order, by ITU-R BS.775.
#pragma once

#include "proto/base/result.h"

#include <cstdint>
#include <span>
#include <vector>

namespace loopmind::files {

/// What one channel gives to left and right, linear.
struct StereoShare {
    float left = 0;
    float right = 0;
    bool operator==(const StereoShare&) const = default;
};

/// Shares of each channel of a file in WAVE order: ITU-R BS.775-3, annex 4, table 2 (centre and pairs of
/// surrounds at -3 dB, a single surround at -6 dB, LFE left out). Mono goes to both sides at unity. A second
/// pair of surrounds (7.1), which the table lacks, is taken as the first. Nothing is scaled down to make
/// room: samples are float and the mix decides.
/// Orders by count when `mask` is 0: 1 C; 2 L R; 3 L R C; 4 L R Ls Rs; 5 L R C Ls Rs; 6 L R C LFE Ls Rs;
/// 7 L R C LFE Cs Ls Rs; 8 L R C LFE Lb Rb Ls Rs; else the bits of WAVE_FORMAT_EXTENSIBLE say.
/// invalid_argument for more than eight channels without a mask: nobody knows where they belong.
Result<std::vector<StereoShare>> stereo_shares(int channels, std::uint32_t mask = 0);

/// Adds up planes into left and right (overwritten), all of one length.
void mix_to_stereo(std::span<const std::span<const float>> planes, std::span<const StereoShare> shares,
                   std::span<float> left, std::span<float> right);

} // namespace loopmind::files
