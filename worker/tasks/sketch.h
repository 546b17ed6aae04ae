// A rough, quick drawing of a plan in sound: what the ghost waveform under a moving slider shows.
#pragma once

#include "models/composer/plan.h"

#include <functional>
#include <vector>

namespace loopmind::tasks {

inline constexpr int kSketchRate = 12000; ///< Hz
inline constexpr int kSketchBars = 4;     ///< longest stretch drawn

/// Mono samples within ±1 of at most kSketchBars bars, from the start of the densest section on (wrapping).
/// Each note is one decaying wave or burst of noise: rhythm, register, loudness and brightness as planned,
/// timbre not. Some milliseconds of computing. Deterministic. Empty when `cancelled`.
std::vector<float> sketch(const composer::Plan& plan, const std::function<bool()>& cancelled);

} // namespace loopmind::tasks
