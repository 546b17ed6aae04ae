// A whole farm in one thread and no time: coordinators, workers and clients, and everything that can happen
// to them, drawn from a seed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/memory_store.h"

namespace loopmind::sim {

struct Outcome {
    std::string broken; ///< Which promise; empty: none.
    std::vector<std::string> trace;
    std::size_t tasks = 0; ///< That were done.
};

/// The same seed is the same run.
Outcome run_virtual_farm(std::uint64_t seed, Plant plant = Plant::kNone, bool traced = false);

/// The first of `count` seeds from `first` that breaks a promise.
std::optional<std::uint64_t> first_broken_seed(std::uint64_t first, std::uint64_t count, Plant plant);

} // namespace loopmind::sim
