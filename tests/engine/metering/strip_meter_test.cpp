// Strip meter, scope ring and spectrum: what they read of known signals, and that threads may share them.
#include "engine/metering/scope_ring.h"
#include "engine/metering/spectrum.h"
#include "engine/metering/strip_meter.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <random>
#include <thread>
#include <vector>

namespace loopmind::metering {
namespace {

std::vector<float> sine(double hertz, double level, std::size_t frames, double phase = 0) {
    std::vector<float> out(frames);
    for (std::size_t i = 0; i < frames; ++i)
        out[i] = static_cast<float>(
            level * std::sin(2 * std::numbers::pi * hertz * static_cast<double>(i) / 48000 + phase));
    return out;
}

void feed(StripMeter& meter, const std::vector<float>& left, const std::vector<float>& right,
          std::size_t block) {
    for (std::size_t at = 0; at < left.size(); at += block)
        meter.process(left.data() + at, right.data() + at,
                      static_cast<int>(std::min(block, left.size() - at)));
}

TEST(StripMeter, ReadsPeakAndRmsOfASine) {
    StripMeter meter;
    meter.prepare(48000);
    feed(meter, sine(997, 0.5, 96000), sine(997, 1.0, 96000), 256);
    const StripReading read = meter.read();
    EXPECT_NEAR(read.peak_db[0], -6.02, 0.02);
    EXPECT_NEAR(read.peak_db[1], 0, 0.02);
    EXPECT_NEAR(read.rms_db[0], -9.03, 0.05);
    EXPECT_NEAR(read.rms_db[1], -3.01, 0.05);
    EXPECT_NEAR(read.correlation, 1, 1e-3);
    EXPECT_EQ(read.overs, 0u);
}

TEST(StripMeter, FallsAsTheStandardSaysAndHolds) {
    StripMeter meter;
    meter.prepare(48000);
    feed(meter, sine(997, 1, 4800), sine(997, 1, 4800), 64);
    const std::vector<float> silence(static_cast<std::size_t>(1.7 * 48000));
    feed(meter, silence, silence, 64);
    EXPECT_NEAR(meter.read().peak_db[0], -20, 0.2);
    EXPECT_NEAR(meter.read().hold_db[0], 0, 0.02);
    feed(meter, silence, silence, 64);
    EXPECT_LT(meter.read().hold_db[0], -20); // two seconds are over
    meter.clear();
    feed(meter, silence, silence, 64);
    EXPECT_EQ(meter.read().hold_db[0], meter.read().peak_db[0]);
}

TEST(StripMeter, CorrelationTellsPhase) {
    const auto correlation = [](double phase, double level = 0.5) {
        StripMeter meter;
        meter.prepare(48000);
        feed(meter, sine(997, 0.5, 96000), sine(997, level, 96000, phase), 512);
        return meter.read().correlation;
    };
    EXPECT_NEAR(correlation(0, 0.05), 1, 1e-3);
    EXPECT_NEAR(correlation(std::numbers::pi), -1, 1e-3);
    EXPECT_NEAR(correlation(std::numbers::pi / 2), 0, 0.01);
    EXPECT_EQ(correlation(0, 0), 0);
}

TEST(StripMeter, BlocksDoNotMatterAndBadSamplesAreTold) {
    const auto left = sine(333, 1.2, 20000), right = sine(777, 0.3, 20000);
    StripMeter one, many;
    one.prepare(44100);
    many.prepare(44100);
    feed(one, left, right, 20000);
    feed(many, left, right, 31);
    EXPECT_FLOAT_EQ(one.read().peak_db[0], many.read().peak_db[0]);
    EXPECT_FLOAT_EQ(one.read().rms_db[1], many.read().rms_db[1]);
    EXPECT_GT(one.read().overs, 0u);
    EXPECT_EQ(one.read().overs, many.read().overs);
    EXPECT_FALSE(one.read().broken);
    const float nan = std::numeric_limits<float>::quiet_NaN();
    one.process(&nan, &nan, 1);
    EXPECT_TRUE(one.read().broken);
    EXPECT_TRUE(std::isfinite(one.read().rms_db[0]));
    one.clear();
    const float zero = 0;
    one.process(&zero, &zero, 1);
    EXPECT_FALSE(one.read().broken);
    EXPECT_EQ(one.read().overs, 0u);
}

TEST(ScopeRing, GivesTheNewestInOrder) {
    ScopeRing ring(1000);
    EXPECT_EQ(ring.capacity(), 1024u);
    std::vector<float> left(100), right(100);
    ASSERT_TRUE(ring.latest(left, right));
    EXPECT_EQ(left, std::vector<float>(100));
    std::vector<float> counting(3000), down(3000);
    for (std::size_t i = 0; i < counting.size(); ++i) {
        counting[i] = static_cast<float>(i);
        down[i] = -counting[i];
    }
    for (std::size_t at = 0; at < 3000; at += 60)
        ring.write(counting.data() + at, down.data() + at, 60);
    ASSERT_TRUE(ring.latest(left, right));
    for (std::size_t i = 0; i < 100; ++i) {
        EXPECT_EQ(left[i], static_cast<float>(2900 + i));
        EXPECT_EQ(right[i], -static_cast<float>(2900 + i));
    }
    std::vector<float> much(513);
    EXPECT_FALSE(ring.latest(much, much)); // more than half the capacity
}

TEST(ScopeRing, AReaderNeverSeesTornPictures) {
    ScopeRing ring(256);
    std::atomic<bool> stop{false};
    std::thread writer([&] {
        float value = 0;
        std::vector<float> block(16);
        while (!stop.load()) {
            for (float& x : block)
                x = value = value >= 1e6f ? 0 : value + 1;
            ring.write(block.data(), block.data(), 16);
        }
    });
    int whole = 0;
    std::vector<float> left(100), right(100);
    for (int n = 0; n < 200000 && whole < 2000; ++n) {
        if (!ring.latest(left, right)) continue;
        ++whole;
        for (std::size_t i = 1; i < left.size(); ++i) {
            const bool next = left[i] == left[i - 1] + 1 || (left[i - 1] >= 1e6f && left[i] == 0) ||
                              (left[i] == 0 && left[i - 1] == 0) || (left[i - 1] == 0 && left[i] == 1);
            if (!next) {
                stop = true;
                writer.join();
                FAIL() << left[i - 1] << " then " << left[i];
            }
            EXPECT_EQ(left[i], right[i]);
        }
    }
    stop = true;
    writer.join();
}

TEST(Fft, AgreesWithTheDefinition) {
    std::mt19937 random(5);
    Fft fft(64);
    std::vector<std::complex<double>> data(64), in(64);
    for (auto& x : in)
        x = {static_cast<double>(random()) / 4294967296.0 - 0.5,
             static_cast<double>(random()) / 4294967296.0 - 0.5};
    data = in;
    fft.forward(data);
    for (std::size_t k = 0; k < 64; ++k) {
        std::complex<double> sum = 0;
        for (std::size_t n = 0; n < 64; ++n)
            sum += in[n] * std::polar(1.0, -2 * std::numbers::pi * static_cast<double>(k * n) / 64);
        EXPECT_NEAR(std::abs(sum - data[k]), 0, 1e-12);
    }
}

TEST(Spectrum, ASineReadsItsLevelInItsBandAtAnyFrequency) {
    SpectrumSettings settings;
    SpectrumAnalyser analyser(settings);
    double worst = 0;
    for (const SpectrumBand& band : analyser.bands()) {
        if (band.centre_hz < 25) continue; // the lobe reaches the mirror image at 0 Hz
        analyser.analyse(sine(band.centre_hz, 0.5, analyser.fft_size()),
                         sine(band.centre_hz, 0.05, analyser.fft_size()));
        std::size_t best = 0;
        for (std::size_t n = 0; n < analyser.bands().size(); ++n)
            if (analyser.bands()[n].left_db > analyser.bands()[best].left_db) best = n;
        worst = std::max(worst, std::abs(band.left_db + 6.02));
        EXPECT_NEAR(band.left_db, -6.02, 0.3) << band.centre_hz;
        EXPECT_NEAR(band.right_db, -26.02, 0.3) << band.centre_hz;
        EXPECT_TRUE(band.centre_hz < 200 || analyser.bands()[best].centre_hz == band.centre_hz) << band.centre_hz;
    }
    std::printf("worst error of a sine's level: %.3f dB\n", worst);
}

TEST(Spectrum, WhiteNoiseRisesByThreeDecibelsAnOctave) {
    std::mt19937 random(9);
    std::normal_distribution<float> draw(0, 0.1f);
    SpectrumSettings settings;
    settings.bands_per_octave = 1;
    SpectrumAnalyser analyser(settings);
    std::vector<double> power(analyser.bands().size());
    for (int n = 0; n < 60; ++n) {
        std::vector<float> noise(analyser.fft_size());
        for (float& x : noise)
            x = draw(random);
        analyser.analyse(noise, noise);
        for (std::size_t k = 0; k < power.size(); ++k)
            power[k] += std::pow(10, analyser.bands()[k].left_db / 10);
    }
    for (std::size_t k = 3; k < power.size(); ++k) {     // from 125 Hz on the bands are wider than the lobe
        if (analyser.bands()[k].centre_hz > 9000) break; // the last one is cut at half the rate
        EXPECT_NEAR(10 * std::log10(power[k] / power[k - 1]), 3.01, 0.5) << analyser.bands()[k].centre_hz;
    }
}

TEST(Spectrum, FallsAtItsRateAndTakesTheRing) {
    ScopeRing ring;
    SpectrumSettings settings;
    settings.fall_db_per_s = 20;
    SpectrumAnalyser analyser(settings);
    const auto tone = sine(1000, 1, 16384);
    const std::vector<float> silence(16384);
    ring.write(tone.data(), tone.data(), 16384);
    ASSERT_TRUE(analyser.update(ring, 0.1));
    std::size_t band = 0;
    while (analyser.bands()[band].centre_hz < 999)
        ++band;
    const float before = analyser.bands()[band].left_db;
    EXPECT_NEAR(before, 0, 0.1);
    ring.write(silence.data(), silence.data(), 16384);
    ASSERT_TRUE(analyser.update(ring, 0.5));
    EXPECT_NEAR(analyser.bands()[band].left_db, before - 10, 0.1);
}

TEST(Spectrum, TakesAnySettings) {
    for (const double rate : {1.0, 8000.0, 44100.0, 1e9}) {
        SpectrumSettings settings;
        settings.sample_rate = rate;
        settings.fft_size = 1000;
        settings.bands_per_octave = 100;
        settings.highest_hz = 1e6;
        SpectrumAnalyser analyser(settings);
        EXPECT_EQ(analyser.fft_size(), 1024u);
        EXPECT_FALSE(analyser.bands().empty());
        analyser.analyse(std::vector<float>(1024, 1e30f), std::vector<float>(1024, NAN));
        for (const SpectrumBand& band : analyser.bands())
            EXPECT_TRUE(std::isfinite(band.left_db) && std::isfinite(band.right_db));
    }
}

} // namespace
} // namespace loopmind::metering
