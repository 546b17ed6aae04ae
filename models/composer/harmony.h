// Harmony: functional progressions, extensions, secondary dominants and voicings with smooth voice leading.
#pragma once

#include "models/composer/draft.h"

#include <vector>

namespace loopmind::composer {

/// Chords of a passage: the progression of its material, repeated, its last chord leading back to the first.
std::vector<Harmony> write_harmony(const Context& context, const Passage& passage);
/// Voices the chords round `center` (MIDI): each triad takes the inversion nearest to the one before, mood
/// lifts voices from the bottom, extensions sit above. One list of voices per chord; triads come first.
std::vector<std::vector<Voice>> voice_chords(const Context& context, const Passage& passage, double center);
/// Pitch classes that sound in a chord at this complexity.
std::vector<int> sounding_classes(const Harmony& chord, double complexity);
/// The chord as a symbol of the plan; start and length stay in pattern beats.
Chord chord_symbol(const Context& context, const Harmony& chord);

} // namespace loopmind::composer
