// Cuts events into the slices that one segment of the loop needs.
#include "models/synth/timeline.h"

#include <algorithm>

namespace loopmind::synth {

std::vector<Slice> slices_in(const std::vector<Event>& events, std::int64_t total, std::int64_t first,
                             std::int64_t frames) {
    std::vector<Slice> out;
    for (std::size_t i = 0; i < events.size(); ++i) {
        // Round k of the loop heard the event k * total frames earlier.
        for (std::int64_t start = events[i].start; start + events[i].frames > first; start -= total) {
            const std::int64_t from = std::max(start, first);
            const std::int64_t to = std::min(start + events[i].frames, first + frames);
            if (to > from) out.push_back({i, from - start, from - first, to - from});
        }
    }
    return out;
}

} // namespace loopmind::synth
