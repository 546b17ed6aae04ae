// Melodies from motifs that repeat, answer and vary over a phrase plan; also chopped vocals.
#pragma once

#include "models/composer/draft.h"

#include <vector>

namespace loopmind::composer {

/// `name` separates the random streams of lines that play together, e.g. "melody" and "vocals".
std::vector<Draft> write_melody(const Context& context, const Passage& passage, const MelodyStyle& style,
                                double center, const char* name, bool arranged);

} // namespace loopmind::composer
