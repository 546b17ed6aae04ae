// The thread that owns the store: takes what has piled up, commits it in one transaction, then answers.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "coordinator/store/store.h"

namespace loopmind::store {

/// Group commit: one fsync answers every request that waited for it. Requests run in the order of run()
/// calls.
class StoreThread {
  public:
    /// `deliver` is called on the store thread with each answer; it hands the closure to the thread that
    /// asked.
    using Deliver = std::function<void(std::function<void()>)>;

    StoreThread(std::unique_ptr<Store> store, Deliver deliver);
    /// Finishes what was asked, then stops.
    ~StoreThread();
    StoreThread(const StoreThread&) = delete;
    StoreThread& operator=(const StoreThread&) = delete;

    /// `work` runs on the store thread inside the batch's transaction; `done` is delivered after the commit
    /// with its result, or with the commit's error. An error that shows a sick store (resource_exhausted,
    /// unavailable, data_corrupt, internal) rolls the whole batch back and answers all of it; any other error
    /// of `work` must have written nothing and is answered alone.
    template <typename T>
    void run(std::function<Result<T>(Store&)> work, std::function<void(Result<T>)> done) {
        auto result = std::make_shared<std::optional<Result<T>>>();
        push({[work = std::move(work), result](Store& store) -> std::optional<Error> {
                  result->emplace(work(store));
                  if ((*result)->ok()) return std::nullopt;
                  return (*result)->error();
              },
              [done = std::move(done), result](std::optional<Error> failure) {
                  if (failure)
                      done(Result<T>(std::move(*failure)));
                  else
                      done(std::move(**result));
              },
              nullptr});
    }

    /// As run() with complete_batch() of one item, but neighbours that wait together are one batch of the
    /// store.
    void complete(CompletionItem item, std::function<void(Result<CompletionVerdict>)> done);

  private:
    struct Completion {
        CompletionItem item;
        std::optional<Result<CompletionVerdict>> verdict;
    };
    struct Request {
        std::function<std::optional<Error>(Store&)> work; ///< Unset for a completion.
        std::function<void(std::optional<Error>)> done;   ///< With the batch's failure, if it failed.
        std::shared_ptr<Completion> completion;
    };

    using Requests = std::deque<Request>;
    /// Does the request at `next`, or all completions that begin there; moves `next` on.
    std::optional<Error> work(Requests& batch, std::size_t& next);
    std::optional<Error> complete(Requests& batch, std::size_t& next);

    void push(Request request);
    void loop();
    void serve(std::deque<Request> batch);

    std::unique_ptr<Store> store_;
    Deliver deliver_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Request> waiting_;
    bool stop_ = false;
    std::thread thread_;
};

/// Does this error say that the store itself is sick, not that one request was wrong?
bool is_store_trouble(const Error& error);

} // namespace loopmind::store
