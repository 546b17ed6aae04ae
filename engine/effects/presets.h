// Named settings of every effect, and settings drawn by chance that stay musical.
#pragma once

#include "engine/effects/effect.h"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace loopmind::effects {

/// Parameters that are not named stand at their defaults.
struct Preset {
    std::string_view type; ///< of the effect
    std::string_view name; ///< for people; unique in its type
    std::vector<std::pair<std::string_view, double>> values;
};

/// All presets, ordered by type. Thread-safe.
std::span<const Preset> all_presets();
/// Those of one type; empty for an unknown one.
std::span<const Preset> presets_of(std::string_view type);
/// Null when there is none of that name.
const Preset* find_preset(std::string_view type, std::string_view name);
/// Sets every parameter to the preset's value or its default; `tempo`, which the graph sets, stays.
void apply_preset(Effect& effect, const Preset& preset);

/// Values for the parameters of an effect drawn from their musical ranges (ParameterInfo::random_low to
/// random_high, along their scale). Times in beats are note lengths (straight, dotted, triplet), semitones
/// and switches whole numbers. Parameters without such a range are not in the result. The same seed gives the
/// same values; every parameter draws for itself, so a new one changes no other. Empty for an unknown type.
std::map<std::string, double> randomise(std::string_view type, std::uint64_t seed);

} // namespace loopmind::effects
