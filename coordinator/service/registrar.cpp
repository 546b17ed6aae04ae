// One loop: requests at once, the rest every quarter of a second.
#include "coordinator/service/registrar.h"

#include <pthread.h>
#include <spdlog/spdlog.h>

#include <iterator>
#include <utility>

namespace loopmind::service {

Registrar::Registrar(std::unique_ptr<store::AccessStore> store, Deliver deliver, Changed changed)
    : store_(std::move(store)), deliver_(std::move(deliver)), changed_(std::move(changed)),
      thread_([this] { loop(); }) {}

Registrar::~Registrar() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    wake_.notify_all();
    thread_.join();
}

bool Registrar::redeem(std::string secret_hash, std::string key, std::string address,
                       std::function<void(Result<store::Redemption>)> done) {
    {
        const std::lock_guard lock(mutex_);
        if (requests_.size() >= kMostWaiting) return false;
        requests_.push_back({std::move(secret_hash), std::move(key), std::move(address), std::move(done)});
    }
    wake_.notify_all();
    return true;
}

void Registrar::audit(store::AuditRecord record) {
    const std::lock_guard lock(mutex_);
    if (records_.size() >= kMostRecords)
        ++lost_;
    else
        records_.push_back(std::move(record));
}

void Registrar::look_for_changes() {
    const auto version = store_->identities_version();
    if (!version.ok() || *version == version_) return;
    auto all = store_->identities();
    if (!all.ok()) return;
    version_ = *version;
    deliver_([this, all = std::move(*all)] { changed_(all); });
}

// A database that is away keeps the records here, as far as there is room.
void Registrar::write(std::vector<store::AuditRecord> records) {
    if (records.empty()) return;
    if (const Status written = store_->append_audit(records); written) return;
    const std::lock_guard lock(mutex_);
    records.insert(records.end(), std::make_move_iterator(records_.begin()),
                   std::make_move_iterator(records_.end()));
    if (records.size() > kMostRecords) {
        lost_ += records.size() - kMostRecords;
        records.resize(kMostRecords);
    }
    records_ = std::move(records);
}

void Registrar::loop() {
    pthread_setname_np(pthread_self(), "registrar");
    std::unique_lock lock(mutex_);
    auto next_look = std::chrono::steady_clock::now();
    for (;;) {
        wake_.wait_until(lock, next_look, [this] { return stop_ || !requests_.empty(); });
        const bool last = stop_;
        const auto requests = std::exchange(requests_, {});
        const bool look = last || std::chrono::steady_clock::now() >= next_look;
        auto records = look ? std::exchange(records_, {}) : std::vector<store::AuditRecord>();
        const std::uint64_t lost = look ? std::exchange(lost_, 0) : 0;
        lock.unlock();
        for (const Request& request : requests)
            deliver_([done = request.done, verdict = store_->redeem(request.secret_hash, request.key,
                                                                    request.address)] { done(verdict); });
        if (lost > 0) spdlog::warn("{} records did not get into the audit log", lost);
        write(std::move(records));
        if (!last && (look || !requests.empty())) look_for_changes();
        if (look) next_look = std::chrono::steady_clock::now() + kLookPause;
        lock.lock();
        if (last) return;
    }
}

} // namespace loopmind::service
