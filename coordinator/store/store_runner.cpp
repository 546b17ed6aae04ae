// Group commit.
#include "coordinator/store/store_runner.h"

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

void StoreRunner::complete(CompletionItem item, std::function<void(Result<CompletionVerdict>)> done) {
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

std::optional<Error> StoreRunner::work(Store& store, Requests& batch, std::size_t& next) {
    if (batch[next].completion) return complete(store, batch, next);
    return batch[next++].work(store);
}

std::optional<Error> StoreRunner::complete(Store& store, Requests& batch, std::size_t& next) {
    const std::size_t first = next;
    std::vector<CompletionItem> items;
    for (; next < batch.size() && batch[next].completion; ++next)
        items.push_back(std::move(batch[next].completion->item));
    const auto verdicts = store.complete_batch(items);
    for (std::size_t i = 0; i < items.size(); ++i)
        batch[first + i].completion->verdict = verdicts.ok() ? Result<CompletionVerdict>((*verdicts)[i])
                                                             : Result<CompletionVerdict>(verdicts.error());
    if (!verdicts.ok()) return verdicts.error();
    return std::nullopt;
}

void StoreRunner::serve(Store& store, Requests batch, const Deliver& deliver) {
    std::optional<Error> trouble;
    if (const Status begun = store.begin(); !begun) trouble = begun.error();
    for (std::size_t next = 0; next < batch.size() && !trouble;) {
        const auto error = work(store, batch, next);
        if (error && is_store_trouble(*error)) trouble = *error;
    }
    if (!trouble)
        if (const Status committed = store.commit(); !committed) trouble = committed.error();
    if (trouble) store.rollback();
    for (Request& request : batch)
        deliver([done = std::move(request.done), trouble] { done(trouble); });
}

} // namespace loopmind::store
