// The suite on a real PostgreSQL server, one for the whole program.
#include <map>

#include "coordinator/store/postgres/postgres_store.h"
#include "tests/coordinator/postgres_server.h"
#include "tests/coordinator/store/access_conformance.h"
#include "tests/coordinator/store/census_check.h"
#include "tests/coordinator/store/store_conformance.h"

namespace loopmind::store {
namespace {

// A folder stands for a schema of the server.
Result<PostgresAddress> place_of(const std::filesystem::path& folder) {
    static std::map<std::filesystem::path, std::string> urls;
    auto& url = urls[folder];
    const bool fresh = url.empty();
    if (fresh) url = testing::PostgresServer::shared().new_place();
    const auto address = PostgresAddress::parse(url);
    if (!address.ok()) return address.error();
    if (fresh)
        if (Status migrated = migrate_postgres(*address, newest_postgres_schema()); !migrated)
            return migrated.error();
    return address;
}

Result<std::unique_ptr<Store>> open_postgres(const std::filesystem::path& folder) {
    const auto address = place_of(folder);
    if (!address.ok()) return address.error();
    return open_postgres_store(*address);
}

Result<std::unique_ptr<AccessStore>> open_access(const std::filesystem::path& folder) {
    const auto address = place_of(folder);
    if (!address.ok()) return address.error();
    return open_postgres_access(*address);
}

INSTANTIATE_TEST_SUITE_P(Postgres, StoreConformance,
                         ::testing::Values(Implementation{"postgres", open_postgres}),
                         [](const auto& info) { return info.param.name; });
INSTANTIATE_TEST_SUITE_P(Postgres, AccessConformance,
                         ::testing::Values(AccessImplementation{"postgres", open_access}),
                         [](const auto& info) { return info.param.name; });

TEST(PostgresCensus, NamesEveryBlobOnce) {
    const auto place = StorePlace::parse(testing::PostgresServer::shared().new_place(), {});
    ASSERT_TRUE(place.ok());
    ASSERT_TRUE(place->migrate(place->newest_schema()));
    check_census(*place);
}

} // namespace
} // namespace loopmind::store
