// One connection between a worker and a coordinator: in order, until it breaks.
#pragma once

#include <functional>
#include <memory>

#include "tests/sim/world.h"

namespace loopmind::sim {

class Link : public std::enable_shared_from_this<Link> {
  public:
    Link(World& world, std::uint64_t number) : world_(world), number_(number) {}

    std::uint64_t number() const { return number_; }
    bool broken() const { return broken_; }
    /// What has nearly arrived at the coordinator may still come; a closed socket sends nothing more, and its
    /// owner reads nothing more.
    void break_off();
    /// Nothing gets through until then; it waits.
    void hold_until(Millis time) { held_until_ = std::max(held_until_, time); }

    void to_coordinator(std::function<void()> arrive) { carry(last_in_, true, std::move(arrive)); }
    void to_worker(std::function<void()> arrive) { carry(last_out_, false, std::move(arrive)); }

  private:
    void carry(Millis& last, bool inwards, std::function<void()> arrive);
    void deliver(Millis when, bool inwards, std::function<void()> arrive);

    World& world_;
    std::uint64_t number_;
    bool broken_ = false;
    Millis rest_until_{0};
    Millis held_until_{0};
    Millis last_in_{0};
    Millis last_out_{0};
};

} // namespace loopmind::sim
