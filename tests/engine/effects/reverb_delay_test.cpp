// Echo times and levels, decay times, stereo behaviour, and loops that meet themselves.
#include "engine/effects/biquad.h"
#include "engine/effects/delay.h"
#include "engine/effects/real_fft.h"
#include "engine/effects/reverb.h"
#include "tests/engine/effects/signals.h"

#include <gtest/gtest.h>

#include <cstdio>

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
    for (double decay : {0.3, 0.6, 1.8, 4.0, 8.0}) {
        Reverb reverb;
        reverb.set("wet", 1);
        reverb.set("dry", 0);
        reverb.set("decay_s", decay);
        reverb.set("damping_hz", 6000);
        reverb.set("low_cut_hz", 10);
        reverb.prepare(kRate, 512);
        const Stereo h = test::run(reverb, test::impulse(static_cast<size_t>(kRate * decay * 1.5)));
        for (double hertz : {250.0, 400.0})
            EXPECT_NEAR(decay_seconds(band(h.left, hertz), kRate), decay, 0.1 * decay) << hertz;
        EXPECT_NEAR(decay_seconds(band(h.left, 6000), kRate), decay / 2, 0.1 * decay);
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

Stereo bare_response(double decay, double damping, size_t frames) {
    Reverb reverb;
    reverb.set("wet", 1);
    reverb.set("dry", 0);
    reverb.set("predelay_ms", 0);
    reverb.set("decay_s", decay);
    reverb.set("damping_hz", damping);
    reverb.prepare(kRate, 512);
    return test::run(reverb, test::impulse(frames));
}

TEST(Reverb, DecaysEvenlyWithoutDamping) {
    for (double decay : {0.6, 1.8, 4.0}) {
        const Stereo h = bare_response(decay, 20000, static_cast<size_t>(kRate * decay * 1.5));
        for (double hertz : {500.0, 1000.0, 2000.0})
            EXPECT_NEAR(decay_seconds(band(h.left, hertz), kRate), decay, 0.1 * decay) << hertz;
    }
}

/// Share of samples outside one standard deviation against that of Gaussian noise, in 20 ms around `seconds`
/// (Abel and Huang, "A simple, robust measure of reverberation echo density", 2006): 1 is a dense tail.
double echo_density(const std::vector<float>& x, double seconds) {
    const auto half = static_cast<size_t>(0.01 * kRate);
    const auto middle = static_cast<size_t>(seconds * kRate);
    double power = 0, weights = 0;
    auto weight = [&](size_t i) {
        return 0.5 +
               0.5 * std::cos(std::numbers::pi * (static_cast<double>(i) - static_cast<double>(middle)) /
                              static_cast<double>(half));
    };
    for (size_t i = middle - half; i < middle + half; ++i) {
        power += weight(i) * x[i] * x[i];
        weights += weight(i);
    }
    double outside = 0;
    for (size_t i = middle - half; i < middle + half; ++i) {
        if (x[i] * x[i] > power / weights) outside += weight(i) / weights;
    }
    return outside / 0.3173;
}

TEST(Reverb, GetsDenseSoonAndStaysSo) {
    const Stereo h = bare_response(2.5, 20000, 96000);
    for (double seconds : {0.1, 0.15, 0.3, 0.6, 1.2}) {
        const double enough = seconds < 0.12 ? 0.8 : 0.85;
        EXPECT_GT(echo_density(h.left, seconds), enough) << seconds;
        EXPECT_GT(echo_density(h.right, seconds), enough) << seconds;
    }
}

/// Geometric over arithmetic mean of the power spectrum, in thirds of an octave so that colour does not
/// count; the mean over them. Gaussian noise reads exp(-0.5772) = 0.56, a few ringing modes far less.
double local_flatness(const std::vector<float>& x, size_t from, size_t size) {
    RealFft fft(static_cast<int>(size));
    std::vector<float> window(size), re(size / 2 + 1), im(size / 2 + 1);
    for (size_t i = 0; i < size; ++i) {
        const double t = 2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(size);
        window[i] = static_cast<float>((0.5 - 0.5 * std::cos(t)) * x[from + i]);
    }
    fft.forward(window.data(), re.data(), im.data());
    double sum = 0;
    int bands = 0;
    for (double low = 200; low < 8000; low *= std::exp2(1.0 / 3)) {
        const auto begin = static_cast<size_t>(low * static_cast<double>(size) / kRate);
        const auto end = static_cast<size_t>(low * std::exp2(1.0 / 3) * static_cast<double>(size) / kRate);
        double logs = 0, powers = 0;
        for (size_t k = begin; k < end; ++k) {
            const double power = static_cast<double>(re[k]) * re[k] + static_cast<double>(im[k]) * im[k];
            logs += std::log(power + 1e-300);
            powers += power;
        }
        const auto count = static_cast<double>(end - begin);
        sum += std::exp(logs / count) / (powers / count);
        ++bands;
    }
    return sum / bands;
}

TEST(Reverb, LateTailDoesNotRing) {
    // Window of 0.34 s, early and late in a long tail.
    const Stereo h = bare_response(4, 20000, 192000);
    for (double seconds : {0.3, 1.0, 2.0, 3.0}) {
        const double flatness = local_flatness(h.left, static_cast<size_t>(seconds * kRate), 16384);
        std::printf("reverb: local spectral flatness at %.1f s: %.3f (noise 0.56)\n", seconds, flatness);
        EXPECT_GT(flatness, 0.5) << seconds;
    }
}

TEST(Reverb, SidesDoNotResembleEachOther) {
    const Stereo h = bare_response(2, 20000, 96000);
    for (size_t from : {4800u, 24000u, 48000u}) {
        double worst = 0;
        for (int lag = -48; lag <= 48; ++lag) { // the millisecond between two ears
            double ll = 0, rr = 0, lr = 0;
            for (size_t i = from; i < from + 14400; ++i) {
                const float r = h.right[static_cast<size_t>(static_cast<int>(i) + lag)];
                ll += h.left[i] * h.left[i];
                rr += r * r;
                lr += h.left[i] * r;
            }
            worst = std::max(worst, std::abs(lr) / std::sqrt(ll * rr));
        }
        EXPECT_LT(worst, 0.15) << from;
    }
}

TEST(Delay, TakesUpATimeThatCameDuringAFade) {
    // Automation sets times tick by tick: the last one holds although a fade was under way.
    Delay delay;
    delay.set("wet", 1);
    delay.set("dry", 0);
    delay.set("ping_pong", 0);
    delay.set("feedback", 0);
    delay.set("beats", 1);
    delay.prepare(kRate, 512);
    Stereo silence(48000);
    const int beats = delay.parameter_index("beats");
    delay.process(silence.left.data(), silence.right.data(), 320);
    delay.follow(beats, 0.5f);
    delay.process(silence.left.data(), silence.right.data(), 32);
    delay.follow(beats, 0.25f);
    delay.process(silence.left.data(), silence.right.data(), 24000);
    const Stereo out = test::run(delay, test::impulse(48000));
    EXPECT_FLOAT_EQ(out.left[6000], 1.0f);
    EXPECT_EQ(out.left[12000], 0.0f);
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
