// The suite on SQLite.
#include "tests/coordinator/store/access_conformance.h"
#include "tests/coordinator/store/census_check.h"
#include "tests/coordinator/store/store_conformance.h"

namespace loopmind::store {
namespace {

Result<std::unique_ptr<Store>> open_sqlite(const std::filesystem::path& folder) {
    return open_sqlite_store(folder / "coordinator.db");
}

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreConformance, ::testing::Values(Implementation{"sqlite", open_sqlite}),
                         [](const auto& info) { return info.param.name; });

// Opening the store makes the database.
Result<std::unique_ptr<AccessStore>> open_access(const std::filesystem::path& folder) {
    if (auto store = open_sqlite(folder); !store.ok()) return store.error();
    return open_sqlite_access(folder / "coordinator.db");
}

INSTANTIATE_TEST_SUITE_P(Sqlite, AccessConformance,
                         ::testing::Values(AccessImplementation{"sqlite", open_access}),
                         [](const auto& info) { return info.param.name; });

TEST(SqliteCensus, NamesEveryBlobOnce) {
    const ScratchFolder folder;
    check_census(*StorePlace::parse("", folder.path() / "coordinator.db"));
}

} // namespace
} // namespace loopmind::store
