// The pool behind BlobThreads.
#include "coordinator/blobs/blob_threads.h"

#include <pthread.h>

#include <utility>

namespace loopmind::blobs {

BlobThreads::BlobThreads(unsigned threads) {
    for (unsigned i = 0; i < threads; ++i)
        threads_.emplace_back([this] { loop(); });
}

BlobThreads::~BlobThreads() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_)
        thread.join();
}

void BlobThreads::run(std::function<void()> work) {
    {
        const std::lock_guard lock(mutex_);
        waiting_.push_back(std::move(work));
    }
    wake_.notify_one();
}

void BlobThreads::loop() {
    pthread_setname_np(pthread_self(), "blobs");
    for (;;) {
        std::function<void()> work;
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [this] { return stop_ || !waiting_.empty(); });
            if (waiting_.empty()) return;
            work = std::move(waiting_.front());
            waiting_.pop_front();
        }
        work();
    }
}

} // namespace loopmind::blobs
