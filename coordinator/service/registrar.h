// The thread beside the socket thread that enrols, watches for revocations and writes the audit log.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "coordinator/store/access_store.h"

namespace loopmind::service {

class Registrar {
  public:
    /// Calls back on the thread that the closure is delivered to.
    using Deliver = std::function<void(std::function<void()>)>;
    /// All identities, after one was enrolled, changed or revoked by whatever program; within kLookPause of
    /// it.
    using Changed = std::function<void(const std::vector<store::StoredIdentity>&)>;

    static constexpr std::size_t kMostWaiting = 64; ///< Who wants to join and has no answer yet.
    static constexpr std::size_t kMostRecords =
        20'000; ///< Audit records that the database has not taken yet.
    static constexpr core::Millis kLookPause{250};

    Registrar(std::unique_ptr<store::AccessStore> store, Deliver deliver, Changed changed);
    /// Writes what it has, then stops.
    ~Registrar();
    Registrar(const Registrar&) = delete;
    Registrar& operator=(const Registrar&) = delete;

    /// Any thread. False when too many wait.
    bool redeem(std::string secret_hash, std::string key, std::string address,
                std::function<void(Result<store::Redemption>)> done);
    /// Any thread; never waits. Records that find no room are counted, and the log says how many.
    void audit(store::AuditRecord record);

  private:
    struct Request {
        std::string secret_hash, key, address;
        std::function<void(Result<store::Redemption>)> done;
    };

    void loop();
    void look_for_changes();
    void write(std::vector<store::AuditRecord> records);

    std::unique_ptr<store::AccessStore> store_; ///< Of the thread.
    Deliver deliver_;
    Changed changed_;
    std::string version_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Request> requests_;
    std::vector<store::AuditRecord> records_;
    std::uint64_t lost_ = 0;
    bool stop_ = false;
    std::thread thread_;
};

} // namespace loopmind::service
