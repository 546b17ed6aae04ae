// The equaliser that a stem's Tone asks for, as a complex frequency response to weight any spectrum with.
#pragma once

#include "models/composer/plan.h"
#include "models/synth/torch_compat.h"

namespace loopmind::synth {

/// Response at `hz` (float32, any shape, >= 0) of: brightness (tilt round 900 Hz), warmth (low-mid lift), air
/// (shelf from 9 kHz) and age (band limits). First- and second-order analogue sections, so causal and minimum
/// phase: shelf H(f) = (1 + j f sqrt(G)/f0) / (1 + j f / (sqrt(G) f0)), Butterworth low-pass 1 / (1 + j
/// sqrt(2) w - w^2). Each control moves the curve monotonically at every frequency.
at::Tensor tone_response(const composer::Tone& tone, const at::Tensor& hz);

/// How many octaves brightness moves a patch's filter.
inline double brightness_octaves(const composer::Tone& tone) {
    return (tone.brightness - 0.5) * 3.0;
}

/// Saturation 0..1 that drive, warmth and age ask for together.
double saturation(const composer::Tone& tone);

} // namespace loopmind::synth
