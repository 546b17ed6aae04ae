// The presets as data; others read them through presets.h.
#pragma once

#include "engine/effects/presets.h"

namespace loopmind::effects {

/// Builds the list, ordered by type.
std::vector<Preset> make_presets();

} // namespace loopmind::effects
