// Reads the parts of a session that sound into a GraphSpec.
#pragma once

#include "engine/graph/graph_spec.h"
#include "proto/base/result.h"

namespace loopmind::session {
class Session;
}

namespace loopmind::graph {

/// Message thread. Audio and MIDI tracks play the audio of their patterns; patterns without audio are silent
/// until instruments are hosted; video tracks and types of newer versions are left out, as are muted clips
/// and automation that is off. A clip whose pattern has another tempo is stretched to the tempo at the clip's
/// start; inside a clip the audio runs on in seconds, whatever the tempo map does, while rounds of a loop
/// begin on their beats. Errors: invalid_argument for a clip whose pattern is missing or that has no length.
Result<GraphSpec> graph_spec_from(const session::Session& session);

} // namespace loopmind::graph
