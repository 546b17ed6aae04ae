// The downmix table.
#include "engine/files/downmix.h"

#include <algorithm>
#include <bit>
#include <string>

namespace loopmind::files {
namespace {

constexpr float kMinus3 = 0.70710678f;

/// Speaker bits of WAVE_FORMAT_EXTENSIBLE.
enum Speaker : std::uint32_t {
    kFrontLeft = 0x1,
    kFrontRight = 0x2,
    kFrontCentre = 0x4,
    kLowFrequency = 0x8,
    kBackLeft = 0x10,
    kBackRight = 0x20,
    kFrontLeftOfCentre = 0x40,
    kFrontRightOfCentre = 0x80,
    kBackCentre = 0x100,
    kSideLeft = 0x200,
    kSideRight = 0x400,
};

StereoShare share_of(std::uint32_t speaker) {
    switch (speaker) {
    case kFrontLeft:
    case kFrontLeftOfCentre:
        return {1, 0};
    case kFrontRight:
    case kFrontRightOfCentre:
        return {0, 1};
    case kFrontCentre:
        return {kMinus3, kMinus3};
    case kBackLeft:
    case kSideLeft:
        return {kMinus3, 0};
    case kBackRight:
    case kSideRight:
        return {0, kMinus3};
    case kBackCentre:
        return {0.5f, 0.5f};
    default: // LFE, height speakers
        return {0, 0};
    }
}

} // namespace

Result<std::vector<StereoShare>> stereo_shares(int channels, std::uint32_t mask) {
    static constexpr std::uint32_t kUsual[] = {0, 0x4, 0x3, 0x7, 0x33, 0x37, 0x3F, 0x70F, 0x63F};
    if (channels == 1) return std::vector<StereoShare>{{1, 1}};
    if (channels == 2) return std::vector<StereoShare>{{1, 0}, {0, 1}};
    if (std::popcount(mask) < channels) mask = 0; // says too little
    if (mask == 0) {
        if (channels < 1 || channels > 8)
            return Error{ErrorCode::kInvalidArgument, "channels",
                         "are " + std::to_string(channels) + " and nothing says where they belong",
                         "split the file into mono or stereo files"};
        mask = kUsual[channels];
    }
    std::vector<StereoShare> shares;
    for (std::uint32_t bit = 1; bit != 0 && shares.size() < static_cast<std::size_t>(channels); bit <<= 1)
        if (mask & bit) shares.push_back(share_of(bit));
    return shares;
}

void mix_to_stereo(std::span<const std::span<const float>> planes, std::span<const StereoShare> shares,
                   std::span<float> left, std::span<float> right) {
    std::fill(left.begin(), left.end(), 0.0f);
    std::fill(right.begin(), right.end(), 0.0f);
    for (std::size_t c = 0; c < planes.size() && c < shares.size(); ++c) {
        const std::span<const float> plane = planes[c];
        const auto add = [&plane](std::span<float> out, float share) {
            if (share == 0) return;
            for (std::size_t i = 0; i < out.size(); ++i)
                out[i] += share * plane[i];
        };
        add(left, shares[c].left);
        add(right, shares[c].right);
    }
}

} // namespace loopmind::files
