// Reads the parts of a session that sound into a GraphSpec.
#pragma once

#include "engine/graph/graph_spec.h"
#include "proto/base/result.h"

namespace loopmind::session {
class Session;
}

namespace loopmind::graph {

/// Message thread. Audio and MIDI tracks play the audio of their patterns; patterns without audio are silent
/// until instruments are hosted; video tracks and types of newer versions are left out. Muted clips are left
/// out. Errors: invalid_argument for a clip whose pattern is missing, of no length, or at another tempo than
/// the session.
Result<GraphSpec> graph_spec_from(const session::Session& session);

} // namespace loopmind::graph
