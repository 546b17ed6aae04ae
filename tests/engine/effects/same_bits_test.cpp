// Fast paths give the bits of the plain ones, so that processors and section counts do not show in the sound.
#include "engine/effects/biquad.h"
#include "engine/effects/oversample_kernel.h"
#include "tests/engine/effects/signals.h"

#include <gtest/gtest.h>

namespace loopmind::effects {
namespace {

TEST(SameBits, FirOnWideRegistersAddsLikeOneFrameAfterTheOther) {
    const test::Stereo taps = test::noise(96, 1, 1), x = test::noise(400, 1, 2);
    for (int tap_count : {8, 12, 32, 96}) {
        for (int count : {1, 3, 4, 7, 8, 15, 16, 31, 32, 33, 64, 100, 256}) {
            std::vector<float> out(static_cast<size_t>(count));
            run_fir(x.left.data(), taps.left.data(), tap_count, out.data(), count);
            for (int i = 0; i < count; ++i) {
                float sum = 0;
                for (int k = 0; k < tap_count; ++k)
                    sum += taps.left[static_cast<size_t>(k)] * x.left[static_cast<size_t>(i + k)];
                ASSERT_EQ(out[static_cast<size_t>(i)], sum)
                    << tap_count << " taps, frame " << i << " of " << count;
            }
        }
    }
}

TEST(SameBits, CascadeIsItsSectionsInTurn) {
    const test::Stereo in = test::noise(1000, 1, 3);
    for (int sections = 1; sections <= 10; ++sections) {
        std::array<StereoBiquad, 10> together, alone;
        std::array<StereoBiquad*, 10> pointers{};
        for (int s = 0; s < sections; ++s) {
            const auto n = static_cast<size_t>(s);
            const auto band =
                BiquadCoefficients::peak(48000, 60.0 * (s + 1) * (s + 1), 0.7 + 0.3 * s, s % 2 ? 9 : -7);
            together[n].set(band);
            alone[n].set(band);
            pointers[n] = &together[n];
        }
        std::vector<StereoFrame> a, b;
        for (size_t i = 0; i < in.size(); ++i)
            a.push_back(StereoFrame{in.left[i], in.right[i]});
        b = a;
        for (size_t at = 0, count = 1; at < a.size(); at += count, count = count % 40 + 1) {
            count = std::min(count, a.size() - at);
            StereoBiquad::process_cascade(pointers.data(), sections, a.data() + at, static_cast<int>(count));
        }
        for (int s = 0; s < sections; ++s)
            alone[static_cast<size_t>(s)].process(b.data(), static_cast<int>(b.size()));
        for (size_t i = 0; i < a.size(); ++i) {
            ASSERT_EQ(a[i][0], b[i][0]) << sections << " sections, frame " << i;
            ASSERT_EQ(a[i][1], b[i][1]) << sections << " sections, frame " << i;
        }
    }
}

} // namespace
} // namespace loopmind::effects
