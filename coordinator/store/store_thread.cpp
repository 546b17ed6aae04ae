// Group commit.
#include "coordinator/store/store_thread.h"

#include <pthread.h>

#include <utility>

namespace loopmind::store {

bool is_store_trouble(const Error& error) {
    switch (error.code) {
    case ErrorCode::kResourceExhausted:
    case ErrorCode::kUnavailable:
    case ErrorCode::kDataCorrupt:
    case ErrorCode::kInternal:
        return true;
    default:
        return false;
    }
}

StoreThread::StoreThread(std::unique_ptr<Store> store, Deliver deliver)
    : store_(std::move(store)), deliver_(std::move(deliver)), thread_([this] { loop(); }) {}

StoreThread::~StoreThread() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

void StoreThread::push(Request request) {
    {
        const std::lock_guard lock(mutex_);
        waiting_.push_back(std::move(request));
    }
    wake_.notify_one();
}

void StoreThread::loop() {
    pthread_setname_np(pthread_self(), "store");
    for (;;) {
        std::deque<Request> batch;
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [this] { return stop_ || !waiting_.empty(); });
            if (waiting_.empty()) return;
            batch = std::exchange(waiting_, {});
        }
        serve(std::move(batch));
    }
}

void StoreThread::serve(std::deque<Request> batch) {
    std::optional<Error> trouble;
    if (const Status begun = store_->begin(); !begun) trouble = begun.error();
    for (Request& request : batch) {
        if (trouble) break;
        const auto error = request.work(*store_);
        if (error && is_store_trouble(*error)) trouble = *error;
    }
    if (!trouble)
        if (const Status committed = store_->commit(); !committed) trouble = committed.error();
    if (trouble) store_->rollback();
    for (Request& request : batch)
        deliver_([done = std::move(request.done), trouble] { done(trouble); });
}

} // namespace loopmind::store
