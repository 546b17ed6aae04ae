// Where sounding events fall in a segment of a loop whose tails wrap round to its start.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace loopmind::synth {

/// One sound on the loop's time line, in frames. It may ring past the end of the loop, even several times
/// round.
struct Event {
    std::int64_t start = 0;  ///< in [0, total)
    std::int64_t frames = 0; ///< until it is silent
};

/// The part of one event that sounds in one segment.
struct Slice {
    std::size_t event = 0;
    std::int64_t from = 0;   ///< frames after the event's start
    std::int64_t at = 0;     ///< frames after the segment's start
    std::int64_t frames = 0; ///< > 0
};

/// Slices of all events in [first, first + frames) of a loop of `total` frames; an event that is still
/// sounding at the end of the loop sounds at its start too. Order: by event, then by time round the loop.
std::vector<Slice> slices_in(const std::vector<Event>& events, std::int64_t total, std::int64_t first,
                             std::int64_t frames);

} // namespace loopmind::synth
