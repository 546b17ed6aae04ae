// The census on PostgreSQL: a cursor in a read-only transaction, fetched in pieces.
#include "coordinator/store/blob_census.h"
#include "coordinator/store/postgres/connection.h"
#include "coordinator/store/postgres/postgres_store.h"
#include "coordinator/store/postgres/schema.h"

namespace loopmind::store {
namespace {

class PostgresCensus : public BlobCensus {
  public:
    explicit PostgresCensus(const PostgresAddress& address) : connection_(address) {}

    /// Throws SqlFailure.
    void open() {
        connection_.ensure();
        require_newest_schema(connection_);
    }

    Status run(const std::function<bool(const CensusEntry&)>& each) override {
        try {
            connection_.ensure();
            connection_.execute("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
            connection_.execute("DECLARE census NO SCROLL CURSOR FOR " + std::string(postgres_sql("census")));
            for (bool more = true; more;) {
                const auto rows = connection_.execute("FETCH 10000 FROM census");
                more = !rows.empty();
                for (const auto& row : rows) {
                    if (more = each({row[0].c_str(), static_cast<std::uint64_t>(row[1].as<std::int64_t>()),
                                     row[2].as<bool>(), row[3].as<bool>(), row[4].as<bool>()});
                        !more)
                        break;
                }
            }
            connection_.execute("ROLLBACK");
            return {};
        } catch (const SqlFailure& failure) {
            connection_.drop();
            return failure.error;
        }
    }

  private:
    Connection connection_;
};

} // namespace

Result<std::unique_ptr<BlobCensus>> open_postgres_census(const PostgresAddress& address) {
    auto census = std::make_unique<PostgresCensus>(address);
    try {
        census->open();
    } catch (const SqlFailure& failure) {
        return failure.error;
    }
    return std::unique_ptr<BlobCensus>(std::move(census));
}

} // namespace loopmind::store
