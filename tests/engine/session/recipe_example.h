// A small generation that several tests build sessions from.
#pragma once

#include "engine/session/build.h"

namespace loopmind::session {

inline SessionRecipe example_recipe() {
    SessionRecipe recipe;
    recipe.name = "Dreamy";
    recipe.tempo = 82;
    recipe.bars = 8;
    recipe.key = "A minor";
    recipe.sections = {{"Intro", 2}, {"Hook", 6}};
    recipe.fx = default_fx({"reverb", "delay"});
    recipe.params_json = R"({"prompt":"Dreamy lofi","seed":9007199254740991,"tempo":82})";
    recipe.seed = 9007199254740991;
    for (const char* role : {"drums", "bass", "melody"}) {
        StemTrack stem;
        stem.id = role;
        stem.name = std::string("The ") + role;
        stem.role = role;
        stem.audio.sha256 = std::string(63, 'a') + role[0];
        stem.audio.sha256.back() = static_cast<char>('0' + recipe.stems.size());
        stem.audio.size = 1000;
        stem.midi.sha256 = std::string(63, 'b') + static_cast<char>('0' + recipe.stems.size());
        stem.reverb_send = role == std::string("bass") ? 0 : 0.3;
        stem.delay_send = role == std::string("melody") ? 0.2 : 0;
        recipe.stems.push_back(stem);
    }
    return recipe;
}

} // namespace loopmind::session
