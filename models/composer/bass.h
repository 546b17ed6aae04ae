// Bass lines from the genre's figures: roots, fifths, octaves, walking and approach notes.
#pragma once

#include "models/composer/draft.h"

#include <vector>

namespace loopmind::composer {

std::vector<Draft> write_bass(const Context& context, const Passage& passage);

} // namespace loopmind::composer
