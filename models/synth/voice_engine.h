// Plays notes with wavetable voices: all oscillators of all sounding notes in a few batched operations.
#pragma once

#include "models/synth/stem_engine.h"
#include "models/synth/voice_patches.h"

#include <memory>

namespace loopmind::synth {

/// An engine for the notes of the context's stem. Parameters it knows (instrument.params): cutoff (octaves,
/// -4..4), resonance (Q, 0.5..12), attack, decay, release (factors 0.1..10), detune (factor 0..4), glide
/// (octaves of bend at the start, -2..2), vibrato (factor 0..4), drive (0..1), noise (factor 0..4).
std::unique_ptr<StemEngine> make_voice_engine(const StemContext& context, const VoicePatch& patch);

} // namespace loopmind::synth
