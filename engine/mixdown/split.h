// A session cut into the parts that a farm mixes down: one document per track, one for the sum.
#pragma once

#include "engine/graph/insert_factory.h"
#include "engine/session/session.h"
#include "proto/base/result.h"

#include <memory>
#include <set>
#include <string>
#include <vector>

namespace loopmind::mixdown {

/// A track that is rendered on its own, before its fader.
struct TrackPart {
    std::string id;
    /// The track and the tracks that key it, without what cannot be heard before its fader: names, faders,
    /// pans, mutes, sends, routing. Two sessions that differ only there give equal text.
    std::string document;
    std::vector<std::string> media; ///< ids of the audio that its clips play
    std::vector<std::string> needs; ///< tracks whose sound it listens to
    /// URIs of plug-ins on it or on what keys it: its samples are not bit-equal between machines.
    std::vector<std::string> hosted_plugins;
};

struct Parts {
    std::vector<TrackPart> tracks;  ///< document order; only what can be heard
    std::string document;           ///< of the sum
    std::vector<std::string> media; ///< audio of tracks that the sum renders itself: their key is a bus
};

/// Cuts a session whose media know their length and rate (see describe_media). Errors: what the graph says of
/// the session: unknown effects, routing in a circle, missing patterns. Plug-ins are refused without
/// `plugins`.
Result<Parts> split(const session::Session& session,
                    const std::shared_ptr<graph::InsertFactory>& plugins = nullptr);

/// Ids of the tracks and buses that reach the master or a key.
Result<std::set<std::string>> audible_tracks(const session::Session& session,
                                             const std::shared_ptr<graph::InsertFactory>& plugins = nullptr);

/// Ids of the audio that audible tracks play, each once, in document order.
Result<std::vector<std::string>> audible_media(const session::Session& session);

} // namespace loopmind::mixdown
