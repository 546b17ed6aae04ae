// Patches of the wavetable voices: which waves, how they move, how they are spread.
#pragma once

#include <string>
#include <vector>

namespace loopmind::synth {

/// How the harmonics of a wave are found. The timbre axis of each is named after the arrow.
enum class WaveKind {
    kSaw,      ///< 1/k                                  -> low-pass cutoff
    kSquare,   ///< 1/k, odd                             -> low-pass cutoff
    kPulse,    ///< sin(pi k d)/k with duty d = `shape`  -> low-pass cutoff
    kTriangle, ///< 1/k^2, odd                           -> low-pass cutoff
    kSine,     ///< k = 1 only                           -> none
    kDrawbars, ///< 16' 8' 5 1/3' 4' 2' ... organ mix    -> none
    kFm,       ///< sin(p + I sin(r p)), r = `shape`     -> index I, 0..`span`
    kString,   ///< plucked at `shape` of its length     -> how little the high partials have died away
    kVowel,    ///< saw through formants u o a e i       -> vowel
};

/// Attack, decay to sustain, release; seconds. Attack is a parabola, decay and release are exponentials.
struct Envelope {
    double attack = 0.004;
    double decay = 0.3;
    double sustain = 1;
    double release = 0.08;
};

/// Path of a voice along its wave's timbre axis. Octaves for filters, rows of index for the other kinds.
struct Timbre {
    double base = 4;     ///< at middle C, velocity 0.63 (80), brightness 0.5; octaves above 60 Hz for filters
    double key = 0.4;    ///< per octave of pitch
    double velocity = 1; ///< from velocity 0 to 127
    double envelope = 0; ///< added at the start, decaying
    double decay = 0.2;  ///< seconds of that decay
    double lfo = 0;      ///< depth of a slow sine
    double lfo_hz = 0.3;
};

/// One oscillator of a voice.
struct Oscillator {
    WaveKind wave = WaveKind::kSaw;
    double ratio = 1; ///< of the note's frequency
    double cents = 0; ///< detune
    double gain = 1;
    double pan = 0; ///< -1..1, scaled by the stem's width
    double shape = 0.5;
    double span = 8; ///< top of the timbre axis for kFm
    Timbre timbre{};
    Envelope amp{};
    bool random_phase = false;
};

/// A playable sound.
struct VoicePatch {
    std::string name;
    std::vector<Oscillator> oscillators{};
    double resonance = 0.7;  ///< Q of the second filter section
    double drive = 0;        ///< saturation the patch has by itself, 0..1
    double bend_octaves = 0; ///< pitch at the start, falling to the note
    double bend_time = 0.03; ///< seconds
    double vibrato_cents = 0;
    double vibrato_hz = 5.2;
    double vibrato_delay = 0.25;
    double attack_noise = 0; ///< level of a short noise burst (pick, hammer, breath)
    double attack_noise_hz = 3000;
    double trim_db = 0; ///< calibration: level_db 0 gives about 0 LUFS on typical material
};

/// All wavetable patches.
const std::vector<VoicePatch>& voice_patches();

} // namespace loopmind::synth
