// Instruments, tone and mix of a stem from genre, texture, energy and focus.
#include "models/composer/palette.h"

#include <algorithm>
#include <cctype>
#include <cstring>

namespace loopmind::composer {
namespace {

struct Place {
    const char* role;
    double level_db, pan, width, reverb, delay;
};
/// Stems are placed as in a finished mix and then all moved down, so that their sum, the premaster, stays
/// below full scale; the master brings the loudness back.
constexpr double kHeadroomDb = 23;
constexpr Place kPlaces[] = {
    {"drums", -6, 0, 0.8, 0.06, 0.0},      {"percussion", -11.5, 0.2, 1, 0.14, 0.06},
    {"bass", -11, 0, 0.15, 0.0, 0.0},      {"chords", -13, -0.12, 0.9, 0.2, 0.08},
    {"melody", -10, 0.08, 0.7, 0.24, 0.2}, {"pad", -12.5, 0, 1, 0.35, 0.05},
    {"arp", -12, 0.22, 1, 0.22, 0.26},     {"texture", -24, 0, 1, 0.1, 0.0},
    {"vocals", -15, -0.05, 0.9, 0.3, 0.2},
};

Tone tone_of(const Context& context) {
    const Request& request = context.request;
    Tone tone;
    double bright = 0;
    switch (request.texture[0]) {
    case 'W':
        tone.warmth = 0.75, tone.drive = 0.12, tone.air = 0.05, tone.age = 0.08, bright = -0.08;
        break;
    case 'B':
        tone.warmth = 0.05, tone.drive = 0.05, tone.air = 0.5, bright = 0.14;
        break;
    case 'G':
        tone.warmth = 0.35, tone.drive = 0.75, tone.air = 0.1, tone.age = 0.2, bright = 0.02;
        break;
    case 'A':
        tone.warmth = 0.1, tone.drive = 0.0, tone.air = 0.9, bright = 0.06;
        break;
    case 'V':
        tone.warmth = 0.5, tone.drive = 0.2, tone.air = 0.0, tone.age = 0.8, bright = -0.14;
        break;
    default:
        tone.warmth = 0.15, tone.drive = 0.0, tone.air = 0.2, bright = 0.0;
        break;
    }
    tone.brightness = std::clamp(
        0.17 + 0.47 * request.energy + 0.15 * request.mood + bright + context.style.brightness, 0.0, 1.0);
    tone.punch = 0.1 + 0.8 * request.energy * (1.6 - 0.6 * request.energy); // steeper where few notes join
    return tone;
}

const Sound& pick_sound(const Context& context, const std::string& role) {
    const char letter = context.request.texture[0];
    for (const Sound& sound : context.style.sounds) {
        if (role == sound.role && (!*sound.textures || std::strchr(sound.textures, letter))) return sound;
    }
    return context.style.sounds.front();
}

} // namespace

bool is_focus(const Request& request, const std::string& role) {
    std::string focus = request.focus;
    focus[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(focus[0])));
    return focus == role || (focus == "drums" && role == "percussion");
}

StemPlan dress_stem(const Context& context, const std::string& role) {
    const Request& request = context.request;
    const Sound& sound = pick_sound(context, role);
    StemPlan stem;
    stem.id = stem.role = role;
    stem.name = sound.name;
    stem.instrument = {sound.engine, sound.patch, sound.program, sound.bank, {}};
    stem.tone = tone_of(context);
    for (const Place& place : kPlaces) {
        if (role != place.role) continue;
        stem.level_db = place.level_db + sound.level_db;
        stem.pan = place.pan;
        stem.width = place.width;
        stem.reverb_send = place.reverb;
        stem.delay_send = place.delay;
    }
    // Energy brings the drums forward and takes weight from the bass, so that the mix brightens as it gets
    // denser.
    if (role == "drums" || role == "percussion") stem.level_db += -1 + 2 * request.energy;
    if (role == "bass") stem.level_db += 1 - 2.5 * request.energy;
    if (role == "pad") stem.level_db += 0.5 - request.energy;
    if (role == "texture")
        stem.level_db += request.texture == "Vintage" || request.texture == "Gritty" ? 2 : 0;
    if (request.focus != "Balanced") stem.level_db += is_focus(request, role) ? 3 : -1.5;
    stem.level_db = std::clamp(stem.level_db - kHeadroomDb, -60.0, 0.0);
    if (request.texture == "Airy") stem.reverb_send = std::min(1.0, stem.reverb_send * 1.4);
    if (is_focus(request, role)) stem.pan *= 0.4; // the focus stands in the middle
    auto& params = stem.instrument.params;
    if (sound.engine == std::string("synth")) {
        if (role == "bass" && stem.instrument.patch == "bass.808") params["glide"] = 0.06;
        if (role == "texture") params["density"] = 0.3 + 0.5 * request.energy;
        if (role == "pad") params["attack"] = 0.35 - 0.25 * request.energy;
    }
    return stem;
}

} // namespace loopmind::composer
