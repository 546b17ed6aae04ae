// Finds and applies presets.
#include "engine/effects/presets.h"

#include "engine/effects/preset_data.h"

#include <algorithm>

namespace loopmind::effects {

std::span<const Preset> all_presets() {
    static const std::vector<Preset> presets = make_presets();
    return presets;
}

std::span<const Preset> presets_of(std::string_view type) {
    const auto all = all_presets();
    const auto begin = std::ranges::find(all, type, &Preset::type);
    const auto end = std::find_if(begin, all.end(), [&](const Preset& p) { return p.type != type; });
    return {begin, end};
}

const Preset* find_preset(std::string_view type, std::string_view name) {
    for (const Preset& preset : presets_of(type)) {
        if (preset.name == name) return &preset;
    }
    return nullptr;
}

void apply_preset(Effect& effect, const Preset& preset) {
    for (const ParameterInfo& info : effect.parameters()) {
        if (std::string_view(info.name) != "tempo") effect.set(info.name, info.initial);
    }
    for (const auto& [name, value] : preset.values)
        effect.set(name, value);
}

} // namespace loopmind::effects
