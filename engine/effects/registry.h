// Effects by the type name that session files use.
#pragma once

#include "engine/effects/effect.h"

#include <memory>
#include <span>
#include <string_view>

namespace loopmind::effects {

/// Makes an effect with default parameters; null when `type` is unknown. Thread-safe.
std::unique_ptr<Effect> make_effect(std::string_view type);

/// All type names in alphabetical order.
std::span<const std::string_view> effect_types();

} // namespace loopmind::effects
