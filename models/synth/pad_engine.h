// Plays pads from long spectral tables (the PADsynth idea of Paul Nasca): every partial is a band, not a
// line.
#pragma once

#include "models/synth/pad_patches.h"
#include "models/synth/stem_engine.h"

#include <memory>

namespace loopmind::synth {

/// An engine for the notes of the context's stem; a drone without notes sounds the key's tonic for the whole
/// loop. Parameters it knows: cutoff (octaves, -4..4), attack, release (factors 0.1..10), spread (factor
/// 0..3), drift (0..1, level of a slow swell).
std::unique_ptr<StemEngine> make_pad_engine(const StemContext& context, const PadPatch& patch);

} // namespace loopmind::synth
