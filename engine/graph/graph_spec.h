// What the graph needs to know of a session: tracks, clips in frames, inserts, sends, buses, groups,
// automation, master. JUCE-free.
#pragma once

#include "engine/graph/automation.h"
#include "engine/graph/fade.h"
#include "engine/graph/insert_factory.h"
#include "engine/graph/media_source.h"
#include "engine/graph/pan_law.h"
#include "engine/graph/tempo_map.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace loopmind::graph {

/// An effect of a chain.
struct InsertSpec {
    std::string id;
    std::string effect;                   ///< a type of effects::make_effect, or kLv2
    std::map<std::string, double> params; ///< by name; what is missing has the effect's default
    bool bypass = false;
    /// Id of the track or bus whose signal behind its inserts and before its fader is the key; "" none.
    /// Without meaning for an effect that takes no key.
    std::string sidechain{};
    std::string uri{};   ///< of the plug-in, with kLv2
    std::string state{}; ///< the plug-in's own, with kLv2; "" none
};

/// Audio placed in time. Frames of the session; media beyond its end is silence.
struct ClipSpec {
    std::string media;             ///< id of a media entry
    std::int64_t start = 0;        ///< first frame that sounds
    std::int64_t end = 0;          ///< first frame that does not
    std::int64_t media_offset = 0; ///< frame of the (stretched, reversed) media that sounds at `start`, >= 0
    double gain_db = 0;
    /// Fades belong to fade_from .. fade_to: a looped clip is one ClipSpec a round. Both 0: start .. end.
    std::int64_t fade_from = 0;
    std::int64_t fade_to = 0;
    std::int64_t fade_in = 0;  ///< frames
    std::int64_t fade_out = 0; ///< frames
    FadeCurve fade_in_curve = FadeCurve::kLinear;
    FadeCurve fade_out_curve = FadeCurve::kLinear;
    bool reverse = false;
    std::int64_t reverse_frames = 0; ///< length that is turned round, after stretching; 0: the media's own
    double stretch = 1;              ///< duration ratio, 0.1..10; 2 is twice as long
    double pitch = 0;                ///< semitones, -24..24
};

struct SendSpec {
    std::string to;   ///< id of a bus
    double level = 1; ///< linear, 0..4
    bool pre_fader = false;
};

struct TrackSpec {
    std::string id;
    bool bus = false;
    double gain_db = 0; ///< -144 is silence
    double pan = 0;     ///< -1..1
    bool mute = false;
    bool solo = false;
    bool solo_safe = false;    ///< sounds although others are soloed
    bool phase_invert = false; ///< both channels, ahead of the inserts
    std::string group;         ///< id of a fader group; "" none
    std::string output;        ///< id of a bus; "" is the master
    std::vector<InsertSpec> inserts;
    std::vector<SendSpec> sends;
    std::vector<ClipSpec> clips; ///< none for a bus
    std::vector<LaneSpec> automation;
};

/// Faders of several tracks on one handle: its gain adds to theirs, its mute and solo are theirs as well.
struct GroupSpec {
    std::string id;
    double gain_db = 0;
    bool mute = false;
    bool solo = false;
};

/// A session as the graph sees it; tracks in document order.
struct GraphSpec {
    int sample_rate = 48000;
    double tempo = 120;                ///< quarter notes per minute at the start
    std::vector<TempoPoint> tempo_map; ///< empty: `tempo` everywhere
    std::int64_t total_frames = 0;     ///< length of the session (and of its loop)
    PanLaw pan_law = PanLaw::kConstantPower;
    std::vector<TrackSpec> tracks;
    std::vector<GroupSpec> groups;
    std::vector<InsertSpec> master; ///< master inserts in signal order
    double master_gain_db = 0;      ///< master fader, after the inserts
    double master_pan = 0;
    bool master_mute = false;
    std::vector<LaneSpec> master_automation; ///< gain_db, pan, mute, inserts
    std::vector<MediaRef> media;
    /// Makes inserts of type kLv2; null: they are refused.
    std::shared_ptr<InsertFactory> plugins;
};

} // namespace loopmind::graph
