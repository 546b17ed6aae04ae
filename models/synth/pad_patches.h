// Patches of the spectral pads: harmonic profiles, how wide each partial is spread, how the sound opens.
#pragma once

#include "models/synth/voice_patches.h"

#include <string>
#include <vector>

namespace loopmind::synth {

/// A pad's spectrum family.
enum class PadKind { kWarm, kGlass, kStrings, kDark, kChoir, kDrone };

/// A pad sound: long random-phase tables, one dark and one bright, faded by the envelope.
struct PadPatch {
    std::string name;
    PadKind kind = PadKind::kWarm;
    double spread_cents = 14;  ///< width of the partials: how many players there seem to be
    double line = 0.5;         ///< share of the steady tone in each partial, 0..1
    double dark_octaves = 2.6; ///< cutoff of the dark table, octaves above the fundamental
    double bright_octaves = 4.6;
    double open_seconds = 1.2; ///< time in which the sound opens after the attack
    Envelope amp{0.25, 1.0, 0.85, 0.6};
    double trim_db = 0;
};

/// All spectral pads; texture.drone and vox.choir are among them.
const std::vector<PadPatch>& pad_patches();

} // namespace loopmind::synth
