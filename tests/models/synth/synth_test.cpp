// The synthesiser's promises: length, range, order, determinism, seams, cancellation, clear errors.
#include "tests/models/synth/measure.h"
#include "tests/models/synth/render.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <thread>

namespace loopmind::synth_test {
namespace {

TEST(Synth, KnowsThePatchesThatTheComposerUses) {
    for (const char* name :
         {"kit.lofi",      "kit.808",    "kit.house",     "kit.techno",     "kit.dnb",      "kit.acoustic",
          "kit.electro",   "kit.perc",   "kit.cinematic", "bass.sub",       "bass.808",     "bass.reese",
          "bass.pluck",    "bass.round", "bass.acid",     "bass.synthwave", "lead.soft",    "lead.saw",
          "lead.square",   "lead.pluck", "lead.bell",     "lead.supersaw",  "keys.epiano",  "keys.organ",
          "keys.pluck",    "pad.warm",   "pad.glass",     "pad.strings",    "pad.dark",     "pad.choir",
          "arp.pluck",     "arp.saw",    "texture.vinyl", "texture.tape",   "texture.room", "texture.rain",
          "texture.drone", "vox.choir",  "vox.chop"}) {
        EXPECT_TRUE(cpu_synth().has_patch(name)) << name;
    }
    EXPECT_EQ(cpu_synth().patches().size(), 39u);
    EXPECT_TRUE(std::ranges::is_sorted(cpu_synth().patches()));
}

class EveryPatch : public testing::TestWithParam<std::string> {};

TEST_P(EveryPatch, IsFiniteAudibleInRangeAndExactlyAsLong) {
    auto plan = plan_of(2);
    plan.tempo = 97.3;
    auto stem = stem_of(GetParam());
    add_material(stem);
    for (const int rate : {44100, 48000}) {
        const auto audio = render(plan, stem, rate);
        ASSERT_EQ(static_cast<std::int64_t>(audio.left.size()), frames_of(plan, rate));
        for (const auto& side : {audio.left, audio.right}) {
            EXPECT_TRUE(
                std::ranges::all_of(side, [](float x) { return std::isfinite(x) && std::abs(x) <= 1; }));
            EXPECT_GT(20 * std::log10(rms(side)), -45);
            double mean = 0;
            for (const float x : side)
                mean += x;
            EXPECT_LT(std::abs(mean / static_cast<double>(side.size())), 0.02 * peak(side));
        }
    }
}

TEST_P(EveryPatch, StaysInRangeWhenPushed) {
    const auto plan = plan_of(1);
    auto stem = stem_of(GetParam());
    add_material(stem);
    stem.level_db = 12;
    stem.tone = {1, 1, 1, 1, 1, 1};
    const auto audio = render(plan, stem);
    EXPECT_LE(peak(audio.left), 1);
    EXPECT_LE(peak(audio.right), 1);
    EXPECT_TRUE(std::isfinite(rms(audio.left)));
}

TEST_P(EveryPatch, RepeatsItsBytes) {
    const auto plan = plan_of(2);
    auto stem = stem_of(GetParam());
    add_material(stem);
    const auto once = render(plan, stem);
    Audio again;
    std::thread other([&] { again = render(plan, stem); });
    other.join();
    EXPECT_EQ(once.left, again.left);
    EXPECT_EQ(once.right, again.right);
}

TEST_P(EveryPatch, HasNoStepAtTheSeam) {
    const auto plan = plan_of(2);
    auto stem = stem_of(GetParam());
    add_material(stem);
    const bool drums = GetParam().rfind("kit.", 0) == 0;
    for (auto& note : stem.notes)
        note.start = std::fmod(note.start + (drums ? 0.07 : 0.4), 8.0);
    const auto audio = render(plan, stem);
    for (const auto& side : {audio.left, audio.right}) {
        std::vector<float> steps;
        for (std::size_t i = 1; i < side.size(); ++i)
            steps.push_back(std::abs(side[i] - side[i - 1]));
        std::ranges::sort(steps);
        EXPECT_LE(std::abs(side.front() - side.back()), steps[steps.size() * 995 / 1000] + 1e-6f);
    }
}

INSTANTIATE_TEST_SUITE_P(Patches, EveryPatch, testing::ValuesIn(cpu_synth().patches()), [](const auto& info) {
    std::string name = info.param;
    std::ranges::replace(name, '.', '_');
    return name;
});

TEST(Synth, TailsOfTheEndSoundAtTheStart) {
    // In a loop twice as long the same note rings on after the first loop's end: both must be the same sound.
    for (const char* patch : {"bass.round", "lead.bell", "keys.epiano", "kit.808"}) {
        auto stem = stem_of(patch);
        add_note(stem, 7.5, 2.0, patch[0] == 'k' && patch[1] == 'i' ? 36 : 57);
        const auto loop = render(plan_of(2), stem);
        const auto longer = render(plan_of(4), stem);
        const auto total = loop.left.size();
        EXPECT_GT(peak(std::span(loop.left).first(4800)), 1e-3) << patch;
        for (std::size_t i = 0; i < 30000; ++i) {
            ASSERT_NEAR(loop.left[i], longer.left[total + i], 2e-6) << patch << " frame " << i;
        }
    }
}

TEST(Synth, TextureSoundsAllTheWayRound) {
    for (const char* patch :
         {"texture.vinyl", "texture.tape", "texture.room", "texture.rain", "texture.drone"}) {
        const auto audio = render(plan_of(4), stem_of(patch));
        const double whole = rms(audio.left);
        for (std::size_t from = 0; from + 48000 <= audio.left.size(); from += 48000) {
            EXPECT_GT(rms(std::span(audio.left).subspan(from, 48000)), 0.2 * whole)
                << patch << " at " << from;
        }
    }
}

TEST(Synth, NoiseFollowsTheSeed) {
    EXPECT_NE(render(plan_of(1), stem_of("texture.vinyl"), 48000, 1).left,
              render(plan_of(1), stem_of("texture.vinyl"), 48000, 2).left);
}

TEST(Synth, StopsBetweenSegmentsWhenTheSinkSaysSo) {
    const auto plan = plan_of(4);
    auto stem = stem_of("lead.saw");
    add_material(stem);
    synth::RenderOptions options;
    options.total_frames = frames_of(plan);
    int calls = 0;
    const auto status =
        cpu_synth().render(plan, stem, options, [&](auto, auto, auto) { return ++calls < 2; });
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, ErrorCode::kCancelled);
    EXPECT_EQ(calls, 2);
}

TEST(Synth, FirstSegmentIsShort) {
    synth::RenderOptions options;
    options.total_frames = frames_of(plan_of(4));
    std::size_t first = 0;
    const auto status =
        cpu_synth().render(plan_of(4), stem_of("texture.tape"), options, [&](auto, auto left, auto) {
            first = left.size();
            return false;
        });
    EXPECT_FALSE(status.ok());
    EXPECT_LE(first, 14400u);
}

TEST(Synth, NamesWhatIsWrong) {
    synth::RenderOptions options;
    options.total_frames = 1000;
    const auto sink = [](auto, auto, auto) { return true; };
    const auto unknown = cpu_synth().render(plan_of(1), stem_of("lead.kazoo"), options, sink);
    ASSERT_FALSE(unknown.ok());
    EXPECT_EQ(unknown.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(unknown.error().field, "stems.stem.instrument.patch");
    EXPECT_NE(unknown.error().message.find("lead.kazoo"), std::string::npos);

    auto bad_rate = options;
    bad_rate.sample_rate = 22050;
    EXPECT_EQ(cpu_synth().render(plan_of(1), stem_of("lead.saw"), bad_rate, sink).error().field,
              "sample_rate");
    auto no_frames = options;
    no_frames.total_frames = 0;
    EXPECT_EQ(cpu_synth().render(plan_of(1), stem_of("lead.saw"), no_frames, sink).error().field,
              "total_frames");
    auto stem = stem_of("lead.saw");
    stem.tone.drive = std::nan("");
    EXPECT_EQ(cpu_synth().render(plan_of(1), stem, options, sink).error().field, "stems.stem.tone");
}

TEST(Synth, RefusesNotesBeyondAnyLoop) {
    synth::RenderOptions options;
    options.total_frames = 1000;
    const auto sink = [](auto, auto, auto) { return true; };
    for (const double bad : {1e9, std::nan(""), std::numeric_limits<double>::infinity()}) {
        auto stem = stem_of("lead.saw");
        add_note(stem, bad, 1, 60);
        EXPECT_EQ(cpu_synth().render(plan_of(1), stem, options, sink).error().field, "stems.stem.notes");
        stem.notes.back().start = 0;
        stem.notes.back().length = bad;
        EXPECT_EQ(cpu_synth().render(plan_of(1), stem, options, sink).error().field, "stems.stem.notes");
    }
}

TEST(Synth, RefusesDevicesItCannotUse) {
    const auto unknown = synth::Synth::load("abacus");
    ASSERT_FALSE(unknown.ok());
    EXPECT_EQ(unknown.error().code, ErrorCode::kInvalidArgument);
    const auto missing = synth::Synth::load("cuda:63");
    ASSERT_FALSE(missing.ok());
    EXPECT_EQ(missing.error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(missing.error().field, "device");
}

TEST(Synth, AnEmptyStemIsSilentButWhole) {
    const auto audio = render(plan_of(1), stem_of("lead.saw"));
    EXPECT_EQ(audio.left.size(), 96000u);
    EXPECT_EQ(peak(audio.left), 0);
}

} // namespace
} // namespace loopmind::synth_test
