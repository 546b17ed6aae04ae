// The census on SQLite, over a read-only connection of its own.
#include "coordinator/store/blob_census.h"
#include "coordinator/store/sqlite/database.h"
#include "coordinator/store/sqlite/sqlite_store.h"

namespace loopmind::store {
namespace {

class SqliteCensus : public BlobCensus {
  public:
    explicit SqliteCensus(const std::filesystem::path& file) : database_(file, Database::Mode::kReadOnly) {}

    Status run(const std::function<bool(const CensusEntry&)>& each) override {
        try {
            Query query = database_.query("census");
            while (query.step())
                if (!each({query.text(0), query.number(1), query.integer(2) != 0, query.integer(3) != 0,
                           query.integer(4) != 0}))
                    break;
            return {};
        } catch (const SqlFailure& failure) {
            return failure.error;
        }
    }

  private:
    Database database_;
};

} // namespace

Result<std::unique_ptr<BlobCensus>> open_sqlite_census(const std::filesystem::path& file) {
    try {
        return std::unique_ptr<BlobCensus>(std::make_unique<SqliteCensus>(file));
    } catch (const SqlFailure& failure) {
        return failure.error;
    }
}

} // namespace loopmind::store
