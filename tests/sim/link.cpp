// Delay, order and loss.
#include "tests/sim/link.h"

namespace loopmind::sim {

void Link::break_off() {
    if (broken_) return;
    broken_ = true;
    rest_until_ = world_.time.now() + (world_.time.chance(50) ? Millis{50} : Millis{0});
}

void Link::carry(Millis& last, bool inwards, std::function<void()> arrive) {
    if (broken_) return;
    Timeline& time = world_.time;
    Millis when = std::max(time.now() + time.delay(), held_until_);
    if (world_.hostile) {
        if (time.chance(2)) return;
        if (time.chance(3)) deliver(when + time.delay(), inwards, arrive);
    }
    if (!world_.hostile || time.chance(90)) when = last = std::max(when, last);
    deliver(when, inwards, std::move(arrive));
}

void Link::deliver(Millis when, bool inwards, std::function<void()> arrive) {
    world_.time.at(when, [this, self = shared_from_this(), inwards, arrive = std::move(arrive)] {
        if (!broken_ || (inwards && world_.time.now() <= rest_until_)) arrive();
    });
}

} // namespace loopmind::sim
