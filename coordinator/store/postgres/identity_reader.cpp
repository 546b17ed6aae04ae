// Identities in memory, kept up to date by a thread: a counter in the database tells when to read them again.
#include <pthread.h>

#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "coordinator/store/postgres/connection.h"
#include "coordinator/store/postgres/job_rows.h"
#include "coordinator/store/postgres/postgres_store.h"
#include "coordinator/store/postgres/schema.h"

namespace loopmind::store {
namespace {

constexpr std::chrono::milliseconds kPause{250};
// A key that is not known may have been enrolled a moment ago: it is worth one look, never a long wait.
constexpr std::chrono::milliseconds kPatience{250};

class PostgresIdentities : public IdentityReader {
  public:
    explicit PostgresIdentities(const PostgresAddress& address) : connection_(address) {}

    ~PostgresIdentities() override {
        {
            const std::lock_guard lock(mutex_);
            stop_ = true;
        }
        wake_.notify_all();
        if (thread_.joinable()) thread_.join();
    }

    /// Throws SqlFailure.
    void open() {
        connection_.ensure();
        require_newest_schema(connection_);
        refresh();
        thread_ = std::thread([this] { loop(); });
    }

    Result<std::optional<StoredIdentity>> find(const std::string& public_key) override {
        std::unique_lock lock(mutex_);
        if (auto known = look_up(public_key); known || !healthy_) return known;
        const std::uint64_t question = ++asked_;
        wake_.notify_all();
        wake_.wait_for(lock, kPatience,
                       [this, question] { return answered_ >= question || !healthy_ || stop_; });
        return look_up(public_key);
    }

  private:
    std::optional<StoredIdentity> look_up(const std::string& public_key) const {
        const auto it = known_.find(public_key);
        return it == known_.end() ? std::nullopt : std::optional(it->second);
    }

    void refresh() {
        connection_.ensure();
        const auto row = connection_.run("get_meta", "identities");
        const std::string change = row.empty() ? "" : row[0][0].c_str();
        if (change == change_) return;
        std::unordered_map<std::string, StoredIdentity> read;
        for (const auto& identity : connection_.run("list_identities")) {
            StoredIdentity one = read_identity(identity);
            std::string key = one.public_key;
            read.emplace(std::move(key), std::move(one));
        }
        change_ = change;
        const std::lock_guard lock(mutex_);
        known_ = std::move(read);
    }

    void loop() {
        pthread_setname_np(pthread_self(), "identities");
        std::unique_lock lock(mutex_);
        while (!stop_) {
            const std::uint64_t question = asked_;
            lock.unlock();
            bool well = true;
            try {
                refresh();
            } catch (const SqlFailure&) {
                well = false; // what was known last counts
                change_.clear();
            }
            lock.lock();
            healthy_ = well;
            answered_ = question;
            wake_.notify_all();
            wake_.wait_for(lock, kPause, [this] { return stop_ || (healthy_ && asked_ != answered_); });
        }
    }

    Connection connection_; ///< Of the thread, once it runs.
    std::string change_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::unordered_map<std::string, StoredIdentity> known_;
    std::uint64_t asked_ = 0;
    std::uint64_t answered_ = 0;
    bool healthy_ = true;
    bool stop_ = false;
    std::thread thread_;
};

} // namespace

Result<std::unique_ptr<IdentityReader>> open_postgres_identities(const PostgresAddress& address) {
    auto reader = std::make_unique<PostgresIdentities>(address);
    try {
        reader->open();
    } catch (const SqlFailure& failure) {
        return failure.error;
    }
    return std::unique_ptr<IdentityReader>(std::move(reader));
}

} // namespace loopmind::store
