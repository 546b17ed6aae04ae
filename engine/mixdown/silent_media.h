// Media that know their length but not their sound: enough to plan routing, latency and lengths.
#pragma once

#include "engine/graph/graph_spec.h"

#include <cstdint>
#include <memory>

namespace loopmind::session {
class Session;
}

namespace loopmind::mixdown {

/// Silence of a length at a rate.
std::shared_ptr<const graph::Media> silent_media(std::int64_t frames, int sample_rate);

/// Media of a session by what the document says of them: length and rate, converted to the session's rate.
/// Errors: invalid_argument for a medium whose length is not known.
graph::MediaLibrary silent_library(const session::Session& session);

/// Takes stretch and pitch from a track's clips: silence has none, and stretching it would be work for
/// nothing.
void leave_unstretched(graph::TrackSpec& track);

} // namespace loopmind::mixdown
