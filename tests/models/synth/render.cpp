// Rendering for tests.
#include "tests/models/synth/render.h"

#include <gtest/gtest.h>

#include <cmath>

namespace loopmind::synth_test {

std::vector<float> Audio::mono() const {
    std::vector<float> out(left.size());
    for (std::size_t i = 0; i < out.size(); ++i)
        out[i] = 0.5f * (left[i] + right[i]);
    return out;
}

const synth::Synth& cpu_synth() {
    static const std::unique_ptr<synth::Synth> loaded = std::move(synth::Synth::load("cpu").value());
    return *loaded;
}

composer::Plan plan_of(int bars) {
    composer::Plan plan;
    plan.tempo = 120;
    plan.bars = bars;
    return plan;
}

composer::StemPlan stem_of(const std::string& patch) {
    composer::StemPlan stem;
    stem.id = "stem";
    stem.instrument.patch = patch;
    stem.level_db = -20;
    return stem;
}

void add_note(composer::StemPlan& stem, double start, double length, int pitch, int velocity) {
    composer::Note note;
    note.start = note.grid = start;
    note.length = length;
    note.pitch = pitch;
    note.velocity = velocity;
    stem.notes.push_back(note);
}

void add_material(composer::StemPlan& stem) {
    const auto& patch = stem.instrument.patch;
    const auto begins = [&](const char* with) { return patch.rfind(with, 0) == 0; };
    if (begins("texture.")) return;
    if (begins("kit.")) {
        for (int i = 0; i < 16; ++i)
            add_note(stem, i * 0.5, 0.25, i % 4 == 0 ? 36 : i % 4 == 2 ? 38 : 42, 70 + 3 * i);
        for (int pitch = 35; pitch < 82; ++pitch)
            add_note(stem, 0.15 * (pitch - 35), 0.1, pitch, 90);
        return;
    }
    const int low = begins("bass.") ? 36 : 60;
    for (int i = 0; i < 4; ++i) {
        add_note(stem, 2 * i, 1.5, low + 3 * i, 70 + 15 * i);
        add_note(stem, 2 * i + 0.5, 1.9, low + 3 * i + 7, 90);
    }
}

std::int64_t frames_of(const composer::Plan& plan, int rate) {
    return std::llround(plan.total_beats() * 60.0 / plan.tempo * rate);
}

Audio render(const composer::Plan& plan, const composer::StemPlan& stem, int rate, std::uint64_t seed) {
    Audio out;
    synth::RenderOptions options;
    options.sample_rate = rate;
    options.total_frames = frames_of(plan, rate);
    options.seed = seed;
    const auto status =
        cpu_synth().render(plan, stem, options, [&](std::int64_t first, auto left, auto right) {
            EXPECT_EQ(first, static_cast<std::int64_t>(out.left.size())) << stem.instrument.patch;
            EXPECT_EQ(left.size(), right.size());
            out.left.insert(out.left.end(), left.begin(), left.end());
            out.right.insert(out.right.end(), right.begin(), right.end());
            return true;
        });
    EXPECT_TRUE(status.ok()) << stem.instrument.patch << ": " << (status.ok() ? "" : status.error().text());
    return out;
}

} // namespace loopmind::synth_test
