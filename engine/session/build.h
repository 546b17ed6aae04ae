// From the result of a generation to a session: one track per stem, effects, sections, a layer. JUCE-free.
#pragma once

#include "proto/base/result.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace loopmind::session {

/// A file of the session. At least one of `file` and `sha256` is set; the rest is 0 when unknown.
struct MediaRef {
    std::string file;        ///< path relative to the project's folder, '/' between parts
    std::string sha256;      ///< 64 lower-case hexadecimal digits
    std::int64_t size = 0;   ///< bytes
    std::int64_t frames = 0; ///< audio only
    int sample_rate = 0;
    int channels = 0;

    bool empty() const { return file.empty() && sha256.empty(); }
};

/// One stem of a generation.
struct StemTrack {
    std::string id;   ///< unique in the recipe, e.g. "drums"
    std::string name; ///< for people, e.g. "Dusty Kit"
    std::string role; ///< drums percussion bass chords melody pad arp texture vocals
    MediaRef audio;
    MediaRef midi;
    double gain_db =
        0;          ///< fader; 0 when the audio already has its planned level, so that stems sum to the mix
    double pan = 0; ///< -1..1, beyond what the audio already holds
    double reverb_send = 0; ///< 0..1, used when fx holds reverb
    double delay_send = 0;  ///< 0..1, used when fx holds delay
    int program = 0;        ///< General MIDI program 0..127
    int midi_channel = 1;   ///< 1..16
};

struct SectionSpan {
    std::string name; ///< Intro Verse Hook Bridge Outro
    int bars = 0;
    std::string material{}; ///< sections that share it return to the same material; empty: not told
    int variant = 0;        ///< 0 as first heard; n: its n-th variation
};

/// A generation as the session needs it.
struct SessionRecipe {
    std::string name;              ///< of the project; may be empty
    std::string mode = "creative"; ///< "creative" or "studio"
    double tempo = 120;            ///< quarter notes per minute
    std::string meter = "4/4";
    int bars = 8;
    std::string key; ///< "A minor"
    int sample_rate = 48000;
    std::vector<SectionSpan> sections; ///< bars sum to `bars`, or empty
    std::map<std::string, double> fx;  ///< amounts 0..1 of reverb delay drive eq; see default_fx
    bool print_fx = false;             ///< stems carry their fx already: the session gets none
    bool video_sync = false;           ///< true: a cut marker on the first beat of every bar
    std::vector<StemTrack> stems;
    std::string params_json = "{}"; ///< resolved request, kept byte for byte in the layer
    std::uint64_t seed = 0;         ///< of this variation, up to 2^53
    std::string layer_name;         ///< for people; empty: "Generation N"
    std::string created_at;         ///< RFC 3339; empty inside blobs, which hold no wall clock
    std::optional<double>
        master_gain_db;     ///< set when mastering is known; the limiter stands in the chain anyway
    double ceiling_db = -1; ///< dBTP of the master limiter
};

/// Amounts for the names a request lists in `fx`. Names other than reverb, delay, drive, eq are left out.
std::map<std::string, double> default_fx(const std::vector<std::string>& names);

/// The `.loopmind` document of a recipe: a track with one looping clip per stem, reverb and delay buses with
/// the stems' sends, eq and drive on the master, then gain and true-peak limiter, sections, one layer,
/// timeline[], and cut markers. Deterministic: same recipe, same bytes. Errors (invalid_argument) name the
/// field.
Result<std::string> build_session_json(const SessionRecipe& recipe);

/// Sets gain (dB) and true-peak ceiling (dBTP) of the master chain in a document: what settles the preview
/// mix.
Result<std::string> set_master(const std::string& session_json, double gain_db, double ceiling_db);

} // namespace loopmind::session
