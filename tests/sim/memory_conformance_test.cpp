// The store conformance suite on the memory store.
#include <chrono>
#include <map>

#include "tests/coordinator/store/store_conformance.h"
#include "tests/sim/memory_store.h"

namespace loopmind::store {
namespace {

// One database per folder, as files would be.
Result<std::unique_ptr<Store>> open_memory(const std::filesystem::path& folder) {
    static std::map<std::filesystem::path, std::shared_ptr<sim::MemoryDatabase>> databases;
    auto& database = databases[folder];
    if (!database) {
        database = std::make_shared<sim::MemoryDatabase>();
        database->clock = [] {
            return std::chrono::duration_cast<core::Millis>(
                std::chrono::steady_clock::now().time_since_epoch());
        };
    }
    return sim::open_memory_store(database);
}

INSTANTIATE_TEST_SUITE_P(Memory, StoreConformance, ::testing::Values(Implementation{"memory", open_memory}),
                         [](const auto& info) { return info.param.name; });

} // namespace
} // namespace loopmind::store
