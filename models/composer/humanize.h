// From drafts to notes: swing, humanize and dynamics.
#pragma once

#include "models/composer/draft.h"

#include <cstdint>
#include <vector>

namespace loopmind::composer {

/// A chosen draft on the real timeline.
struct Placed {
    Draft draft;            ///< at and length in real beats from the start of the loop
    std::uint64_t identity; ///< same for the same note of returning material; names its random offsets
    std::uint64_t moment;   ///< same for notes that are struck together
    double density = 1;     ///< of its section
};

/// Applies swing, then humanize, then wraps into the loop. The offsets are the same draw for every humanize
/// value, centred among notes of one place in the swing, so timing spread grows linearly; velocity offsets
/// are centred per sixteenth of the bar and never oppose its written accents, so their spread grows too.
std::vector<Note> perform(const Context& context, const std::vector<Placed>& placed, const Stream& stream,
                          bool drums, double swing_grid);

} // namespace loopmind::composer
