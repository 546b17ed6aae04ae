// Group commit.
#include "coordinator/store/store_thread.h"

#include <pthread.h>

#include <utility>
#include <vector>

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

void StoreThread::complete(CompletionItem item, std::function<void(Result<CompletionVerdict>)> done) {
    auto completion = std::make_shared<Completion>();
    completion->item = std::move(item);
    push({nullptr,
          [done = std::move(done), completion](std::optional<Error> failure) {
              if (failure)
                  done(Result<CompletionVerdict>(std::move(*failure)));
              else
                  done(std::move(*completion->verdict));
          },
          completion});
}

std::optional<Error> StoreThread::work(Requests& batch, std::size_t& next) {
    if (batch[next].completion) return complete(batch, next);
    return batch[next++].work(*store_);
}

std::optional<Error> StoreThread::complete(Requests& batch, std::size_t& next) {
    const std::size_t first = next;
    std::vector<CompletionItem> items;
    for (; next < batch.size() && batch[next].completion; ++next)
        items.push_back(std::move(batch[next].completion->item));
    const auto verdicts = store_->complete_batch(items);
    for (std::size_t i = 0; i < items.size(); ++i)
        batch[first + i].completion->verdict = verdicts.ok() ? Result<CompletionVerdict>((*verdicts)[i])
                                                             : Result<CompletionVerdict>(verdicts.error());
    if (!verdicts.ok()) return verdicts.error();
    return std::nullopt;
}

void StoreThread::serve(std::deque<Request> batch) {
    std::optional<Error> trouble;
    if (const Status begun = store_->begin(); !begun) trouble = begun.error();
    for (std::size_t next = 0; next < batch.size() && !trouble;) {
        const auto error = work(batch, next);
        if (error && is_store_trouble(*error)) trouble = *error;
    }
    if (!trouble)
        if (const Status committed = store_->commit(); !committed) trouble = committed.error();
    if (trouble) store_->rollback();
    for (Request& request : batch)
        deliver_([done = std::move(request.done), trouble] { done(trouble); });
}

} // namespace loopmind::store
