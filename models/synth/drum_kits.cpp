// The drum kits and the General MIDI drum map.
#include "models/synth/drum_sounds.h"

namespace loopmind::synth {

const std::vector<DrumKit>& drum_kits() {
    static const std::vector<DrumKit> all = {
        {.name = "kit.lofi",
         .kick_hz = 54,
         .kick_sweep = 3.0,
         .kick_fall = 0.02,
         .kick_decay = 0.15,
         .kick_click = 0.3,
         .kick_drive = 0.4,
         .snare_hz = 172,
         .snare_decay = 0.11,
         .snare_noise = 0.6,
         .snare_bright = 0.55,
         .clap_decay = 0.1,
         .hat_hz = 6500,
         .hat_decay = 0.8,
         .metal = 0.3,
         .tom_hz = 0.95,
         .tom_decay = 0.2,
         .cymbal_decay = 0.7,
         .room = 0.18,
         .grit = 0.45,
         .trim_db = 8.1},
        {.name = "kit.808",
         .kick_hz = 47,
         .kick_sweep = 3.2,
         .kick_fall = 0.026,
         .kick_decay = 0.38,
         .kick_click = 0.3,
         .kick_drive = 0.3,
         .snare_hz = 178,
         .snare_decay = 0.1,
         .snare_noise = 0.72,
         .snare_bright = 1.1,
         .clap_decay = 0.13,
         .hat_hz = 8500,
         .hat_decay = 0.75,
         .metal = 0.75,
         .tom_hz = 0.85,
         .tom_decay = 0.32,
         .room = 0.05,
         .trim_db = 6.7},
        {.name = "kit.house",
         .kick_hz = 50,
         .kick_sweep = 5.0,
         .kick_fall = 0.02,
         .kick_decay = 0.2,
         .kick_click = 0.6,
         .kick_drive = 0.35,
         .snare_hz = 205,
         .snare_decay = 0.1,
         .snare_noise = 0.75,
         .snare_bright = 1.1,
         .clap_decay = 0.14,
         .hat_hz = 8000,
         .hat_decay = 1.1,
         .metal = 0.6,
         .room = 0.12,
         .trim_db = 7.7},
        {.name = "kit.techno",
         .kick_hz = 47,
         .kick_sweep = 6.0,
         .kick_fall = 0.018,
         .kick_decay = 0.24,
         .kick_click = 0.75,
         .kick_drive = 0.55,
         .snare_hz = 195,
         .snare_decay = 0.09,
         .snare_noise = 0.8,
         .snare_bright = 1.0,
         .clap_decay = 0.12,
         .hat_hz = 8800,
         .hat_decay = 0.9,
         .metal = 0.8,
         .room = 0.15,
         .grit = 0.15,
         .trim_db = 7.1},
        {.name = "kit.dnb",
         .kick_hz = 56,
         .kick_sweep = 4.5,
         .kick_fall = 0.014,
         .kick_decay = 0.12,
         .kick_click = 0.8,
         .kick_drive = 0.4,
         .snare_hz = 208,
         .snare_decay = 0.15,
         .snare_noise = 0.62,
         .snare_bright = 1.25,
         .clap_decay = 0.1,
         .hat_hz = 7600,
         .hat_decay = 0.8,
         .metal = 0.45,
         .room = 0.22,
         .grit = 0.1,
         .trim_db = 8.2},
        {.name = "kit.acoustic",
         .kick_hz = 60,
         .kick_sweep = 2.2,
         .kick_fall = 0.012,
         .kick_decay = 0.13,
         .kick_click = 0.65,
         .kick_drive = 0.1,
         .snare_hz = 190,
         .snare_decay = 0.14,
         .snare_noise = 0.6,
         .snare_bright = 0.95,
         .clap_decay = 0.1,
         .hat_hz = 7000,
         .hat_decay = 1.15,
         .metal = 0.55,
         .tom_hz = 1,
         .tom_decay = 0.3,
         .cymbal_decay = 1.3,
         .room = 0.3,
         .trim_db = 8.6},
        {.name = "kit.electro",
         .kick_hz = 49,
         .kick_sweep = 5.0,
         .kick_fall = 0.03,
         .kick_decay = 0.22,
         .kick_click = 0.45,
         .kick_drive = 0.3,
         .snare_hz = 220,
         .snare_decay = 0.16,
         .snare_noise = 0.68,
         .snare_bright = 1.15,
         .clap_decay = 0.15,
         .hat_hz = 9000,
         .hat_decay = 0.85,
         .metal = 0.85,
         .tom_hz = 1.1,
         .tom_decay = 0.35,
         .room = 0.3,
         .trim_db = 6.8},
        {.name = "kit.perc",
         .kick_hz = 64,
         .kick_sweep = 2.0,
         .kick_fall = 0.015,
         .kick_decay = 0.15,
         .kick_click = 0.35,
         .snare_hz = 240,
         .snare_decay = 0.08,
         .snare_noise = 0.45,
         .hat_hz = 7500,
         .hat_decay = 0.7,
         .metal = 0.5,
         .tom_hz = 1.3,
         .tom_decay = 0.22,
         .room = 0.2,
         .trim_db = 12.0},
        {.name = "kit.cinematic",
         .kick_hz = 47,
         .kick_sweep = 2.6,
         .kick_fall = 0.03,
         .kick_decay = 0.45,
         .kick_click = 0.7,
         .kick_drive = 0.2,
         .snare_hz = 150,
         .snare_decay = 0.2,
         .snare_noise = 0.55,
         .snare_bright = 0.8,
         .clap_decay = 0.2,
         .hat_hz = 6500,
         .hat_decay = 1.2,
         .metal = 0.4,
         .tom_hz = 0.7,
         .tom_decay = 0.5,
         .cymbal_decay = 1.6,
         .room = 0.6,
         .trim_db = 6.0},
    };
    return all;
}

DrumVoice drum_voice(int pitch) {
    using enum DrumKind;
    switch (pitch) {
    case 35:
        return {kKick, 0.92};
    case 36:
        return {kKick, 1.0};
    case 31:
    case 37:
        return {kRim, 1.0, 0.1, 0.7};
    case 38:
        return {kSnare, 1.0};
    case 40:
        return {kSnare, 1.12};
    case 39:
        return {kClap, 1.0, 0, 0.9};
    case 42:
        return {kClosedHat, 1.0, 0.22, 0.62, 1};
    case 44:
        return {kPedalHat, 0.93, 0.22, 0.5, 1};
    case 46:
        return {kOpenHat, 1.0, 0.22, 0.6, 1};
    case 41:
        return {kTom, 82, 0.45};
    case 43:
        return {kTom, 98, 0.35};
    case 45:
        return {kTom, 118, 0.15};
    case 47:
        return {kTom, 140, -0.05};
    case 48:
        return {kTom, 165, -0.25};
    case 50:
        return {kTom, 196, -0.45};
    case 49:
        return {kCrash, 1.0, -0.3, 0.75};
    case 52:
        return {kCrash, 0.85, 0.35, 0.7};
    case 55:
        return {kCrash, 1.25, 0.2, 0.6};
    case 57:
        return {kCrash, 0.93, 0.4, 0.75};
    case 51:
        return {kRide, 1.0, 0.35, 0.42};
    case 53:
        return {kRide, 1.35, 0.35, 0.45};
    case 59:
        return {kRide, 0.94, 0.35, 0.42};
    case 54:
        return {kTambourine, 1.0, -0.3, 0.55};
    case 56:
        return {kCowbell, 1.0, 0.25, 0.5};
    case 60:
        return {kConga, 330, 0.3, 0.7};
    case 61:
        return {kConga, 230, 0.3, 0.7};
    case 62:
        return {kConga, 270, -0.3, 0.6};
    case 63:
        return {kConga, 245, -0.3, 0.7};
    case 64:
        return {kConga, 185, -0.3, 0.75};
    case 65:
        return {kConga, 420, 0.4, 0.6};
    case 66:
        return {kConga, 310, 0.4, 0.65};
    case 67:
        return {kCowbell, 1.6, -0.4, 0.45};
    case 68:
        return {kCowbell, 1.2, -0.4, 0.45};
    case 69:
        return {kShaker, 0.9, -0.25, 0.5};
    case 70:
        return {kShaker, 1.1, 0.35, 0.45};
    case 71:
    case 72:
        return {kClave, 1.3, 0.3, 0.4};
    case 73:
    case 74:
        return {kShaker, 0.75, 0.3, 0.5};
    case 75:
        return {kClave, 1.0, 0.2, 0.6};
    case 76:
        return {kClave, 0.62, -0.25, 0.6};
    case 77:
        return {kClave, 0.45, -0.25, 0.6};
    case 80:
        return {kTriangle, 1.0, 0.4, 0.35, 2};
    case 81:
        return {kTriangle, 1.0, 0.4, 0.4, 2};
    case 82:
        return {kShaker, 1.0, 0.3, 0.55};
    default:
        if (pitch < 35) return {kKick, 0.8};
        return {kConga, 180.0 + 12.0 * (pitch % 12), 0.2, 0.6};
    }
}

} // namespace loopmind::synth
