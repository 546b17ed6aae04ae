// The suite on SQLite.
#include "tests/coordinator/store/store_conformance.h"

namespace loopmind::store {
namespace {

Result<std::unique_ptr<Store>> open_sqlite(const std::filesystem::path& folder) {
    return open_sqlite_store(folder / "coordinator.db");
}

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreConformance, ::testing::Values(Implementation{"sqlite", open_sqlite}),
                         [](const auto& info) { return info.param.name; });

} // namespace
} // namespace loopmind::store
