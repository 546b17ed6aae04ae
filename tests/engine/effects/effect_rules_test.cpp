// What every effect must do: the same samples for any block size, no allocation, latency as told, clean
// reset.
#include "engine/effects/registry.h"
#include "tests/engine/effects/allocation_counter.h"
#include "tests/engine/effects/signals.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace loopmind::effects {
namespace {

using test::Stereo;

std::map<std::string, double> busy(std::string_view type) {
    if (type == "compressor") return {{"threshold_db", -30}, {"lookahead_ms", 3}, {"key_high_pass_hz", 90}, {"link", 0.7}};
    if (type == "gate") return {{"threshold_db", -3}, {"hold_ms", 1}, {"release_ms", 5}, {"lookahead_ms", 1}};
    if (type == "multiband") return {{"bands", 4}, {"rms", 1}, {"mix", 0.8}};
    if (type == "transient") return {{"attack_db", 9}, {"sustain_db", -6}};
    if (type == "eq")
        return {
            {"band1_db", 6}, {"band4_db", -9}, {"band8_db", 4}, {"high_pass_hz", 60}, {"low_pass_hz", 9000}};
    if (type == "gain") return {{"gain_db", -3}};
    if (type == "pan") return {{"pan", 0.4}, {"width", 1.4}};
    if (type == "drive") return {{"amount", 0.8}};
    if (type == "limiter") return {{"ceiling_db", -9}, {"release_ms", 50}};
    if (type == "filter") return {{"lfo_octaves", 1}, {"env_octaves", 1}};
    if (type == "pitch") return {{"semitones", 5}};
    if (type == "tape") return {{"drive", 0.6}, {"wow", 0.8}, {"flutter", 0.6}};
    if (type == "width") return {{"width", 1.5}, {"mono_below_hz", 150}};
    return {};
}

std::unique_ptr<Effect> made(std::string_view type, double rate = 48000) {
    auto effect = make_effect(type);
    for (const auto& [name, value] : busy(type))
        EXPECT_TRUE(effect->set(name, value)) << name;
    effect->prepare(rate, 8192);
    return effect;
}

class EveryEffect : public testing::TestWithParam<std::string> {};

TEST_P(EveryEffect, HasParametersThatDescribeThemselves) {
    auto effect = make_effect(GetParam());
    ASSERT_TRUE(effect);
    EXPECT_EQ(effect->type(), GetParam());
    ASSERT_FALSE(effect->parameters().empty());
    for (const auto& info : effect->parameters()) {
        EXPECT_LT(info.minimum, info.maximum) << info.name;
        EXPECT_GE(info.initial, info.minimum) << info.name;
        EXPECT_LE(info.initial, info.maximum) << info.name;
        EXPECT_GT(std::string(info.meaning).size(), 5u) << info.name;
        EXPECT_FALSE(effect->set(info.name, std::numeric_limits<double>::quiet_NaN()));
        EXPECT_TRUE(effect->set(info.name, 1e9));
        EXPECT_EQ(effect->target(effect->parameter_index(info.name)), info.maximum);
    }
    EXPECT_FALSE(effect->set("no_such_parameter", 0.5));
}

TEST_P(EveryEffect, GivesTheSameSamplesForAnyBlockSize) {
    const Stereo in = test::noise(30011, 0.9f, 1);
    auto reference = made(GetParam());
    const Stereo expected = test::run(*reference, in, 8192);
    EXPECT_NE(expected, in);
    for (size_t block : {1u, 7u, 31u, 64u, 100u, 512u, 1000u, 4096u}) {
        auto effect = made(GetParam());
        EXPECT_EQ(test::run(*effect, in, block), expected) << block;
    }
}

TEST_P(EveryEffect, MovesParametersTheSameWayForAnyBlockSize) {
    // Change in the middle, at a frame that is a block border of every run.
    auto render = [&](size_t block) {
        auto effect = made(GetParam());
        Stereo first = test::run(*effect, test::noise(7000, 0.5f, 2), block);
        for (const auto& info : effect->parameters()) {
            effect->set(info.name, 0.3 * info.minimum + 0.7 * info.maximum);
        }
        Stereo second = test::run(*effect, test::noise(7000, 0.5f, 3), block);
        first.left.insert(first.left.end(), second.left.begin(), second.left.end());
        return first.left;
    };
    const auto expected = render(7000);
    for (size_t block : {10u, 100u, 3500u})
        EXPECT_EQ(render(block), expected) << block;
}

TEST_P(EveryEffect, StartsAnewAfterReset) {
    const Stereo in = test::noise(20000, 0.9f, 4);
    auto effect = made(GetParam());
    const Stereo first = test::run(*effect, in);
    effect->reset();
    EXPECT_EQ(test::run(*effect, in), first);
}

TEST_P(EveryEffect, AllocatesNothingWhileProcessing) {
    auto effect = made(GetParam());
    Stereo signal = test::noise(16384, 0.9f, 5);
    const long before = test::allocations();
    effect->process(signal.left.data(), signal.right.data(), 8192);
    for (int i = 0; i < 3; ++i)
        effect->set(i, 0.5);
    effect->process(signal.left.data() + 8192, signal.right.data() + 8192, 8192);
    effect->reset();
    EXPECT_EQ(test::allocations(), before);
}

TEST_P(EveryEffect, StaysFiniteAndFallsSilent) {
    auto effect = made(GetParam());
    test::run(*effect, test::noise(48000, 8.0f, 6));
    const auto tail = static_cast<size_t>((effect->tail_seconds() + 0.5) * 48000) + 4800;
    const Stereo out = test::run(*effect, Stereo(tail));
    for (size_t i = tail - 4800; i < tail; ++i) {
        ASSERT_TRUE(std::isfinite(out.left[i]) && std::isfinite(out.right[i]));
        ASSERT_LT(std::abs(out.left[i]), 8.0f * 1e-4f); // the tail it tells of has passed
    }
}

std::vector<std::string> registered() {
    return {effect_types().begin(), effect_types().end()};
}

INSTANTIATE_TEST_SUITE_P(Registry, EveryEffect, testing::ValuesIn(registered()),
                         [](const auto& info) { return info.param; });

TEST(Registry, ListsWhatItMakes) {
    EXPECT_TRUE(std::is_sorted(effect_types().begin(), effect_types().end()));
    EXPECT_EQ(std::adjacent_find(effect_types().begin(), effect_types().end()), effect_types().end());
    for (auto type : effect_types())
        EXPECT_TRUE(make_effect(type)) << type;
    EXPECT_FALSE(make_effect("flux capacitor"));
}

TEST(GainAndPan, PassEveryBitWhenTheyDoNothing) {
    const Stereo in = test::noise(5000, 1, 7);
    for (const char* type : {"gain", "pan", "eq"}) {
        auto effect = make_effect(type);
        effect->prepare(48000, 512);
        EXPECT_EQ(test::run(*effect, in), in) << type;
    }
}

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(AllocationCounter, SeesCLibraries) {
    const long before = test::allocations();
    void* volatile memory = std::malloc(10);
    std::free(memory);
    EXPECT_GT(test::allocations(), before);
}
#endif

TEST(Automation, HearsWhatIsSetAfterALongPause) {
    auto gain = make_effect("gain");
    gain->prepare(48000, 512);
    Stereo ones(24000);
    std::fill(ones.left.begin(), ones.left.end(), 1.0f);
    gain->process(ones.left.data(), ones.right.data(), 4800); // all values rest
    gain->set("gain_db", -6.0206);
    gain->process(ones.left.data() + 4800, ones.right.data() + 4800, 19200);
    EXPECT_NEAR(ones.left.back(), 0.5f, 1e-5f);
}

TEST(Automation, SwitchesJumpToWholeNumbers) {
    auto compressor = make_effect("compressor");
    EXPECT_TRUE(compressor->set("rms", 0.7));
    EXPECT_EQ(compressor->target(compressor->parameter_index("rms")), 1.0f);
}

TEST(Automation, ReachesItsValueAtTheEndOfTheTickWithoutSmoothing) {
    auto gain = make_effect("gain");
    gain->prepare(48000, 512);
    Stereo ones(4 * Effect::kTick);
    std::fill(ones.left.begin(), ones.left.end(), 1.0f);
    std::fill(ones.right.begin(), ones.right.end(), 1.0f);
    gain->process(ones.left.data(), ones.right.data(), Effect::kTick);
    gain->follow(gain->parameter_index("gain_db"), -6.0206f);
    gain->process(ones.left.data() + Effect::kTick, ones.right.data() + Effect::kTick, 3 * Effect::kTick);
    EXPECT_EQ(ones.left[Effect::kTick - 1], 1.0f);
    EXPECT_LT(ones.left[Effect::kTick + Effect::kTick / 2], 0.9f);
    for (size_t i = 2 * Effect::kTick; i < ones.left.size(); ++i)
        EXPECT_NEAR(ones.left[i], 0.5f, 1e-5f) << i;
}

TEST(GainAndPan, FollowTheirDefinition) {
    auto gain = make_effect("gain");
    gain->set("gain_db", -6.0206);
    gain->prepare(48000, 512);
    const Stereo in = test::noise(4000, 1, 8);
    const Stereo half = test::run(*gain, in);
    for (size_t i = 0; i < in.size(); ++i)
        ASSERT_NEAR(half.left[i], 0.5f * in.left[i], 1e-6);

    for (double place : {-1.0, -0.5, 0.3, 1.0}) {
        auto pan = make_effect("pan");
        pan->set("pan", place);
        pan->prepare(48000, 512);
        const Stereo out = test::run(*pan, test::sine(2000, 48000, 1000, 0.5));
        const Stereo mono = test::sine(2000, 48000, 1000, 0.5);
        double power = 0, before = 0;
        for (size_t i = 0; i < out.size(); ++i) {
            power += out.left[i] * out.left[i] + out.right[i] * out.right[i];
            before += 2 * mono.left[i] * mono.left[i];
        }
        EXPECT_NEAR(power / before, 1.0, 1e-4) << place; // constant power
        if (place == 1.0) {
            EXPECT_NEAR(out.left[11], 0, 1e-6);
        }
    }
}

TEST(GainAndPan, RampWithoutSteps) {
    auto gain = make_effect("gain");
    gain->prepare(48000, 512);
    Stereo ones(9600);
    std::fill(ones.left.begin(), ones.left.end(), 1.0f);
    gain->process(ones.left.data(), ones.right.data(), 960);
    gain->set("gain_db", -144);
    gain->process(ones.left.data() + 960, ones.right.data() + 960, 8640);
    for (size_t i = 1; i < ones.size(); ++i)
        ASSERT_LT(std::abs(ones.left[i] - ones.left[i - 1]), 0.02f) << i;
    EXPECT_EQ(ones.left.back(), 0.0f);
}

} // namespace
} // namespace loopmind::effects
