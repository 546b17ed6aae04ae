// EBU Tech 3341 (cases 1-6 and 9-23) and Tech 3342 (cases 1-4), signals made from the tables of the
// documents.
//
// Cases 7 and 8 of 3341, which are cases 5 and 6 of 3342, are recordings and cannot be made from a table. Of
// cases 20-23 the document says how they were made (at four times the rate, brought down with an offset of 0
// to 3 samples), not with which filter: they are made the same way here with a filter of our own.
#include "engine/metering/loudness.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <numbers>
#include <vector>

namespace loopmind::metering {
namespace {

constexpr int kRate = 48000;
constexpr double kSilent = -400;

struct Part {
    double dbfs; ///< peak level; kSilent: silence
    double seconds;
};

/// A 1 kHz sine whose level changes from part to part.
std::vector<float> steps(const std::vector<Part>& parts) {
    std::vector<float> out;
    double end = 0;
    for (const Part& part : parts) {
        end += part.seconds;
        const auto until = static_cast<std::size_t>(std::llround(end * kRate));
        const double level = part.dbfs <= kSilent ? 0 : std::pow(10, part.dbfs / 20);
        while (out.size() < until)
            out.push_back(static_cast<float>(
                level * std::sin(2 * std::numbers::pi * 1000 * static_cast<double>(out.size()) / kRate)));
    }
    return out;
}

LoudnessMeter meter(int channels = 2, bool true_peak = false) {
    MeterSettings settings;
    settings.channels = channels;
    settings.true_peak = true_peak;
    settings.range = true;
    settings.maxima = true;
    return LoudnessMeter::create(kRate, settings).value();
}

Loudness measured(const std::vector<Part>& parts) {
    const std::vector<float> tone = steps(parts);
    LoudnessMeter m = meter();
    m.add(tone, tone);
    return m.read();
}

void report(const char* test, const char* what, double wanted, double got) {
    std::printf("%-22s %-26s wanted %7.1f  read %8.2f\n", test, what, wanted, got);
}

TEST(Tech3341, Cases1To5ProgrammeLoudness) {
    for (const auto& [name, wanted, parts] :
         {std::tuple{"3341-1", -23.0, std::vector<Part>{{-23, 20}}},
          std::tuple{"3341-2", -33.0, std::vector<Part>{{-33, 20}}},
          std::tuple{"3341-3", -23.0, std::vector<Part>{{-36, 10}, {-23, 60}, {-36, 10}}},
          std::tuple{"3341-4", -23.0,
                     std::vector<Part>{{-72, 10}, {-36, 10}, {-23, 60}, {-36, 10}, {-72, 10}}},
          std::tuple{"3341-5", -23.0, std::vector<Part>{{-26, 20}, {-20, 20.1}, {-26, 20}}}}) {
        const Loudness got = measured(parts);
        report(name, "I", wanted, got.integrated_lufs);
        EXPECT_NEAR(got.integrated_lufs, wanted, 0.1) << name;
        if (parts.size() > 1) continue;
        EXPECT_NEAR(got.momentary_lufs, wanted, 0.1) << name;
        EXPECT_NEAR(got.short_term_lufs, wanted, 0.1) << name;
    }
}

TEST(Tech3341, Case6FiveChannels) {
    std::vector<std::vector<float>> planes;
    for (const double level : {-28.0, -28.0, -24.0, -30.0, -30.0}) // L R C Ls Rs
        planes.push_back(steps({{level, 20}}));
    LoudnessMeter m = meter(5);
    const std::vector<std::span<const float>> views(planes.begin(), planes.end());
    m.add(views);
    report("3341-6", "I, 5.0", -23, m.read().integrated_lufs);
    EXPECT_NEAR(m.read().integrated_lufs, -23, 0.1);
}

TEST(Tech3341, Case9ShortTermStaysLevel) {
    std::vector<Part> parts;
    for (int n = 0; n < 5; ++n) {
        parts.push_back({-20, 1.34});
        parts.push_back({-30, 1.66});
    }
    const std::vector<float> tone = steps(parts);
    LoudnessMeter m = meter();
    double low = 0, high = -100;
    for (std::size_t at = 0; at < tone.size(); at += kRate / 10) {
        const auto part = std::span(tone).subspan(at, kRate / 10);
        m.add(part, part);
        if (at + kRate / 10 < 3 * kRate) continue;
        low = std::min(low, m.read().short_term_lufs);
        high = std::max(high, m.read().short_term_lufs);
    }
    report("3341-9", "S lowest after 3 s", -23, low);
    report("3341-9", "S highest after 3 s", -23, high);
    EXPECT_NEAR(low, -23, 0.1);
    EXPECT_NEAR(high, -23, 0.1);
}

TEST(Tech3341, Case12MomentaryStaysLevel) {
    std::vector<Part> parts;
    for (int n = 0; n < 25; ++n) {
        parts.push_back({-20, 0.18});
        parts.push_back({-30, 0.22});
    }
    const std::vector<float> tone = steps(parts);
    LoudnessMeter m = meter();
    double low = 0, high = -100;
    for (std::size_t at = 0; at < tone.size(); at += kRate / 100) {
        const auto part = std::span(tone).subspan(at, kRate / 100);
        m.add(part, part);
        if (at + kRate / 100 < kRate) continue;
        low = std::min(low, m.read().momentary_lufs);
        high = std::max(high, m.read().momentary_lufs);
    }
    report("3341-12", "M lowest after 1 s", -23, low);
    report("3341-12", "M highest after 1 s", -23, high);
    EXPECT_NEAR(low, -23, 0.1);
    EXPECT_NEAR(high, -23, 0.1);
}

TEST(Tech3341, Cases10And13MaximaWhereverTheBurstBegins) {
    double worst_short = 0, worst_momentary = 0;
    for (int i = 0; i < 20; ++i) {
        const Loudness s = measured({{kSilent, i * 0.15}, {-23, 3}, {kSilent, 1}});
        EXPECT_NEAR(s.max_short_term_lufs, -23, 0.1) << i;
        const Loudness m = measured({{kSilent, i * 0.02}, {-23, 0.4}, {kSilent, 1}});
        EXPECT_NEAR(m.max_momentary_lufs, -23, 0.1) << i;
        worst_short = std::max(worst_short, std::abs(s.max_short_term_lufs + 23));
        worst_momentary = std::max(worst_momentary, std::abs(m.max_momentary_lufs + 23));
    }
    report("3341-10", "max S, worst error of 20", 0, worst_short);
    report("3341-13", "max M, worst error of 20", 0, worst_momentary);
}

TEST(Tech3341, Cases11And14LiveMaxima) {
    double worst_short = 0, worst_momentary = 0;
    LoudnessMeter shorts = meter(), moments = meter();
    for (int i = 0; i < 20; ++i) {
        const std::vector<float> slow = steps({{kSilent, i * 0.15}, {-38.0 + i, 3}, {kSilent, 3 - i * 0.15}});
        const std::vector<float> quick =
            steps({{kSilent, i * 0.02}, {-38.0 + i, 0.4}, {kSilent, 0.4 - i * 0.02}});
        shorts.add(slow, slow);
        moments.add(quick, quick);
        // Levels rise, so the maximum up to here belongs to this segment.
        const double s = shorts.read().max_short_term_lufs, m = moments.read().max_momentary_lufs;
        EXPECT_NEAR(s, -38.0 + i, 0.1) << i;
        EXPECT_NEAR(m, -38.0 + i, 0.1) << i;
        worst_short = std::max(worst_short, std::abs(s + 38 - i));
        worst_momentary = std::max(worst_momentary, std::abs(m + 38 - i));
    }
    report("3341-11", "max S, worst error of 20", 0, worst_short);
    report("3341-14", "max M, worst error of 20", 0, worst_momentary);
}

double true_peak(const std::vector<float>& tone) {
    LoudnessMeter m = meter(2, true);
    m.add(tone, tone);
    const Loudness got = m.read();
    EXPECT_EQ(got.channel_true_peak_db.size(), 2u);
    EXPECT_EQ(got.channel_true_peak_db[0], got.true_peak_db);
    return got.true_peak_db;
}

TEST(Tech3341, Cases15To19TruePeakOfSines) {
    struct Case {
        const char* name;
        double part, degrees, amplitude, wanted;
    };
    for (const Case& c :
         {Case{"3341-15", 4, 0, 0.5, -6}, Case{"3341-16", 4, 45, 0.5, -6}, Case{"3341-17", 6, 60, 0.5, -6},
          Case{"3341-18", 8, 67.5, 0.5, -6}, Case{"3341-19", 4, 45, 1.41, 3}}) {
        // The published files fade in and out; a hard edge would ring beyond the sine's own peak.
        std::vector<float> tone(kRate);
        for (std::size_t i = 0; i < tone.size(); ++i) {
            const double edge = std::min(
                {1.0, static_cast<double>(i) / 4800, static_cast<double>(tone.size() - 1 - i) / 4800});
            tone[i] = static_cast<float>(
                edge * c.amplitude *
                std::sin(2 * std::numbers::pi * (static_cast<double>(i) / c.part + c.degrees / 360)));
        }
        const double got = true_peak(tone);
        report(c.name, "true peak", c.wanted, got);
        EXPECT_LE(got, c.wanted + 0.2) << c.name;
        EXPECT_GE(got, c.wanted - 0.4) << c.name;
    }
}

TEST(Tech3341, Cases20To23TruePeakAtAnyOffset) {
    // At 4 fs: a sine of fs/4 and 0.5, one period of which has 1.0; then a low-pass at fs/2 (Blackman window,
    // 1025 taps) and every fourth sample, from four starts.
    constexpr int kOver = 4, kTaps = 1025, kHalf = kTaps / 2;
    std::vector<double> over(kRate);
    const std::size_t middle = over.size() / 2 / 16 * 16;
    for (std::size_t i = 0; i < over.size(); ++i) {
        const double edge =
            std::min({1.0, static_cast<double>(i) / 9600, static_cast<double>(over.size() - 1 - i) / 9600});
        const double level = i >= middle && i < middle + 16 ? 1.0 : 0.5;
        over[i] = edge * level * std::sin(2 * std::numbers::pi * static_cast<double>(i) / 16);
    }
    std::vector<double> taps(kTaps);
    for (int k = 0; k < kTaps; ++k) {
        const double x = (k - kHalf) * std::numbers::pi / kOver;
        const double window = 0.42 - 0.5 * std::cos(2 * std::numbers::pi * k / (kTaps - 1)) +
                              0.08 * std::cos(4 * std::numbers::pi * k / (kTaps - 1));
        taps[static_cast<std::size_t>(k)] = window * (k == kHalf ? 1.0 : std::sin(x) / x) / kOver;
    }
    std::vector<double> low(over.size());
    double highest = 0;
    for (std::size_t i = kHalf; i + kHalf < over.size(); ++i) {
        for (int k = 0; k < kTaps; ++k)
            low[i] += taps[static_cast<std::size_t>(k)] * over[i + kHalf - static_cast<std::size_t>(k)];
        highest = std::max(highest, std::abs(low[i]));
    }
    const double wanted = 0;
    std::printf("3341-20..23 peak after the low-pass at 4 fs: %.2f dB\n", 20 * std::log10(highest));
    for (int offset = 0; offset < kOver; ++offset) {
        std::vector<float> tone;
        for (std::size_t i = static_cast<std::size_t>(offset); i < low.size(); i += kOver)
            tone.push_back(static_cast<float>(low[i]));
        const double got = true_peak(tone);
        const std::string name = "3341-" + std::to_string(20 + offset);
        report(name.c_str(), "true peak (own filter)", wanted, got);
        EXPECT_LE(got, wanted + 0.2) << name;
        EXPECT_GE(got, wanted - 0.4) << name;
    }
}

TEST(Tech3342, Cases1To4LoudnessRange) {
    for (const auto& [name, wanted, parts] :
         {std::tuple{"3342-1", 10.0, std::vector<Part>{{-20, 20}, {-30, 20}}},
          std::tuple{"3342-2", 5.0, std::vector<Part>{{-20, 20}, {-15, 20}}},
          std::tuple{"3342-3", 20.0, std::vector<Part>{{-40, 20}, {-20, 20}}},
          std::tuple{"3342-4", 15.0,
                     std::vector<Part>{{-50, 20}, {-35, 20}, {-20, 20}, {-35, 20}, {-50, 20}}}}) {
        const Loudness got = measured(parts);
        report(name, "LRA", wanted, got.range_lu);
        EXPECT_NEAR(got.range_lu, wanted, 1.0) << name;
    }
}

TEST(Loudness, ChannelsAreWeightedByTheirPlace) {
    // BS.1770-4: the same tone in a surround is 10 log10(1.41) louder, in the LFE it does not count.
    const std::vector<float> tone = steps({{-20, 5}}), silent(tone.size());
    const auto loudness = [&](int channels, int place) {
        std::vector<std::span<const float>> planes(static_cast<std::size_t>(channels), silent);
        planes[static_cast<std::size_t>(place)] = tone;
        LoudnessMeter m = meter(channels);
        m.add(planes);
        return m.read().integrated_lufs;
    };
    const double front = loudness(6, 0);
    EXPECT_NEAR(loudness(6, 2), front, 1e-6);
    EXPECT_NEAR(loudness(6, 4), front + 10 * std::log10(1.41), 0.01);
    EXPECT_TRUE(std::isinf(loudness(6, 3)));
    EXPECT_NEAR(loudness(8, 4), front, 1e-6); // behind 120 degrees
    EXPECT_NEAR(loudness(8, 6), front + 10 * std::log10(1.41), 0.01);
    EXPECT_NEAR(loudness(1, 0), front, 1e-6);
    EXPECT_FALSE(LoudnessMeter::create(kRate, MeterSettings{9}).ok());
}

} // namespace
} // namespace loopmind::metering
