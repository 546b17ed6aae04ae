// The peer of the benchmark: a plain one-voice saw and one-pole filter, sample by sample in scalar C++.
#pragma once

#include "models/composer/plan.h"

#include <cstdint>
#include <vector>

namespace loopmind::bench {

/// Renders the notes of `stem` one after the other, each with std::sin-summed saw harmonics through a
/// one-pole low-pass, into mono audio. What one writes first; not optimised, not tuned against.
std::vector<float> render_scalar(const composer::Plan& plan, const composer::StemPlan& stem, int rate,
                                 std::int64_t frames);

} // namespace loopmind::bench
