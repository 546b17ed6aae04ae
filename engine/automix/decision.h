// All that deciding a mix has gathered, for explaining it. Private to automix.
#pragma once

#include "engine/automix/automix.h"
#include "engine/automix/channel.h"

#include <vector>

namespace loopmind::automix {

/// Fills tracks, changes and notes of a report from the channels; the mix's own numbers stand in it already.
void explain(const std::vector<Channel>& channels, const GenreTarget& genre, Report& report);

/// The channel that the others' loudness is counted against: of the genre's reference role when there is one,
/// else of the next that carries a mix. -1 without channels.
int reference_of(const std::vector<Channel>& channels, const GenreTarget& genre);

} // namespace loopmind::automix
