// Waiting, leading, renewing.
#include "coordinator/service/leadership.h"

#include <pthread.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <chrono>

namespace loopmind::service {
namespace {

constexpr core::Millis kPause{500};

std::string holder_name(const store::StorePlace& place, const std::filesystem::path& home) {
    if (!place.shared()) return "home"; // its lock is held: whoever led before is over
    char host[256] = {};
    ::gethostname(host, sizeof host - 1);
    return std::string(host) + ":" + home.string();
}

} // namespace

Result<std::unique_ptr<store::Store>> open_store(const store::StorePlace& place) {
    for (bool told = false;;) {
        auto opened = place.open();
        if (opened.ok() && told) spdlog::info("{} answers", place.display());
        if (opened.ok() || !place.shared() || opened.error().code != ErrorCode::kUnavailable) return opened;
        if (!told) spdlog::warn("{}; waiting for it", opened.error().text());
        told = true;
        std::this_thread::sleep_for(kPause);
    }
}

Result<std::uint32_t> lead(store::Store& store, const store::StorePlace& place,
                           const std::filesystem::path& home) {
    const std::string holder = holder_name(place, home);
    std::string told;
    for (;;) {
        std::string state;
        auto verdict = store.acquire_leadership(holder, kLeaderTtl);
        if (!verdict.ok()) {
            if (!place.shared() || verdict.error().code != ErrorCode::kUnavailable) return verdict.error();
            state = "the database went away; waiting for it";
        } else if (verdict->acquired) {
            return verdict->leader.term;
        } else {
            state = "standby: " + verdict->leader.holder + " leads";
        }
        if (state != told) spdlog::info("{}", state);
        told = state;
        std::this_thread::sleep_for(kPause);
    }
}

Result<std::unique_ptr<LeaderKeeper>> LeaderKeeper::start(const store::StorePlace& place, std::uint32_t term,
                                                          std::function<void()> lost) {
    auto store = place.open();
    if (!store.ok()) return store.error();
    return std::unique_ptr<LeaderKeeper>(new LeaderKeeper(std::move(*store), term, std::move(lost)));
}

LeaderKeeper::LeaderKeeper(std::unique_ptr<store::Store> store, std::uint32_t term,
                           std::function<void()> lost)
    : store_(std::move(store)), term_(term), lost_(std::move(lost)), thread_([this] { loop(); }) {}

LeaderKeeper::~LeaderKeeper() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    wake_.notify_all();
    thread_.join();
    (void)store_->resign_leadership(
        term_); // a courtesy: without it the next one waits until the time is over
}

void LeaderKeeper::loop() {
    pthread_setname_np(pthread_self(), "leader");
    std::unique_lock lock(mutex_);
    while (!stop_) {
        lock.unlock();
        const auto renewed = store_->renew_leadership(term_, kLeaderTtl);
        lock.lock();
        // Without an answer nobody else can have begun a term through this database either; the term decides.
        if (renewed.ok() && !*renewed) {
            spdlog::error("another coordinator began a term; term {} is over", term_);
            lost_();
            return;
        }
        wake_.wait_for(lock, kLeaderTtl / 3, [this] { return stop_; });
    }
}

} // namespace loopmind::service
