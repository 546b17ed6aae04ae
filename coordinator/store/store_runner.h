// What is asked of the store: taken as it has piled up, committed in one transaction, then answered.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "coordinator/store/store.h"

namespace loopmind::store {

/// Group commit: one fsync answers every request that waited for it. Requests run in the order of run()
/// calls. When that is, is for who derives from it to say.
class StoreRunner {
  public:
    /// Is called with each answer, where the store is served; it hands the closure to the thread that asked.
    using Deliver = std::function<void(std::function<void()>)>;

    virtual ~StoreRunner() = default;

    /// `work` runs where the store is, inside the batch's transaction; `done` is delivered after the commit
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

  protected:
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

    virtual void push(Request request) = 0;
    /// One transaction of all, then their answers.
    static void serve(Store& store, Requests batch, const Deliver& deliver);

  private:
    /// Does the request at `next`, or all completions that begin there; moves `next` on.
    static std::optional<Error> work(Store& store, Requests& batch, std::size_t& next);
    static std::optional<Error> complete(Store& store, Requests& batch, std::size_t& next);
};

/// Does this error say that the store itself is sick, not that one request was wrong?
bool is_store_trouble(const Error& error);

} // namespace loopmind::store
