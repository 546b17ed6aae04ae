// Where a coordinator's metadata are: a file of SQLite in its home, or a PostgreSQL database.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "coordinator/store/access_store.h"
#include "coordinator/store/blob_census.h"
#include "coordinator/store/postgres/address.h"
#include "coordinator/store/store.h"

namespace loopmind::store {

class StorePlace {
  public:
    /// `url`: postgresql://..., or empty for SQLite in `file`. Errors: invalid_argument.
    static Result<StorePlace> parse(const std::string& url, const std::filesystem::path& file);

    /// For people; never with a password.
    std::string display() const;
    /// Several coordinators may use it: leadership runs out and must be renewed. Otherwise the home's lock is
    /// the lease.
    bool shared() const { return postgres_.has_value(); }

    /// SQLite is migrated to the newest schema when it is opened; PostgreSQL only by migrate().
    Result<std::unique_ptr<Store>> open() const;
    Result<std::unique_ptr<IdentityReader>> open_identities() const;
    /// With SQLite, open() must have brought the schema up to date.
    Result<std::unique_ptr<AccessStore>> open_access() const;
    /// The database must be there, with the newest schema.
    Result<std::unique_ptr<BlobCensus>> open_census() const;
    int newest_schema() const;
    Status migrate(int version) const;

  private:
    std::filesystem::path file_;
    std::optional<PostgresAddress> postgres_;
};

} // namespace loopmind::store
