// What the parts of one virtual farm share.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>

#include "coordinator/core/farm.h"
#include "tests/sim/memory_blobs.h"
#include "tests/sim/memory_store.h"
#include "tests/sim/timeline.h"
#include "worker/service/attempt_table.h"

namespace loopmind::sim {

/// A promise was broken.
struct Broken : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct World {
    World(std::uint64_t seed, bool traced, Plant planted)
        : time(seed, traced), database(std::make_shared<MemoryDatabase>()), plant(planted) {
        database->clock = [this] { return time.now(); };
        database->plant = planted;
    }

    Timeline time;
    std::shared_ptr<MemoryDatabase> database;
    MemoryBlobs blobs;
    Plant plant;
    std::uint64_t connections = 0;         ///< So far.
    std::map<std::uint64_t, Millis> terms; ///< When each began.
    bool hostile = false;                  ///< Single messages are lost, doubled and overtaken too.
    Millis wall{1'700'000'000'000};        ///< What people's clocks show more than the time since the start.
    /// A worker was told whether its result counts.
    std::function<void(const worker::Attempt&, bool accepted)> told = [](const auto&, bool) {};
    Millis lease{10'000}; ///< As workers are told.
    Millis heartbeat{1'000};
};

} // namespace loopmind::sim
