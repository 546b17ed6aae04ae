// Plays drum notes: each different hit is rendered once, then placed.
#pragma once

#include "models/synth/drum_sounds.h"

#include <memory>

namespace loopmind::synth {

/// An engine for the notes of the context's stem (General MIDI drum map). Parameters it knows: decay (factor
/// 0.25..4), tune (semitones -24..24), room (0..1), drive (0..1).
std::unique_ptr<StemEngine> make_drum_engine(const StemContext& context, const DrumKit& kit);

} // namespace loopmind::synth
