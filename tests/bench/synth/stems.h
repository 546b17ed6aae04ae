// The fixed set of stems that the benchmark renders: hand-made, so it depends on no composer.
#pragma once

#include "models/composer/plan.h"

#include <cstdint>
#include <string>
#include <vector>

namespace loopmind::bench {

/// Eight bars of 4/4 at 82 beats per minute in A minor.
composer::Plan fixed_plan();
/// Typical material for a patch: a groove for kits, a line for basses and leads, chords for pads and keys.
composer::StemPlan fixed_stem(const std::string& patch);
/// Exact loop length of `plan` in frames.
std::int64_t loop_frames(const composer::Plan& plan, int rate);

} // namespace loopmind::bench
