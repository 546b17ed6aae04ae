// One choice, made once.
#include "coordinator/store/place.h"

#include "coordinator/store/postgres/postgres_store.h"
#include "coordinator/store/sqlite/sqlite_store.h"

namespace loopmind::store {

Result<StorePlace> StorePlace::parse(const std::string& url, const std::filesystem::path& file) {
    StorePlace place;
    place.file_ = file;
    if (url.empty()) return place;
    auto address = PostgresAddress::parse(url);
    if (!address.ok()) return address.error();
    place.postgres_ = std::move(*address);
    return place;
}

std::string StorePlace::display() const {
    return postgres_ ? postgres_->display() : file_.string();
}

Result<std::unique_ptr<Store>> StorePlace::open() const {
    return postgres_ ? open_postgres_store(*postgres_) : open_sqlite_store(file_);
}

Result<std::unique_ptr<IdentityReader>> StorePlace::open_identities() const {
    return postgres_ ? open_postgres_identities(*postgres_) : open_sqlite_identities(file_);
}

Result<std::unique_ptr<AccessStore>> StorePlace::open_access() const {
    return postgres_ ? open_postgres_access(*postgres_) : open_sqlite_access(file_);
}

Result<std::unique_ptr<BlobCensus>> StorePlace::open_census() const {
    return postgres_ ? open_postgres_census(*postgres_) : open_sqlite_census(file_);
}

int StorePlace::newest_schema() const {
    return postgres_ ? newest_postgres_schema() : newest_sqlite_schema();
}

Status StorePlace::migrate(int version) const {
    return postgres_ ? migrate_postgres(*postgres_, version) : migrate_sqlite(file_, version);
}

} // namespace loopmind::store
