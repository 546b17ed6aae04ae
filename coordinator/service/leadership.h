// Becoming leader and staying it: who may decide when several coordinators share one database.
//
// The database's leader row is the truth: holder, term, until. A coordinator that cannot become leader waits
// as a standby. The leader renews its row by the database's clock; its writes are checked against the term in
// their own transactions, so a leader that was stopped and replaced can do no harm: it finds out and ends.
// With SQLite the lock of the home takes the place of the lease: whoever holds it begins a term at once.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "coordinator/store/place.h"

namespace loopmind::service {

/// How long a leader that does not renew keeps others waiting.
inline constexpr core::Millis kLeaderTtl{3000};

/// Opens the store; waits while a shared database does not answer. One line in the log for each change.
Result<std::unique_ptr<store::Store>> open_store(const store::StorePlace& place);

/// Begins a term, waiting as a standby while another coordinator leads. The holder's name is this machine and
/// `home`.
Result<std::uint32_t> lead(store::Store& store, const store::StorePlace& place,
                           const std::filesystem::path& home);

/// Renews a term over a connection of its own, on a thread of its own; resigns when it is destroyed.
class LeaderKeeper {
  public:
    /// `lost` is called once, on the keeper's thread, when another term has begun.
    static Result<std::unique_ptr<LeaderKeeper>> start(const store::StorePlace& place, std::uint32_t term,
                                                       std::function<void()> lost);
    ~LeaderKeeper();
    LeaderKeeper(const LeaderKeeper&) = delete;
    LeaderKeeper& operator=(const LeaderKeeper&) = delete;

  private:
    LeaderKeeper(std::unique_ptr<store::Store> store, std::uint32_t term, std::function<void()> lost);
    void loop();

    std::unique_ptr<store::Store> store_; ///< Of the thread while it runs.
    std::uint32_t term_;
    std::function<void()> lost_;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool stop_ = false;
    std::thread thread_;
};

} // namespace loopmind::service
