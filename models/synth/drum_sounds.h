// One-shot drum sounds in closed form: swept sines, shaped noise, inharmonic metal.
#pragma once

#include "models/synth/stem_engine.h"

#include <map>
#include <string>
#include <vector>

namespace loopmind::synth {

/// The sounds a kit is made of.
enum class DrumKind {
    kKick,
    kSnare,
    kRim,
    kClap,
    kClosedHat,
    kPedalHat,
    kOpenHat,
    kTom,
    kCrash,
    kRide,
    kCowbell,
    kTambourine,
    kShaker,
    kClave,
    kConga,
    kTriangle
};

/// Sound design of one kit. Factors multiply the neutral sound, which is a dry studio machine.
struct DrumKit {
    std::string name;
    double kick_hz = 52;      ///< where the kick's sweep ends
    double kick_sweep = 4.2;  ///< where it starts, as a multiple
    double kick_fall = 0.022; ///< seconds of the sweep
    double kick_decay = 0.17; ///< seconds
    double kick_click = 0.5;
    double kick_drive = 0.25;
    double snare_hz = 185;
    double snare_decay = 0.12;
    double snare_noise = 0.7; ///< noise against body, 0..1
    double snare_bright = 1;
    double clap_decay = 0.11;
    double hat_hz = 8200; ///< lower edge of the hats
    double hat_decay = 1;
    double metal = 0.5; ///< ringing partials against noise, 0..1
    double tom_hz = 1;  ///< factor on the toms' pitches
    double tom_decay = 0.25;
    double cymbal_decay = 1;
    double room = 0.1; ///< short diffuse tail on snare, clap and toms, 0..1
    double grit = 0;   ///< saturation and loss of the top
    double trim_db = 0;
};

/// All kits.
const std::vector<DrumKit>& drum_kits();

/// Which sound a General MIDI drum note plays, and how it is tuned.
struct DrumVoice {
    DrumKind kind = DrumKind::kClave;
    double tune = 1; ///< factor on its pitch
    double pan = 0;  ///< -1..1 at full width
    double level = 1;
    int choke = 0; ///< hits of the same group > 0 stop each other
};
DrumVoice drum_voice(int midi_pitch);

/// The stem's tone response by number of FFT bins: many hits share it.
using ToneCache = std::map<std::int64_t, at::Tensor>;

/// Renders one hit: [2, frames] on the device, silent at its end. `strength` 0..1 is the velocity layer,
/// `turn` selects other noise so that repeated hits are not machine-gun copies.
at::Tensor render_drum(const StemContext& context, const DrumKit& kit, const DrumVoice& voice,
                       double strength, std::uint64_t turn, ToneCache& tones);

} // namespace loopmind::synth
