// The one list of effects.
#include "engine/effects/registry.h"

#include "engine/effects/delay.h"
#include "engine/effects/drive.h"
#include "engine/effects/eq.h"
#include "engine/effects/gain.h"
#include "engine/effects/limiter.h"
#include "engine/effects/pan.h"
#include "engine/effects/reverb.h"

namespace loopmind::effects {

std::unique_ptr<Effect> make_effect(std::string_view type) {
    if (type == "delay") return std::make_unique<Delay>();
    if (type == "drive") return std::make_unique<Drive>();
    if (type == "eq") return std::make_unique<Eq>();
    if (type == "gain") return std::make_unique<Gain>();
    if (type == "limiter") return std::make_unique<Limiter>();
    if (type == "pan") return std::make_unique<Pan>();
    if (type == "reverb") return std::make_unique<Reverb>();
    return nullptr;
}

std::span<const std::string_view> effect_types() {
    static constexpr std::string_view kTypes[] = {"delay", "drive", "eq", "gain", "limiter", "pan", "reverb"};
    return kTypes;
}

} // namespace loopmind::effects
