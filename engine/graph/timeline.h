// From the frames that a player has played to session time, with a loop.
#pragma once

#include <algorithm>
#include <cstdint>

namespace loopmind::graph {

/// `running` counts the frames played; session time follows it and jumps back at the end of a loop.
struct Timeline {
    std::int64_t shift = 0; ///< session time at running 0
    std::int64_t loop_start = 0;
    std::int64_t loop_end = 0; ///< not after loop_start: no loop
    bool endless = false;      ///< what lies before the loop is the loop as well (pre-roll of a loop render)
    bool frozen = false;       ///< session time stands still at `shift`

    bool loops() const { return loop_end > loop_start; }
    std::int64_t session_at(std::int64_t running) const {
        if (frozen) return shift;
        std::int64_t time = running + shift;
        if (!loops() || (time < loop_end && (!endless || time >= loop_start))) return time;
        const std::int64_t length = loop_end - loop_start;
        const std::int64_t into = (time - loop_start) % length;
        return loop_start + (into < 0 ? into + length : into);
    }
    /// Calls `span(session_time, offset, frames)` for each stretch of running .. running + frames in which
    /// session time does not jump.
    template <typename Span> void spans(std::int64_t running, int frames, Span&& span) const {
        for (int at = 0; at < frames;) {
            const std::int64_t time = session_at(running + at);
            int count = frames - at;
            if (loops() && time < loop_end && (!endless || time >= loop_start))
                count = static_cast<int>(std::min<std::int64_t>(count, loop_end - time));
            span(time, at, count);
            at += count;
        }
    }
    bool operator==(const Timeline&) const = default;
};

} // namespace loopmind::graph
