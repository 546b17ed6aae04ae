// Brings documents of older versions to the form of this one. Private to engine/session.
#pragma once

#include <juce_data_structures/juce_data_structures.h>

namespace loopmind::session {

/// Takes every step from minor version `from` of our major version to ours. The document was read by the
/// schema; ids may be missing. Keeps what it does not know.
void migrate(juce::ValueTree& session, int from);

} // namespace loopmind::session
