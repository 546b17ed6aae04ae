// Echo times and levels, decay times, stereo behaviour, and loops that meet themselves.
#include "engine/effects/biquad.h"
#include "engine/effects/delay.h"
#include "engine/effects/reverb.h"
#include "tests/engine/effects/signals.h"

#include <gtest/gtest.h>

namespace loopmind::effects {
namespace {

using test::Stereo;
constexpr double kRate = 48000;

TEST(Delay, EchoesComeOnTheBeat) {
    for (double tempo : {82.0, 120.0, 174.0}) {
        for (double beats : {0.25, 0.75, 2.0}) {
            Delay delay;
            delay.set("tempo", tempo);
            delay.set("beats", beats);
            delay.set("wet", 1);
            delay.set("dry", 0);
            delay.set("ping_pong", 0);
            delay.set("feedback", 0.5);
            delay.prepare(kRate, 512);
            const auto expected = static_cast<size_t>(std::lround(beats * 60 / tempo * kRate));
            const Stereo out = test::run(delay, test::impulse(expected * 3 + 100));
            for (size_t i = 0; i < expected; ++i)
                ASSERT_EQ(out.left[i], 0.0f);
            EXPECT_FLOAT_EQ(out.left[expected], 1.0f) << tempo << " " << beats;
            // The second echo is the first through half gain and the tone filters: its centre is at twice the
            // time.
            float best = 0;
            size_t at = 0;
            for (size_t i = expected + 1; i < out.size(); ++i) {
                if (std::abs(out.left[i]) > best) best = std::abs(out.left[at = i]);
            }
            EXPECT_EQ(at, 2 * expected);
            EXPECT_LT(best, 0.5f);
        }
    }
}

TEST(Delay, FeedbackPathIsFiltered) {
    Delay delay;
    delay.set("wet", 1);
    delay.set("dry", 0);
    delay.set("ping_pong", 0);
    delay.set("feedback", 0.5);
    delay.set("tone_hz", 2000);
    delay.set("low_cut_hz", 10);
    delay.prepare(kRate, 512);
    const auto period = static_cast<size_t>(delay.delay_frames());
    const Stereo out = test::run(delay, test::impulse(period * 3));
    const std::vector<float> second(out.left.begin() + static_cast<long>(2 * period), out.left.end());
    // One pole: half power at the corner, against the gain of 0.5.
    EXPECT_NEAR(test::magnitude_db(second, kRate, 300), -6.02, 0.3);
    EXPECT_NEAR(test::magnitude_db(second, kRate, 2000), -6.02 - 3.01, 0.6);
    EXPECT_LT(test::magnitude_db(second, kRate, 12000), -18);
}

TEST(Delay, PingPongChangesSides) {
    Delay delay;
    delay.set("wet", 1);
    delay.set("dry", 0);
    delay.set("ping_pong", 1);
    delay.set("feedback", 0.6);
    delay.prepare(kRate, 512);
    const auto period = static_cast<size_t>(delay.delay_frames());
    const Stereo out = test::run(delay, test::impulse(period * 4));
    auto energy = [&](const std::vector<float>& x, size_t echo) {
        double sum = 0;
        for (size_t i = echo * period; i < (echo + 1) * period && i < x.size(); ++i)
            sum += x[i] * x[i];
        return sum;
    };
    EXPECT_GT(energy(out.left, 1), 0.9);
    EXPECT_EQ(energy(out.right, 1), 0.0);
    EXPECT_EQ(energy(out.left, 2), 0.0);
    EXPECT_GT(energy(out.right, 2), 0.02);
    EXPECT_GT(energy(out.left, 3), 0.002);
}

/// Seconds in which the energy that is still to come falls by 60 dB (from the -5 to -35 dB part, as ISO 3382
/// does).
double decay_seconds(std::vector<float> x, double rate) {
    std::vector<double> left(x.size());
    double sum = 0;
    for (size_t i = x.size(); i-- > 0;)
        left[i] = sum += static_cast<double>(x[i]) * x[i];
    auto when = [&](double db) {
        const double level = left[0] * std::pow(10, db / 10);
        for (size_t i = 0; i < left.size(); ++i) {
            if (left[i] < level) return static_cast<double>(i) / rate;
        }
        return static_cast<double>(left.size()) / rate;
    };
    return 2.0 * (when(-35) - when(-5));
}

/// Second-order band around a frequency, to see the decay there.
std::vector<float> band(const std::vector<float>& x, double hertz) {
    StereoBiquad low, high, low2, high2;
    low.set(BiquadCoefficients::low_pass(kRate, hertz * 1.2, 0.7071));
    low2.set(BiquadCoefficients::low_pass(kRate, hertz * 1.2, 0.7071));
    high.set(BiquadCoefficients::high_pass(kRate, hertz / 1.2, 0.7071));
    high2.set(BiquadCoefficients::high_pass(kRate, hertz / 1.2, 0.7071));
    std::vector<float> out = x, other = x;
    for (auto* section : {&low, &low2, &high, &high2})
        section->process(out.data(), other.data(), static_cast<int>(x.size()));
    return out;
}

TEST(Reverb, DecaysInTheTimeAskedFor) {
    for (double decay : {0.6, 1.8, 4.0}) {
        Reverb reverb;
        reverb.set("wet", 1);
        reverb.set("dry", 0);
        reverb.set("decay_s", decay);
        reverb.set("damping_hz", 6000);
        reverb.set("low_cut_hz", 10);
        reverb.prepare(kRate, 512);
        const Stereo h = test::run(reverb, test::impulse(static_cast<size_t>(kRate * decay * 1.5)));
        EXPECT_NEAR(decay_seconds(band(h.left, 400), kRate), decay, 0.12 * decay);
        EXPECT_NEAR(decay_seconds(band(h.left, 6000), kRate), decay / 2, 0.12 * decay);
    }
}

TEST(Reverb, IsDenseWideAndWithoutRinging) {
    Reverb reverb;
    reverb.set("wet", 1);
    reverb.set("dry", 0);
    reverb.prepare(kRate, 512);
    const Stereo h = test::run(reverb, test::impulse(96000));
    double ll = 0, rr = 0, lr = 0;
    for (size_t i = 0; i < h.size(); ++i) {
        ll += h.left[i] * h.left[i];
        rr += h.right[i] * h.right[i];
        lr += h.left[i] * h.right[i];
    }
    EXPECT_NEAR(10 * std::log10(ll / rr), 0, 1.5);
    EXPECT_LT(std::abs(lr) / std::sqrt(ll * rr), 0.25);
    // A dense tail is close to Gaussian: few samples carry much more than the mean.
    double square = 0, fourth = 0;
    for (size_t i = 14400; i < 19200; ++i) {
        square += std::pow(h.left[i], 2);
        fourth += std::pow(h.left[i], 4);
    }
    EXPECT_LT(4800 * fourth / (square * square), 6.0);
    // Level of the sound in the room near that of the input, whatever the decay.
    EXPECT_NEAR(10 * std::log10(ll), 0, 6);
}

TEST(Reverb, PredelayIsSilent) {
    Reverb early, late;
    for (Reverb* reverb : {&early, &late}) {
        reverb->set("wet", 1);
        reverb->set("dry", 0);
    }
    early.set("predelay_ms", 0);
    late.set("predelay_ms", 100);
    early.prepare(kRate, 512);
    late.prepare(kRate, 512);
    const Stereo a = test::run(early, test::impulse(24000));
    const Stereo b = test::run(late, test::impulse(24000));
    for (size_t i = 0; i < 4800; ++i)
        ASSERT_EQ(b.left[i], 0.0f);
    for (size_t i = 4800; i < 24000; ++i)
        ASSERT_EQ(b.left[i], a.left[i - 4800]);
}

TEST(Reverb, LoopsMeetThemselves) {
    // Time-invariant: the third round of a loop equals the second within rounding once the tail is full.
    Reverb reverb;
    reverb.set("decay_s", 0.5);
    reverb.prepare(kRate, 512);
    const Stereo loop = test::noise(48001, 0.5f, 3);
    test::run(reverb, loop);
    const Stereo second = test::run(reverb, loop);
    const Stereo third = test::run(reverb, loop);
    float worst = 0;
    for (size_t i = 0; i < loop.size(); ++i)
        worst = std::max(worst, std::abs(second.left[i] - third.left[i]));
    EXPECT_LT(worst, 1e-5f);
}

} // namespace
} // namespace loopmind::effects
