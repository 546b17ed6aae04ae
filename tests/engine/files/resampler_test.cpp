// Length, place and quality of the rate conversion, measured.
#include "engine/files/downmix.h"
#include "engine/files/resampler.h"
#include "tests/engine/files/audio_example.h"

#include <gtest/gtest.h>

namespace loopmind::files {
namespace {

constexpr int kRates[] = {8000, 11025, 22050, 44100, 48000, 88200, 96000, 192000};

/// Amplitude and the rest in dB of a signal that should be one tone: least squares fit of sine and cosine.
struct Fit {
    double amplitude = 0;
    double phase = 0;
    double rest_db = 0; ///< what is no such tone, against a full-scale sine
};
Fit fit(const std::vector<float>& x, double hertz, int rate, std::size_t edge) {
    double cc = 0, ss = 0, cs = 0, xc = 0, xs = 0;
    const auto angle = [&](std::size_t i) {
        return 2 * std::numbers::pi * std::fmod(hertz * double(i) / rate, 1.0);
    };
    for (std::size_t i = edge; i < x.size() - edge; ++i) {
        const double c = std::cos(angle(i)), s = std::sin(angle(i));
        cc += c * c, ss += s * s, cs += c * s, xc += x[i] * c, xs += x[i] * s;
    }
    const double d = cc * ss - cs * cs;
    const double a = (xc * ss - xs * cs) / d, b = (xs * cc - xc * cs) / d;
    double rest = 0;
    for (std::size_t i = edge; i < x.size() - edge; ++i) {
        const double e = x[i] - a * std::cos(angle(i)) - b * std::sin(angle(i));
        rest += e * e;
    }
    rest /= static_cast<double>(x.size() - 2 * edge);
    return {std::hypot(a, b), std::atan2(a, b), 10 * std::log10(2 * rest + 1e-30)};
}

std::vector<float> sine(double hertz, int rate, double seconds) {
    std::vector<float> out(static_cast<std::size_t>(rate * seconds));
    for (std::size_t i = 0; i < out.size(); ++i)
        out[i] =
            static_cast<float>(std::sin(2 * std::numbers::pi * std::fmod(hertz * double(i) / rate, 1.0)));
    return out;
}

TEST(Resampler, LengthsAreExact) {
    for (const int from : kRates) {
        for (const int to : kRates) {
            for (const std::size_t frames :
                 {std::size_t{1}, std::size_t{2}, std::size_t{999}, std::size_t{20011}}) {
                const Audio in(2, std::vector<float>(frames, 0.1f));
                const auto out = resample(views(in), from, to);
                ASSERT_TRUE(out.ok());
                EXPECT_EQ(static_cast<std::int64_t>((*out)[1].size()),
                          std::llround(static_cast<long double>(frames) * to / from))
                    << from << " " << to << " " << frames;
            }
        }
    }
    EXPECT_EQ(resampled_frames(std::int64_t{36000} * 192000, 192000, 44100), std::int64_t{36000} * 44100);
    EXPECT_FALSE(Resampler::create(500, 48000, 2).ok());
    EXPECT_FALSE(Resampler::create(48000, 48000, 0).ok());
}

TEST(Resampler, BlocksDoNotMatter) {
    const Audio in = tones(2, 30000, 44100);
    const auto whole = resample(views(in), 44100, 48000);
    for (const std::size_t block : {1000u, 8192u, 17u}) {
        auto resampler = Resampler::create(44100, 48000, 2);
        Audio out;
        for (std::size_t at = 0; at < in[0].size(); at += block) {
            const std::size_t count = std::min(block, in[0].size() - at);
            const std::span<const float> planes[] = {std::span(in[0]).subspan(at, count),
                                                     std::span(in[1]).subspan(at, count)};
            ASSERT_TRUE(resampler->add(planes, out).ok());
        }
        ASSERT_TRUE(resampler->finish(out).ok());
        EXPECT_EQ(out == *whole, true) << block;
    }
}

TEST(Resampler, TonesKeepLevelPlaceAndPurity) {
    // Steps of a sweep through the passband: gain (ripple), delay (phase) and everything that is not the
    // tone.
    double ripple = 0, edge_loss = 0, worst = -300, late = 0;
    for (const auto& [from, to] : {std::pair{44100, 48000},
                                   {48000, 44100},
                                   {48000, 96000},
                                   {96000, 48000},
                                   {192000, 44100},
                                   {8000, 48000},
                                   {48000, 22050}}) {
        const double top = 0.45 * std::min(from, to);
        for (int n = 0; n < 12; ++n) {
            const double hertz = 20 * std::pow(top / 20, n / 11.0);
            const Audio in{sine(hertz, from, 1.0)};
            const auto out = resample(views(in), from, to);
            ASSERT_TRUE(out.ok());
            const Fit f = fit((*out)[0], hertz, to, static_cast<std::size_t>(to / 20));
            double& loss = n < 11 ? ripple : edge_loss;
            loss = std::max(loss, std::abs(20 * std::log10(f.amplitude)));
            worst = std::max(worst, f.rest_db);
            late = std::max(late, std::abs(f.phase / (2 * std::numbers::pi * hertz)) * to);
        }
    }
    std::printf(
        "passband ripple %.6f dB, at 0.45 of the rate %.6f dB, distortion %.1f dBFS, delay %.6f frames\n",
        ripple, edge_loss, worst, late);
    EXPECT_LT(ripple, 0.001);
    EXPECT_LT(edge_loss, 0.01);
    EXPECT_LT(worst, -120);
    EXPECT_LT(late, 0.001);
}

TEST(Resampler, NothingFoldsBack) {
    // Tones above the new rate's half must vanish: what is left of each is aliasing.
    double worst = -300;
    for (const auto& [from, to] : {std::pair{48000, 44100},
                                   {96000, 48000},
                                   {96000, 44100},
                                   {192000, 44100},
                                   {48000, 22050},
                                   {44100, 8000}}) {
        for (double part = 0.505; part < 0.98; part += 0.06) {
            const double hertz = to / 2.0 + (from / 2.0 - to / 2.0) * part + to * 0.005;
            if (hertz >= from * 0.499) break;
            const Audio in{sine(hertz, from, 1.0)};
            const auto out = resample(views(in), from, to);
            double power = 0;
            const std::size_t edge = static_cast<std::size_t>(to / 20);
            for (std::size_t i = edge; i < (*out)[0].size() - edge; ++i)
                power += double((*out)[0][i]) * (*out)[0][i];
            worst = std::max(worst, 10 * std::log10(2 * power / double((*out)[0].size() - 2 * edge) + 1e-30));
        }
    }
    std::printf("aliasing %.1f dBFS\n", worst);
    EXPECT_LT(worst, -120);
}

TEST(Resampler, AnImpulseStaysInItsPlace) {
    for (const auto& [from, to] : {std::pair{44100, 88200}, {96000, 48000}, {48000, 192000}}) {
        Audio in(1, std::vector<float>(20000));
        in[0][10000] = 1;
        const auto out = resample(views(in), from, to);
        const auto peak = std::max_element((*out)[0].begin(), (*out)[0].end()) - (*out)[0].begin();
        EXPECT_EQ(peak, std::int64_t{10000} * to / from);
    }
}

TEST(Downmix, FollowsBs775) {
    const float c = 0.70710678f;
    const auto shares = [](int channels, std::uint32_t mask = 0) {
        return stereo_shares(channels, mask).value();
    };
    EXPECT_EQ(shares(1), (std::vector<StereoShare>{{1, 1}}));
    EXPECT_EQ(shares(2), (std::vector<StereoShare>{{1, 0}, {0, 1}}));
    EXPECT_EQ(shares(3), (std::vector<StereoShare>{{1, 0}, {0, 1}, {c, c}}));
    EXPECT_EQ(shares(4), (std::vector<StereoShare>{{1, 0}, {0, 1}, {c, 0}, {0, c}}));
    EXPECT_EQ(shares(5), (std::vector<StereoShare>{{1, 0}, {0, 1}, {c, c}, {c, 0}, {0, c}}));
    EXPECT_EQ(shares(6), (std::vector<StereoShare>{{1, 0}, {0, 1}, {c, c}, {0, 0}, {c, 0}, {0, c}}));
    EXPECT_EQ(shares(8),
              (std::vector<StereoShare>{{1, 0}, {0, 1}, {c, c}, {0, 0}, {c, 0}, {0, c}, {c, 0}, {0, c}}));
    EXPECT_EQ(shares(4, 0x107), (std::vector<StereoShare>{{1, 0}, {0, 1}, {c, c}, {0.5f, 0.5f}})); // L R C S
    EXPECT_FALSE(stereo_shares(9).ok());
    EXPECT_FALSE(stereo_shares(0).ok());
    const Audio in = tones(3, 4, 48000);
    std::vector<float> left(4), right(4);
    mix_to_stereo(views(in), shares(3), left, right);
    EXPECT_FLOAT_EQ(left[2], in[0][2] + c * in[2][2]);
    EXPECT_FLOAT_EQ(right[2], in[1][2] + c * in[2][2]);
}

} // namespace
} // namespace loopmind::files
