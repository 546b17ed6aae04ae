// The one list of effects.
#include "engine/effects/registry.h"

#include "engine/effects/autopan.h"
#include "engine/effects/bitcrusher.h"
#include "engine/effects/chorus.h"
#include "engine/effects/compressor.h"
#include "engine/effects/convolution.h"
#include "engine/effects/delay.h"
#include "engine/effects/distortion.h"
#include "engine/effects/drive.h"
#include "engine/effects/eq.h"
#include "engine/effects/filter.h"
#include "engine/effects/flanger.h"
#include "engine/effects/gain.h"
#include "engine/effects/gate.h"
#include "engine/effects/limiter.h"
#include "engine/effects/multiband.h"
#include "engine/effects/pan.h"
#include "engine/effects/phaser.h"
#include "engine/effects/pitch.h"
#include "engine/effects/reverb.h"
#include "engine/effects/tape.h"
#include "engine/effects/transient.h"
#include "engine/effects/width.h"

namespace loopmind::effects {

std::unique_ptr<Effect> make_effect(std::string_view type) {
    if (type == "autopan") return std::make_unique<Autopan>();
    if (type == "bitcrusher") return std::make_unique<Bitcrusher>();
    if (type == "chorus") return std::make_unique<Chorus>();
    if (type == "compressor") return std::make_unique<Compressor>();
    if (type == "convolution") return std::make_unique<Convolution>();
    if (type == "delay") return std::make_unique<Delay>();
    if (type == "distortion") return std::make_unique<Distortion>();
    if (type == "drive") return std::make_unique<Drive>();
    if (type == "eq") return std::make_unique<Eq>();
    if (type == "filter") return std::make_unique<Filter>();
    if (type == "flanger") return std::make_unique<Flanger>();
    if (type == "gain") return std::make_unique<Gain>();
    if (type == "gate") return std::make_unique<Gate>();
    if (type == "limiter") return std::make_unique<Limiter>();
    if (type == "multiband") return std::make_unique<Multiband>();
    if (type == "pan") return std::make_unique<Pan>();
    if (type == "phaser") return std::make_unique<Phaser>();
    if (type == "pitch") return std::make_unique<Pitch>();
    if (type == "reverb") return std::make_unique<Reverb>();
    if (type == "tape") return std::make_unique<Tape>();
    if (type == "transient") return std::make_unique<Transient>();
    if (type == "width") return std::make_unique<Width>();
    return nullptr;
}

std::span<const std::string_view> effect_types() {
    static constexpr std::string_view kTypes[] = {
        "autopan",     //
        "bitcrusher",  //
        "chorus",      //
        "compressor",  //
        "convolution", //
        "delay",       //
        "distortion",  //
        "drive",       //
        "eq",          //
        "filter",      //
        "flanger",     //
        "gain",        //
        "gate",        //
        "limiter",     //
        "multiband",   //
        "pan",         //
        "phaser",      //
        "pitch",       //
        "reverb",      //
        "tape",        //
        "transient",   //
        "width",       //
    };
    return kTypes;
}

} // namespace loopmind::effects
