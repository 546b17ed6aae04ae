// Backgrounds without notes: vinyl, tape, room, rain. Seamless round the loop.
#pragma once

#include "models/synth/stem_engine.h"

#include <memory>
#include <string>

namespace loopmind::synth {

/// True when `patch` is one of texture.vinyl, texture.tape, texture.room, texture.rain.
bool is_texture(const std::string& patch);
/// An engine for one of them. Parameters they know: density (clicks or drops, factor 0..4), hiss, rumble
/// (0..2).
std::unique_ptr<StemEngine> make_texture_engine(const StemContext& context, const std::string& patch);

} // namespace loopmind::synth
