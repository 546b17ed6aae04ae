// Time goes on from event to event.
#include "tests/sim/timeline.h"

namespace loopmind::sim {

bool Timeline::step(Millis end) {
    if (coming_.empty() || coming_.begin()->first > end) {
        now_ = std::max(now_, end);
        return false;
    }
    auto next = coming_.extract(coming_.begin());
    now_ = next.key();
    next.mapped()();
    return true;
}

void Process::later(Millis delay, std::function<void()> act) {
    time_.after(delay, [this, life = life_, act = std::move(act)] { run(life, act); });
}

void Process::run(std::uint64_t life, const std::function<void()>& act) {
    if (life != life_) return;
    if (stopped())
        time_.at(stopped_until_, [this, life, act] { run(life, act); });
    else
        act();
}

} // namespace loopmind::sim
