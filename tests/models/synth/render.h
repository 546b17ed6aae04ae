// Small plans and one-call rendering for the tests of the synthesiser.
#pragma once

#include "models/synth/synth.h"

#include <string>
#include <vector>

namespace loopmind::synth_test {

/// A rendered stem.
struct Audio {
    std::vector<float> left, right;
    std::vector<float> mono() const;
};

/// One synthesiser on the CPU for all tests of this program.
const synth::Synth& cpu_synth();
/// `bars` bars of 4/4 at 120 beats per minute: two seconds a bar.
composer::Plan plan_of(int bars);
/// A stem that plays `patch` at -20 dB with no notes.
composer::StemPlan stem_of(const std::string& patch);
/// Adds a note; beats.
void add_note(composer::StemPlan& stem, double start, double length, int pitch, int velocity = 100);
/// A few typical notes for the patch's family.
void add_material(composer::StemPlan& stem);
/// Frames of the plan's loop.
std::int64_t frames_of(const composer::Plan& plan, int rate = 48000);
/// Renders, and fails the test when the synthesiser answers an error or breaks the order of segments.
Audio render(const composer::Plan& plan, const composer::StemPlan& stem, int rate = 48000,
             std::uint64_t seed = 7);

} // namespace loopmind::synth_test
