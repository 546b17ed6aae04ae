// The symbolic plan: what every stem plays, before a sample exists. Composer writes it, synth and worker read
// it.
#pragma once

#include "proto/base/result.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace loopmind::composer {

/// One note. Times are quarter-note beats from the start of the loop and already hold swing and humanize.
struct Note {
    double start = 0;   ///< beats, in [0, total_beats); humanize makes the first beat late, never early
    double length = 0;  ///< beats, > 0; may ring past the end of the loop, the renderer wraps it
    double grid = 0;    ///< beats: the un-humanized, un-swung position the note was written at
    int pitch = 60;     ///< MIDI note number 0..127; General MIDI drum map for drums and percussion
    int velocity = 100; ///< 1..127
    bool chromatic =
        false; ///< outside the scale by design (blue note, secondary dominant, approach, chord tone)
};

/// Which sound plays a stem. `engine` "synth" names a tensor patch of models/synth (e.g. "bass.sub",
/// "kit.lofi", "texture.vinyl"); "soundfont" a General MIDI program (bank 128 = drum kits).
struct Instrument {
    std::string engine = "synth";
    std::string patch;
    int program = 0; ///< General MIDI program 0..127, also written to the MIDI file for synth patches
    int bank = 0;
    std::map<std::string, double> params; ///< patch parameters by name; unknown names are ignored
};

/// Timbre that texture, energy, mood and complexity ask for. All 0..1 except where said.
struct Tone {
    double brightness =
        0.5;            ///< 0 dark, 0.5 as designed, 1 bright; scales filter cutoffs, monotonic in energy
    double warmth = 0;  ///< low-mid lift and soft saturation
    double drive = 0;   ///< saturation amount
    double air = 0;     ///< high shelf and breath noise
    double age = 0;     ///< wow, flutter, noise, band limits (Vintage)
    double punch = 0.5; ///< loudness of transients against sustain, monotonic in energy
};

/// One stem of the plan.
struct StemPlan {
    std::string id;   ///< unique in the plan, e.g. "drums"
    std::string role; ///< drums percussion bass chords melody pad arp texture vocals
    std::string name; ///< for people, e.g. "Dusty Kit"
    Instrument instrument;
    Tone tone;
    int midi_channel = 1; ///< 1..16; 10 for drums and percussion
    double level_db =
        0;            ///< the stem's rendered level is normalised to it by design, never by measuring the mix
    double pan = 0;   ///< -1 left .. 1 right
    double width = 1; ///< 0 mono .. 1 as designed
    double reverb_send = 0;  ///< 0..1, used when the request's fx hold "reverb"
    double delay_send = 0;   ///< 0..1, used when the request's fx hold "delay"
    std::vector<Note> notes; ///< sorted by start, then pitch; textures have none or one long note
};

/// A chord symbol on the timeline.
struct Chord {
    double start = 0;    ///< beats
    double length = 0;   ///< beats
    int root = 0;        ///< pitch class 0..11
    std::string quality; ///< "maj7", "m9", "7", "sus4", ...
    std::string symbol;  ///< "Am9"
    std::vector<int> pitch_classes;
};

struct Section {
    std::string name; ///< Intro Verse Hook Bridge Outro
    int start_bar = 0;
    int bars = 0;
    double density = 1;   ///< 0..1
    int variant = 0;      ///< 0 first appearance; n > 0: the n-th listed variation of returning material
    std::string material; ///< sections that share it return to the same material
};

struct Key {
    int tonic = 9; ///< pitch class, C = 0
    std::string mode =
        "minor"; ///< major minor dorian phrygian lydian mixolydian locrian "harmonic minor" "melodic minor"
    std::vector<int> scale; ///< pitch classes of the scale
};

/// Everything one variation of a request plays.
struct Plan {
    int schema = 1;
    std::string genre;
    double tempo = 120;    ///< quarter notes per minute
    int beats_per_bar = 4; ///< quarter notes per bar: 3 or 4
    int bars = 8;
    Key key;
    double swing = 0;        ///< 0 straight .. 1 triplet, on `swing_grid`
    double swing_grid = 0.5; ///< beats: 0.5 swings eighths, 0.25 sixteenths
    std::uint64_t seed = 0;  ///< the seed this variation was composed with
    std::vector<Section> sections;
    std::vector<Chord> chords;
    std::vector<StemPlan> stems;

    double total_beats() const { return static_cast<double>(bars) * beats_per_bar; }
};

/// All variations of one request, in order.
struct Composition {
    int schema = 1;
    std::vector<Plan> variations;
};

/// Canonical JSON (sorted keys, no white space, doubles in shortest round-trip form): same composition, same
/// bytes.
std::string to_json(const Composition& composition);

/// Parses and checks what to_json wrote: ranges, sizes, finite numbers. Never throws.
Result<Composition> composition_from_json(const std::string& text);

} // namespace loopmind::composer
