// The meter against EBU Tech 3341 signals and against ffmpeg's ebur128 filter.
#include "engine/metering/block_loudness.h"
#include "engine/metering/loudness.h"

#include <ebur128.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numbers>
#include <random>
#include <string>
#include <unistd.h>
#include <vector>

namespace loopmind::metering {
namespace {

using Signal = std::vector<float>;

Signal sine(int rate, double hertz, double dbfs, double seconds, double phase = 0) {
    Signal out(static_cast<size_t>(rate * seconds));
    const double level = std::pow(10.0, dbfs / 20.0);
    for (size_t i = 0; i < out.size(); ++i) {
        out[i] = static_cast<float>(
            level * std::sin(2 * std::numbers::pi * hertz * static_cast<double>(i) / rate + phase));
    }
    return out;
}

/// Bursts of filtered noise at changing levels, different on both sides.
std::pair<Signal, Signal> programme(int rate, double seconds, unsigned seed) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> noise(-1, 1);
    Signal left(static_cast<size_t>(rate * seconds)), right(left.size());
    float low = 0;
    for (size_t i = 0; i < left.size(); ++i) {
        const double beat = std::fmod(static_cast<double>(i) / rate, 0.5);
        const double section = i < left.size() / 3 ? 0.05 : 0.6;
        const auto level = static_cast<float>(section * std::exp(-8.0 * beat));
        low += 0.1f * (noise(random) - low);
        left[i] = level * (3 * low + 0.2f * noise(random));
        right[i] = level * (3 * low + 0.2f * noise(random));
    }
    return {left, right};
}

TEST(Loudness, Tech3341SinesReadTheirLevel) {
    // EBU Tech 3341 cases 1 and 2: 1 kHz stereo sine at -23 and -33 dBFS peak, 20 s.
    for (double level : {-23.0, -33.0}) {
        const Signal tone = sine(48000, 1000, level, 20);
        const auto read = measure_loudness(tone, tone, 48000);
        ASSERT_TRUE(read.ok());
        EXPECT_NEAR(read->integrated_lufs, level, 0.1);
        EXPECT_NEAR(read->momentary_lufs, level, 0.1);
        EXPECT_NEAR(read->short_term_lufs, level, 0.1);
    }
}

TEST(Loudness, Tech3341GatingLeavesQuietPartsOut) {
    // Case 3: -36 for 10 s, -23 for 60 s, -36 for 10 s reads -23.
    Signal tone = sine(48000, 1000, -36, 10);
    const Signal loud = sine(48000, 1000, -23, 60);
    const Signal end = sine(48000, 1000, -36, 10);
    tone.insert(tone.end(), loud.begin(), loud.end());
    tone.insert(tone.end(), end.begin(), end.end());
    const auto read = measure_loudness(tone, tone, 48000);
    ASSERT_TRUE(read.ok());
    EXPECT_NEAR(read->integrated_lufs, -23.0, 0.1);
    BlockLoudness blocks(48000);
    blocks.add(tone, tone);
    EXPECT_NEAR(blocks.integrated(), -23.0, 0.1);
}

TEST(Loudness, TruePeakSeesBetweenTheSamples) {
    // Tech 3341 case 16: fs/4 at 45 degrees, samples reach 0.707 of the peak only.
    const Signal tone = sine(48000, 12000, -6.0, 1, std::numbers::pi / 4);
    const auto read = measure_loudness(tone, tone, 48000);
    ASSERT_TRUE(read.ok());
    EXPECT_NEAR(read->sample_peak_db, -9.0, 0.1);
    EXPECT_NEAR(read->true_peak_db, -6.0, 0.4);
}

TEST(Loudness, SilenceReadsMinusInfinity) {
    const Signal nothing(48000, 0.0f);
    const auto read = measure_loudness(nothing, nothing, 48000);
    ASSERT_TRUE(read.ok());
    EXPECT_TRUE(std::isinf(read->integrated_lufs) && read->integrated_lufs < 0);
    EXPECT_TRUE(std::isinf(read->true_peak_db) && read->true_peak_db < 0);
    BlockLoudness blocks(48000);
    blocks.add(nothing, nothing);
    EXPECT_TRUE(std::isinf(blocks.integrated()));
}

TEST(Loudness, RefusesRatesOutsideItsRange) {
    const auto read = LoudnessMeter::create(100);
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(read.error().field, "sample_rate");
}

TEST(BlockLoudness, AgreesWithLibebur128AtAnyGain) {
    for (int rate : {44100, 48000}) {
        const auto [left, right] = programme(rate, 12, 5);
        BlockLoudness blocks(rate);
        blocks.add(left, right);
        for (float gain : {1.0f, 0.25f, 3.0f}) {
            Signal l = left, r = right;
            for (auto& x : l)
                x *= gain;
            for (auto& x : r)
                x *= gain;
            const auto read = measure_loudness(l, r, rate);
            ASSERT_TRUE(read.ok());
            EXPECT_NEAR(blocks.integrated(gain), read->integrated_lufs, 0.01) << rate << " " << gain;
        }
    }
}

TEST(BlockLoudness, CutsDoNotMatter) {
    const auto [left, right] = programme(48000, 3, 9);
    BlockLoudness whole(48000), pieces(48000);
    whole.add(left, right);
    const std::span<const float> l(left), r(right);
    for (size_t at = 0; at < left.size(); at += 777) {
        const size_t count = std::min<size_t>(777, left.size() - at);
        pieces.add(l.subspan(at, count), r.subspan(at, count));
    }
    EXPECT_NEAR(whole.integrated(), pieces.integrated(), 1e-9);
}

/// Integrated loudness and true peak that `ffmpeg -af ebur128=peak=true` prints for a stereo float WAV.
bool ffmpeg_measure(const Signal& left, const Signal& right, int rate, double& lufs, double& peak) {
    const auto path =
        std::filesystem::temp_directory_path() / ("loopmind-loudness-" + std::to_string(::getpid()) + ".raw");
    {
        std::ofstream file(path, std::ios::binary);
        for (size_t i = 0; i < left.size(); ++i) {
            file.write(reinterpret_cast<const char*>(&left[i]), 4);
            file.write(reinterpret_cast<const char*>(&right[i]), 4);
        }
    }
    const std::string command = "ffmpeg -hide_banner -nostats -f f32le -ar " + std::to_string(rate) +
                                " -ac 2 -i " + path.string() + " -af ebur128=peak=true -f null - 2>&1";
    FILE* pipe = ::popen(command.c_str(), "r");
    if (!pipe) return false;
    std::string text;
    std::array<char, 4096> buffer;
    while (size_t n = fread(buffer.data(), 1, buffer.size(), pipe))
        text.append(buffer.data(), n);
    const int status = ::pclose(pipe);
    std::filesystem::remove(path);
    const size_t summary = text.rfind("Summary:");
    if (status != 0 || summary == std::string::npos) return false;
    const size_t i = text.find("I:", summary);
    const size_t p = text.find("Peak:", summary);
    if (i == std::string::npos || p == std::string::npos) return false;
    lufs = std::strtod(text.c_str() + i + 2, nullptr);
    peak = std::strtod(text.c_str() + p + 5, nullptr);
    return true;
}

TEST(Loudness, AgreesWithFfmpeg) {
    if (std::system("ffmpeg -version > /dev/null 2>&1") != 0) GTEST_SKIP() << "ffmpeg is not installed";
    for (int rate : {44100, 48000}) {
        const auto [left, right] = programme(rate, 10, 3);
        double lufs = 0;
        double peak = 0;
        ASSERT_TRUE(ffmpeg_measure(left, right, rate, lufs, peak));
        const auto read = measure_loudness(left, right, rate);
        ASSERT_TRUE(read.ok());
        EXPECT_NEAR(read->integrated_lufs, lufs, 0.1);
        EXPECT_NEAR(read->true_peak_db, peak, 0.3); // two interpolation filters
    }
}

/// What libebur128 itself reads.
double reference_peak(const Signal& signal, int rate) {
    ebur128_state* state = ebur128_init(1, static_cast<unsigned long>(rate), EBUR128_MODE_TRUE_PEAK);
    ebur128_add_frames_float(state, signal.data(), signal.size());
    double peak = 0;
    ebur128_true_peak(state, 0, &peak);
    ebur128_destroy(&state);
    return peak;
}

TEST(Loudness, TruePeakIsWhatLibebur128Reads) {
    std::mt19937 random(17);
    std::uniform_real_distribution<float> noise(-1, 1);
    for (const int rate : {8000, 44100, 48000, 88200, 96000, 192000}) {
        Signal left = sine(rate, 0.3 * rate, -1, 0.1, 0.4), right(left.size());
        for (float& x : right)
            x = 0.9f * noise(random);
        left.resize(left.size() + 40, 0.0f); // an end in silence, so that all of it has come by
        right.resize(left.size(), 0.0f);
        auto meter = LoudnessMeter::create(rate, MeterSettings{});
        ASSERT_TRUE(meter.ok());
        for (size_t at = 0, step = 1; at < left.size(); at += step, step = 1 + random() % 700) {
            const size_t count = std::min(step, left.size() - at);
            meter->add(std::span(left).subspan(at, count), std::span(right).subspan(at, count));
        }
        const auto peaks = meter->read().channel_true_peak_db;
        ASSERT_EQ(peaks.size(), 2u);
        EXPECT_NEAR(peaks[0], 20 * std::log10(reference_peak(left, rate)), 1e-4) << rate;
        EXPECT_NEAR(peaks[1], 20 * std::log10(reference_peak(right, rate)), 1e-4) << rate;
        EXPECT_GT(peaks[0], -1.1) << rate;
    }
}

} // namespace
} // namespace loopmind::metering
