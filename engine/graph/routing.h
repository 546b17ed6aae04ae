// Who feeds whom: targets, side-chains, processing order and what solo and mute leave open.
#pragma once

#include "engine/graph/graph_spec.h"
#include "proto/base/result.h"

#include <map>
#include <string>
#include <vector>

namespace loopmind::graph {

inline constexpr int kMasterNode = -1; ///< as a target

/// A connection of a track's output or of one of its sends.
struct Connection {
    int source = 0; ///< index into GraphSpec::tracks
    int target = kMasterNode;
    int send = -1; ///< index of the send, -1 the output
    bool open = true;
};

/// An insert that listens to a track.
struct KeyConnection {
    int source = 0;
    int track = kMasterNode; ///< whose insert it is
    int insert = 0;
};

struct Routing {
    std::vector<Connection> connections; ///< in document order
    std::vector<KeyConnection> keys;
    std::vector<std::size_t> order; ///< document order, but each track behind what feeds it or is its key
};

/// Resolves the spec's names. Errors: invalid_argument for ids that stand twice or are "master", targets that
/// are no bus, groups and keys that do not exist, and circles (naming the tracks in them).
///
/// Solo in place: with anything soloed, a connection is open when its source is soloed (or solo-safe),
/// carries something soloed on towards the master, or when its target is on the way into a soloed bus. A
/// muted track, or one in a muted group, closes all its connections, sends before the fader as well; a mute
/// lane takes the place of the track's own switch.
Result<Routing> resolve_routing(const GraphSpec& spec);

/// Linear gain of a track's fader group; 1 without one.
float group_gain(const GraphSpec& spec, const TrackSpec& track);

} // namespace loopmind::graph
