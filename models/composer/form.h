// The form: sections with their material, variations, density and register, and who plays when.
#pragma once

#include "models/composer/draft.h"

#include <string>
#include <vector>

namespace loopmind::composer {

/// Sections of the request with material ids, variants and densities.
std::vector<Section> plan_sections(const Request& request);
/// 0 verse-like, 1 hook, 2 bridge: which progression a section uses.
int material_index(const std::string& section_name);
/// Semitones that a section lifts the melody by.
double register_shift(const std::string& section_name);
/// True when `role` sounds at `fraction` (0..1) of a section, in a form of several sections.
/// Drums are asked per instrument: `backbone` is the kick and snare.
bool sounds_in(const std::string& section_name, const std::string& role, double fraction, bool backbone);
/// The same for the chords of a piece without drums, where no groove draws the form: with a pad below them
/// they join halfway through an intro and leave halfway through an outro.
bool chords_sound_in(const Request& request, const std::string& section_name, double fraction);
/// Pattern beats to real beats: 2 when the tempo is far above the genre's own range, 0.5 when far below.
double choose_feel(double tempo, const GenreStyle& style);

} // namespace loopmind::composer
