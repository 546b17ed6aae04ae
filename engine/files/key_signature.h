// Keys as files spell them: pitch class of the tonic and sharps or flats of the signature.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace loopmind::files {

/// What files store of a key such as "A minor" or "F# dorian".
struct KeySignature {
    int tonic = 0;  ///< pitch class, C = 0
    int sharps = 0; ///< -7 (flats) .. 7 (sharps), of the relative major; enharmonically turned when beyond
    bool minor =
        false; ///< natural, harmonic or melodic minor; other modes are written as their relative major
};

/// Reads "<Tonic> <mode>": tonic C C# Db ... B, modes major minor dorian phrygian lydian mixolydian locrian
/// "harmonic minor" "melodic minor". nullopt for anything else.
std::optional<KeySignature> key_signature(std::string_view key);

/// "F# minor", "Eb major": how a MIDI key signature reads as a key.
std::string key_name(int sharps, bool minor);

} // namespace loopmind::files
