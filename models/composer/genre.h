// What makes a genre: harmony, grooves, idioms, registers and instruments, as data.
//
// Rhythms are strings of sixteenths ('.' none). The character says what the step is and when it sounds:
//   X accent, x normal, o soft         always there
//   1..9                               joins when energy passes about 0.1 .. 0.9
//   a..i                               joins when complexity passes about 0.1 .. 0.9 (ghosts, syncopation)
// A 4/4 bar has 16 steps, a 3/4 bar 12; a longer string is a pattern of several bars.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace loopmind::composer {

/// One drum or percussion instrument of a groove.
struct Lane {
    int pitch; ///< General MIDI drum
    const char* steps;
    int velocity = 90; ///< of an accent at medium energy
};
using Groove = std::vector<Lane>;

/// A bass figure: `tones` says what each step plays: R root, 5 fifth, 8 octave, 3 third, 7 seventh,
/// W walking tone, A approach to the next root.
struct BassFigure {
    const char* steps;
    const char* tones;
    double sustain = 0.9; ///< share of the gap to the next note that sounds
};

enum class CompStyle { kBlock, kStab, kBroken, kPower };

struct CompFigure {
    const char* steps;
    CompStyle style = CompStyle::kBlock;
    double sustain = 0.95;
};

/// Chords by scale degree, one token per bar (times `bars_per_chord`); "2,5" splits a bar in two.
struct Progressions {
    std::vector<const char*> minor;
    std::vector<const char*> major;
};

struct Extensions {
    int always = 0;                   ///< 0 triads, 1 sevenths, 2 ninths before complexity adds any
    bool secondary_dominants = false; ///< minor chords that fall a fifth may become dominants
};

struct MelodyStyle {
    std::vector<const char*> cells; ///< half-bar rhythms of 8 steps, 'x' notes
    double leap = 0.2;              ///< share of leaps
    double repeat = 0.12;           ///< share of repeated notes
    int unit_bars = 1;              ///< bars of a motif
    bool pentatonic = false;        ///< weak notes avoid the half steps of the scale
    double legato = 0.9;
    double rest = 0.25; ///< chance that a motif breathes in its last half bar
    double hold = 2.5;  ///< beats that a note may last at most
};

struct ArpStyle {
    std::vector<const char*> steps;
    double length = 0.2; ///< beats
};

/// An instrument that plays a role under some textures; the first that matches is used.
struct Sound {
    const char* role;
    const char* textures; ///< letters of Warm Bright Gritty Airy Vintage Clean; "" matches all
    const char* engine;   ///< "synth" or "soundfont"
    const char* patch;    ///< synth patch; "" for soundfont
    int program;
    int bank;
    const char* name;
    double level_db = 0; ///< added to the level of the role
};

struct Registers {
    int bass = 33;   ///< lowest root
    int chords = 58; ///< middle of the chord voicing
    int melody = 72;
    int pad = 60;
    int arp = 72;
};

struct GenreStyle {
    const char* name;
    double tempo_low, tempo_high; ///< where the genre lives; outside it the feel halves or doubles
    double swing = 0;             ///< of sixteenths unless swing_eighths
    bool swing_eighths = false;
    std::vector<Groove> grooves;
    Groove waltz; ///< for 3/4
    std::vector<Groove> percussion;
    Groove percussion_waltz;
    std::vector<BassFigure> bass;
    std::vector<BassFigure> bass_waltz;
    std::vector<CompFigure> comps;
    std::vector<CompFigure> comps_waltz;
    Progressions progressions;
    int bars_per_chord = 1;
    Extensions extensions;
    MelodyStyle melody;
    ArpStyle arp;
    Registers registers;
    bool fills = true;        ///< drum fills at phrase ends
    bool vocal_chops = false; ///< vocals chop instead of sustaining
    double brightness = 0;    ///< added to Tone.brightness
    std::vector<Sound> sounds;
};

/// The style of a genre of the contract, or nothing.
const GenreStyle* find_genre(std::string_view name);
/// All styles in the order of the contract.
std::vector<const GenreStyle*> all_genres();

namespace genres {
const GenreStyle& lofi();
const GenreStyle& hip_hop();
const GenreStyle& trap();
const GenreStyle& rnb();
const GenreStyle& house();
const GenreStyle& techno();
const GenreStyle& drum_and_bass();
const GenreStyle& synthwave();
const GenreStyle& pop();
const GenreStyle& rock();
const GenreStyle& jazz();
const GenreStyle& funk();
const GenreStyle& ambient();
const GenreStyle& cinematic();
} // namespace genres

} // namespace loopmind::composer
