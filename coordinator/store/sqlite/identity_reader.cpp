// Identities for the ZAP thread, over a connection of its own.
#include <mutex>

#include "coordinator/store/sqlite/database.h"
#include "coordinator/store/sqlite/sqlite_store.h"

namespace loopmind::store {
namespace {

class SqliteIdentities : public IdentityReader {
  public:
    explicit SqliteIdentities(const std::filesystem::path& file)
        : database_(file, Database::Mode::kReadOnly) {}

    Result<std::optional<StoredIdentity>> find(const std::string& public_key) override {
        const std::lock_guard lock(mutex_);
        try {
            Query query = database_.query("find_identity");
            query.bind(public_key);
            if (!query.step()) return std::optional<StoredIdentity>{};
            return std::optional<StoredIdentity>{{query.text(0), query.text(1), query.text(2), query.text(3),
                                                  query.integer(4) != 0, query.number(5)}};
        } catch (const SqlFailure& failure) {
            return failure.error;
        }
    }

  private:
    std::mutex mutex_;
    Database database_;
};

} // namespace

Result<std::unique_ptr<IdentityReader>> open_sqlite_identities(const std::filesystem::path& file) {
    try {
        return std::unique_ptr<IdentityReader>(std::make_unique<SqliteIdentities>(file));
    } catch (const SqlFailure& failure) {
        return failure.error;
    }
}

} // namespace loopmind::store
