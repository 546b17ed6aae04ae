// What the graph needs to know of a session: tracks, clips in frames, inserts, sends, buses, master.
// JUCE-free.
#pragma once

#include "engine/graph/media_source.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace loopmind::graph {

/// An effect of a chain.
struct InsertSpec {
    std::string id;
    std::string effect;                   ///< a type of effects::make_effect
    std::map<std::string, double> params; ///< by name; what is missing has the effect's default
    bool bypass = false;
};

/// Audio placed in time. Frames of the session; media beyond its end is silence.
struct ClipSpec {
    std::string media;             ///< id of a media entry
    std::int64_t start = 0;        ///< first frame that sounds
    std::int64_t end = 0;          ///< first frame that does not
    std::int64_t media_offset = 0; ///< frame of the media that sounds at `start`, >= 0
    double gain_db = 0;
};

struct SendSpec {
    std::string to;   ///< id of a bus
    double level = 1; ///< linear
    bool pre_fader = false;
};

struct TrackSpec {
    std::string id;
    bool bus = false;
    double gain_db = 0; ///< -144 is silence
    double pan = 0;     ///< -1..1, constant-power balance, unity in the middle
    bool mute = false;
    bool solo = false;
    std::string output; ///< id of a bus; "" is the master
    std::vector<InsertSpec> inserts;
    std::vector<SendSpec> sends;
    std::vector<ClipSpec> clips; ///< none for a bus
};

/// A session as the graph sees it; tracks in document order.
struct GraphSpec {
    int sample_rate = 48000;
    double tempo = 120;            ///< quarter notes per minute, for tempo-synced effects
    std::int64_t total_frames = 0; ///< length of the session (and of its loop)
    std::vector<TrackSpec> tracks;
    std::vector<InsertSpec> master; ///< master inserts in signal order
    double master_gain_db = 0;      ///< master fader, after the inserts
    std::vector<MediaRef> media;
};

} // namespace loopmind::graph
