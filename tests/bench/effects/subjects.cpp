// Settings under which each effect does its whole work.
#include "tests/bench/effects/subjects.h"

#include "engine/effects/registry.h"

namespace loopmind::bench {

namespace {

struct Setting {
    std::string_view type;
    const char* parameter;
    double value;
};

// Types that are not here run with their defaults.
constexpr Setting kSettings[] = {
    {"compressor", "threshold_db", -24},
    {"compressor", "ratio", 4},
    {"compressor", "makeup_db", 3},
    {"eq", "band1_db", 3},
    {"eq", "band3_db", -4},
    {"eq", "band5_db", 5},
    {"eq", "band8_db", 2},
    {"gain", "gain_db", -3},
    {"gate", "threshold_db", -30},
    {"multiband", "band1_threshold_db", -30},
    {"pan", "pan", 0.3},
    {"transient", "attack_db", 6},
    {"transient", "sustain_db", -3},
};

Process wrap(std::shared_ptr<effects::Effect> effect) {
    return [effect](float* left, float* right, int frames) { effect->process(left, right, frames); };
}

} // namespace

Process our_effect(std::string_view type) {
    std::shared_ptr<effects::Effect> effect = effects::make_effect(type);
    if (!effect) return {};
    for (const Setting& setting : kSettings) {
        if (setting.type == type) effect->set(setting.parameter, setting.value);
    }
    effect->prepare(kRate, kBlock);
    return wrap(effect);
}

Process our_chain() {
    return [eq = our_effect("eq"), compressor = our_effect("compressor")](float* left, float* right,
                                                                          int frames) {
        eq(left, right, frames);
        compressor(left, right, frames);
    };
}

} // namespace loopmind::bench
