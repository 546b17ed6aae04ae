// Waiting for requests, and serving what has piled up.
#include "coordinator/store/store_thread.h"

#include <pthread.h>

#include <utility>

namespace loopmind::store {

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
        Requests batch;
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [this] { return stop_ || !waiting_.empty(); });
            if (waiting_.empty()) return;
            batch = std::exchange(waiting_, {});
        }
        serve(*store_, std::move(batch), deliver_);
    }
}

} // namespace loopmind::store
