// Rules of the document that concern several fields at once. Private to engine/session.
#pragma once

#include "engine/session/schema.h"

namespace loopmind::session {

/// A lane: its target is one, its points ascend by beat and their values are in the target's range.
Status check_lane(const juce::ValueTree& lane, const std::string& path, bool newer);
/// The lanes of a track: no target twice.
Status check_lanes(const juce::ValueTree& lanes, const std::string& path, bool newer);
/// tempo_map and meter_map: starts ascend.
Status check_order(const juce::ValueTree& points, const std::string& path, bool newer);

} // namespace loopmind::session
