// Partitioned convolution against the plain sum, and what the computed spaces are like.
#include "engine/effects/convolution.h"
#include "engine/effects/impulse_response.h"
#include "engine/effects/partitioned_convolver.h"
#include "tests/engine/effects/signals.h"

#include <gtest/gtest.h>

#include <cstdio>

namespace loopmind::effects {
namespace {

using test::Stereo;
constexpr double kRate = 48000;

std::vector<float> convolve(PartitionedConvolver& convolver, const std::vector<float>& in, size_t block) {
    std::vector<float> out(in.size());
    size_t in_tick = 0;
    for (size_t at = 0; at < in.size();) {
        const size_t count = std::min({block, in.size() - at, Effect::kTick - in_tick});
        convolver.process(in.data() + at, out.data() + at, static_cast<int>(count));
        at += count;
        in_tick = (in_tick + count) % Effect::kTick;
    }
    return out;
}

TEST(PartitionedConvolver, EqualsThePlainSum) {
    double worst = -300;
    for (size_t taps : {1u, 40u, 64u, 65u, 1000u, 2048u, 2049u, 5000u, 16384u, 16385u, 40000u}) {
        const std::vector<float> h = test::noise(taps, 0.1f, 7).left;
        const std::vector<float> x = test::noise(60000, 0.5f, 8).left;
        PartitionedConvolver convolver;
        convolver.prepare(h, 1);
        const std::vector<float> out = convolve(convolver, x, 32);
        double error = 0, power = 0;
        int points = 0;
        for (size_t i = 11; i < x.size(); i += 173) {
            double sum = 0;
            for (size_t k = 0; k < std::min(taps, i + 1); ++k)
                sum += static_cast<double>(h[k]) * x[i - k];
            error += (out[i] - sum) * (out[i] - sum);
            power += sum * sum;
            ++points;
        }
        const double db = 10 * std::log10(error / power);
        EXPECT_LT(db, -120) << taps;
        worst = std::max(worst, db);
    }
    std::printf("convolution: against the plain sum %.1f dB\n", worst);
    RecordProperty("worst_error_db", std::to_string(worst));
}

TEST(PartitionedConvolver, DoesNotDependOnBlocks) {
    const std::vector<float> h = test::noise(30000, 0.1f, 7).left;
    const std::vector<float> x = test::noise(50000, 0.5f, 8).left;
    PartitionedConvolver convolver;
    convolver.prepare(h);
    const auto expected = convolve(convolver, x, 32);
    for (size_t block : {1u, 5u, 17u}) {
        convolver.reset();
        EXPECT_EQ(convolve(convolver, x, block), expected) << block;
    }
}

TEST(PartitionedConvolver, ImpulseGivesTheResponseAtOnce) {
    const std::vector<float> h = test::noise(20000, 0.5f, 9).left;
    PartitionedConvolver convolver;
    convolver.prepare(h);
    const auto out = convolve(convolver, test::impulse(20000).left, 32);
    for (size_t i = 0; i < h.size(); ++i)
        ASSERT_NEAR(out[i], h[i], 1e-6f) << i;
}

/// Seconds of 60 dB from the -5 to -35 dB part of the energy still to come.
double decay_seconds(const std::vector<float>& x) {
    std::vector<double> left(x.size());
    double sum = 0;
    for (size_t i = x.size(); i-- > 0;)
        left[i] = sum += static_cast<double>(x[i]) * x[i];
    auto when = [&](double db) {
        const double level = left[0] * std::pow(10, db / 10);
        size_t i = 0;
        while (i < left.size() && left[i] > level)
            ++i;
        return static_cast<double>(i) / kRate;
    };
    return 2 * (when(-35) - when(-5));
}

TEST(ImpulseResponse, DecaysAsAsked) {
    for (int space = 0; space < kSpaces; ++space) {
        for (double decay : {0.5, 1.5, 4.0}) {
            SpaceSettings settings;
            settings.space = Space(space);
            settings.decay_seconds = decay;
            settings.brightness = 1;
            const StereoResponse h = make_response(settings, kRate);
            // The middle frequencies, by a band around 1 kHz.
            StereoBiquad low, high;
            low.set(BiquadCoefficients::low_pass(kRate, 1400, 0.7071));
            high.set(BiquadCoefficients::high_pass(kRate, 700, 0.7071));
            std::vector<float> left = h.left, right = h.right;
            for (auto* section : {&low, &high, &low, &high})
                section->process(left.data(), right.data(), static_cast<int>(left.size()));
            EXPECT_NEAR(decay_seconds(left), decay, 0.1 * decay) << space;
            EXPECT_NEAR(decay_seconds(right), decay, 0.1 * decay) << space;
        }
    }
}

TEST(ImpulseResponse, HasUnitEnergyAndSidesOfItsOwn) {
    for (int space = 0; space < kSpaces; ++space) {
        for (double size : {0.3, 1.0, 2.0}) {
            SpaceSettings settings;
            settings.space = Space(space);
            settings.size = size;
            const StereoResponse h = make_response(settings, kRate);
            double ll = 0, rr = 0, lr = 0;
            for (size_t i = 0; i < h.left.size(); ++i) {
                ASSERT_TRUE(std::isfinite(h.left[i]) && std::isfinite(h.right[i]));
                ll += h.left[i] * h.left[i];
                rr += h.right[i] * h.right[i];
                lr += h.left[i] * h.right[i];
            }
            EXPECT_NEAR(ll, 1, 1e-3);
            EXPECT_NEAR(rr, 1, 1e-3);
            EXPECT_LT(std::abs(lr), 0.3) << space << " " << size;
        }
    }
}

TEST(ImpulseResponse, RepeatsItselfAndSpacesDiffer) {
    std::vector<std::vector<float>> seen;
    for (int space = 0; space < kSpaces; ++space) {
        SpaceSettings settings;
        settings.space = Space(space);
        const StereoResponse a = make_response(settings, kRate);
        EXPECT_EQ(a.left, make_response(settings, kRate).left);
        for (const auto& other : seen)
            EXPECT_NE(a.left, other);
        seen.push_back(a.left);
    }
}

TEST(ImpulseResponse, SpringFallsInPitch) {
    // A spring's first echo is a sweep in which treble under its corner comes last.
    SpaceSettings settings;
    settings.space = Space::kSpring;
    const StereoResponse h = make_response(settings, kRate);
    auto centre = [&](double hertz) {
        StereoBiquad low, high;
        low.set(BiquadCoefficients::low_pass(kRate, hertz * 1.15, 2));
        high.set(BiquadCoefficients::high_pass(kRate, hertz / 1.15, 2));
        std::vector<float> left(h.left.begin(), h.left.begin() + 2900), right = left;
        low.process(left.data(), right.data(), 2900);
        high.process(left.data(), right.data(), 2900);
        double sum = 0, weight = 0;
        for (size_t i = 0; i < left.size(); ++i) {
            sum += static_cast<double>(i) * left[i] * left[i];
            weight += static_cast<double>(left[i]) * left[i];
        }
        return sum / weight;
    };
    EXPECT_GT(centre(3200), centre(1000) * 1.2);
}

TEST(Convolution, DryPathPassesAndPredelayIsSilent) {
    Convolution dry;
    dry.set("wet", 0);
    dry.prepare(kRate, 512);
    const Stereo in = test::noise(5000, 0.5f, 3);
    EXPECT_EQ(test::run(dry, in), in);
    Convolution late;
    late.set("wet", 1);
    late.set("dry", 0);
    late.set("predelay_ms", 100);
    late.prepare(kRate, 512);
    const Stereo out = test::run(late, test::impulse(24000));
    for (size_t i = 0; i < 4800; ++i)
        ASSERT_EQ(out.left[i], 0.0f);
}

TEST(Convolution, WorksAtOtherRates) {
    for (double rate : {22050.0, 44100.0, 96000.0}) {
        for (int space = 0; space < kSpaces; ++space) {
            Convolution convolution;
            convolution.set("space", space);
            convolution.set("wet", 1);
            convolution.set("dry", 0);
            convolution.set("low_cut_hz", 10);
            convolution.prepare(rate, 512);
            const Stereo out = test::run(convolution, test::impulse(static_cast<size_t>(3 * rate)));
            double energy = 0;
            for (float x : out.left)
                energy += x * x;
            EXPECT_NEAR(10 * std::log10(energy), 0, 1) << rate << " " << space;
        }
    }
}

} // namespace
} // namespace loopmind::effects
