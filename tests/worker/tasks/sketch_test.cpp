// The sketch follows the plan: rhythm, loudness, wrapping, and the same samples every time.
#include "worker/tasks/sketch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace loopmind::tasks {
namespace {

composer::Plan plan_with(std::vector<composer::Note> notes, const std::string& role = "melody") {
    composer::Plan plan;
    plan.tempo = 120;
    plan.bars = 8;
    plan.sections = {{"Intro", 0, 4, 0.2, 0, "a"}, {"Hook", 4, 4, 0.9, 0, "b"}};
    composer::StemPlan stem;
    stem.id = stem.role = role;
    stem.level_db = -18;
    stem.notes = std::move(notes);
    plan.stems.push_back(std::move(stem));
    return plan;
}

composer::Note note(double start, int pitch = 60, int velocity = 100) {
    return {start, 0.5, start, pitch, velocity, false};
}

double energy(const std::vector<float>& samples, double from, double to) {
    double sum = 0;
    for (auto i = static_cast<std::size_t>(from * kSketchRate);
         i < static_cast<std::size_t>(to * kSketchRate); ++i) {
        sum += samples[i] * samples[i];
    }
    return sum;
}

const auto kGoOn = [] { return false; };

TEST(Sketch, DrawsTheDensestSectionFromItsFirstBar) {
    const auto samples = sketch(plan_with({note(0), note(16 + 2)}), kGoOn);
    ASSERT_EQ(samples.size(), 8u * kSketchRate); // four bars of 4/4 at 120
    EXPECT_EQ(energy(samples, 0, 1), 0) << "the note of the intro is not in it";
    EXPECT_GT(energy(samples, 1, 1.2), 0);
}

TEST(Sketch, LouderAndMoreNotesGiveMoreEnergy) {
    const auto soft = sketch(plan_with({note(16, 60, 40)}), kGoOn);
    const auto loud = sketch(plan_with({note(16, 60, 120)}), kGoOn);
    const auto more = sketch(plan_with({note(16, 60, 120), note(18, 60, 120)}), kGoOn);
    EXPECT_GT(energy(loud, 0, 8), 2 * energy(soft, 0, 8));
    EXPECT_GT(energy(more, 0, 8), 1.5 * energy(loud, 0, 8));
}

TEST(Sketch, DrumsTonesAndExtremesStayFiniteAndWithinFullScale) {
    for (const char* role : {"drums", "percussion", "bass", "chords", "pad", "texture"}) {
        std::vector<composer::Note> notes;
        for (int pitch = 0; pitch < 128; ++pitch)
            notes.push_back(note(16 + pitch * 0.1, pitch, 127));
        const auto samples = sketch(plan_with(notes, role), kGoOn);
        EXPECT_GT(energy(samples, 0, 8), 0) << role;
        EXPECT_TRUE(std::all_of(samples.begin(), samples.end(), [](float s) { return std::abs(s) <= 1; }))
            << role;
    }
}

TEST(Sketch, IsTheSameEveryTimeAndStopsWhenTold) {
    const auto plan = plan_with({note(16), note(17), note(20.25)}, "drums");
    EXPECT_EQ(sketch(plan, kGoOn), sketch(plan, kGoOn));
    EXPECT_TRUE(sketch(plan, [] { return true; }).empty());
}

} // namespace
} // namespace loopmind::tasks
