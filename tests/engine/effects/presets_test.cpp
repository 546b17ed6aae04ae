// Presets are data that fit their effects; drawn settings sound and stay near the input's loudness.
#include "engine/effects/presets.h"
#include "engine/effects/registry.h"
#include "tests/engine/effects/signals.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace loopmind::effects {
namespace {

using test::Stereo;

std::vector<std::string> registered() {
    return {effect_types().begin(), effect_types().end()};
}

bool is_whole(double x) {
    return x == std::round(x);
}

/// Music-like: noise that falls by 3 dB per octave, partly common to both sides, at about -18 dBFS.
Stereo music(size_t frames) {
    Stereo out = test::noise(frames, 1, 17);
    const Stereo middle = test::noise(frames, 1, 18);
    for (auto* side : {&out.left, &out.right}) {
        // Paul Kellet's filter for pink noise.
        double b0 = 0, b1 = 0, b2 = 0;
        for (size_t i = 0; i < frames; ++i) {
            const double white = 0.5 * (*side)[i] + middle.left[i];
            b0 = 0.99765 * b0 + white * 0.0990460;
            b1 = 0.96300 * b1 + white * 0.2965164;
            b2 = 0.57000 * b2 + white * 1.0526913;
            (*side)[i] = static_cast<float>(0.085 * (b0 + b1 + b2 + white * 0.1848));
        }
    }
    return out;
}

double loudness_db(const Stereo& x, size_t from) {
    double sum = 0;
    for (size_t i = from; i < x.size(); ++i)
        sum += static_cast<double>(x.left[i]) * x.left[i] + static_cast<double>(x.right[i]) * x.right[i];
    return 10 * std::log10(sum / static_cast<double>(2 * (x.size() - from)) + 1e-30);
}

class EveryEffectsPresets : public testing::TestWithParam<std::string> {};

TEST_P(EveryEffectsPresets, FitTheirEffect) {
    const auto effect = make_effect(GetParam());
    const auto presets = presets_of(GetParam());
    EXPECT_GE(presets.size(), 4u);
    std::set<std::string_view> names;
    std::set<std::vector<float>> settings;
    for (const Preset& preset : presets) {
        EXPECT_EQ(preset.type, GetParam());
        EXPECT_TRUE(names.insert(preset.name).second) << preset.name;
        std::set<std::string_view> given;
        for (const auto& [name, value] : preset.values) {
            const int index = effect->parameter_index(name);
            ASSERT_GE(index, 0) << preset.name << ": " << name;
            const ParameterInfo& info = effect->parameters()[static_cast<size_t>(index)];
            EXPECT_GE(value, info.minimum) << preset.name << ": " << name;
            EXPECT_LE(value, info.maximum) << preset.name << ": " << name;
            EXPECT_TRUE(given.insert(name).second) << preset.name << ": " << name;
            EXPECT_NE(name, "tempo");
            if (info.scale == Scale::kSwitch) {
                EXPECT_TRUE(is_whole(value)) << preset.name << ": " << name;
            }
        }
        apply_preset(*effect, preset);
        std::vector<float> values;
        for (size_t i = 0; i < effect->parameters().size(); ++i)
            values.push_back(effect->target(static_cast<int>(i)));
        EXPECT_TRUE(settings.insert(values).second) << preset.name << " equals another";
        EXPECT_EQ(find_preset(GetParam(), preset.name), &preset);
    }
    EXPECT_EQ(find_preset(GetParam(), "no such preset"), nullptr);
}

TEST_P(EveryEffectsPresets, Sound) {
    const Stereo in = music(40000);
    for (const Preset& preset : presets_of(GetParam())) {
        auto effect = make_effect(GetParam());
        apply_preset(*effect, preset);
        effect->prepare(48000, 512);
        const Stereo out = test::run(*effect, in);
        const double change = loudness_db(out, 12000) - loudness_db(in, 12000);
        for (size_t i = 0; i < out.size(); ++i)
            ASSERT_TRUE(std::isfinite(out.left[i]) && std::isfinite(out.right[i])) << preset.name;
        if (preset.name == "Silence") {
            EXPECT_LT(change, -100);
            continue;
        }
        // A send of echoes two beats long may not have begun yet.
        if (preset.name == "Send, half note") continue;
        EXPECT_LT(std::abs(change), 15) << preset.name;
    }
}

TEST_P(EveryEffectsPresets, HaveMusicalRanges) {
    const auto effect = make_effect(GetParam());
    int drawn = 0;
    for (const ParameterInfo& info : effect->parameters()) {
        EXPECT_LE(info.random_low, info.random_high) << info.name;
        if (info.random_low == info.random_high) continue;
        ++drawn;
        EXPECT_GE(info.random_low, info.minimum) << info.name;
        EXPECT_LE(info.random_high, info.maximum) << info.name;
        if (info.scale == Scale::kLogarithmic) {
            EXPECT_GT(info.random_low, 0) << info.name;
        }
        if (info.scale == Scale::kSwitch) {
            EXPECT_TRUE(is_whole(info.random_low) && is_whole(info.random_high)) << info.name;
        }
        EXPECT_STRNE(info.name, "tempo");
    }
    EXPECT_GE(drawn, 1);
}

TEST_P(EveryEffectsPresets, DrawnSettingsStayMusical) {
    const Stereo in = music(24000);
    const size_t from = 8000;
    const double before = loudness_db(in, from);
    std::set<std::map<std::string, double>> different;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        const auto values = randomise(GetParam(), seed);
        ASSERT_EQ(values, randomise(GetParam(), seed));
        different.insert(values);
        auto effect = make_effect(GetParam());
        std::string told;
        for (const auto& [name, value] : values) {
            const int index = effect->parameter_index(name);
            const ParameterInfo& info = effect->parameters()[static_cast<size_t>(index)];
            ASSERT_GE(value, info.random_low - 1e-6) << name;
            ASSERT_LE(value, info.random_high + 1e-6) << name;
            if (info.scale == Scale::kSwitch || std::string_view(info.unit) == "semitones") {
                ASSERT_TRUE(is_whole(value)) << name;
            }
            ASSERT_TRUE(effect->set(name, value));
            told += " " + name + " " + std::to_string(value);
        }
        effect->prepare(48000, 512);
        const Stereo out = test::run(*effect, in);
        for (size_t i = 0; i < out.size(); ++i)
            ASSERT_TRUE(std::isfinite(out.left[i]) && std::isfinite(out.right[i])) << seed << told;
        const double change = loudness_db(out, from) - before;
        ASSERT_LT(std::abs(change), 12) << seed << told;
    }
    EXPECT_GT(different.size(), 190u);
}

INSTANTIATE_TEST_SUITE_P(Registry, EveryEffectsPresets, testing::ValuesIn(registered()),
                         [](const auto& info) { return info.param; });

TEST(Presets, BelongToKnownEffectsInOrder) {
    std::string_view last;
    for (const Preset& preset : all_presets()) {
        EXPECT_TRUE(make_effect(preset.type)) << preset.type;
        EXPECT_GE(preset.type, last) << "not in order";
        last = preset.type;
    }
    EXPECT_TRUE(presets_of("flux capacitor").empty());
    EXPECT_TRUE(randomise("flux capacitor", 1).empty());
}

TEST(Presets, ApplyingOneForgetsTheFormerAndKeepsTheTempo) {
    auto delay = make_effect("delay");
    delay->set("tempo", 93);
    apply_preset(*delay, *find_preset("delay", "Dub"));
    apply_preset(*delay, *find_preset("delay", "Quarter ping-pong"));
    auto fresh = make_effect("delay");
    fresh->set("tempo", 93);
    apply_preset(*fresh, *find_preset("delay", "Quarter ping-pong"));
    for (size_t i = 0; i < delay->parameters().size(); ++i)
        EXPECT_EQ(delay->target(static_cast<int>(i)), fresh->target(static_cast<int>(i)));
    EXPECT_EQ(delay->target(delay->parameter_index("tempo")), 93);
}

TEST(Randomise, DrawsNoteLengths) {
    std::set<double> seen;
    for (std::uint64_t seed = 0; seed < 300; ++seed)
        seen.insert(randomise("delay", seed).at("beats"));
    for (double beats : seen) {
        // Straight, dotted or triplet: three times or two thirds of a power of two, or one itself.
        const double power = std::log2(beats), dotted = std::log2(beats / 1.5),
                     triplet = std::log2(beats * 1.5);
        EXPECT_TRUE(is_whole(power) || is_whole(dotted) || std::abs(triplet - std::round(triplet)) < 1e-9)
            << beats;
    }
    EXPECT_GE(seen.size(), 7u);
}

} // namespace
} // namespace loopmind::effects
