// Tickets in order, so that what a job waits for has always been taken by somebody.
#include "engine/graph/worker_pool.h"

#include "engine/effects/denormals.h"

namespace loopmind::graph {

WorkerPool::WorkerPool(int threads, std::vector<std::vector<int>> before, std::function<void(int)> job)
    : before_(std::move(before)), job_(std::move(job)), done_(before_.size()) {
    for (int i = 1; i < threads; ++i)
        threads_.emplace_back([this] { stay(); });
}

WorkerPool::~WorkerPool() {
    stop_ = true;
    round_.fetch_add(1);
    round_.notify_all();
    for (std::thread& thread : threads_)
        thread.join();
}

void WorkerPool::stay() {
    const effects::FlushDenormals flush;
    std::uint32_t seen = 0;
    while (true) {
        round_.wait(seen);
        seen = round_.load();
        if (stop_) return;
        work(seen);
    }
}

void WorkerPool::run() {
    finished_ = 0;
    const std::uint32_t round = round_.load() + 1;
    ticket_ = std::uint64_t{round} << 32;
    round_ = round;
    round_.notify_all();
    work(round);
    const auto count = static_cast<int>(before_.size());
    for (int finished = finished_.load(); finished < count; finished = finished_.load())
        finished_.wait(finished);
}

void WorkerPool::work(std::uint32_t round) {
    const auto count = static_cast<std::uint32_t>(before_.size());
    std::uint64_t ticket = ticket_.load();
    while (static_cast<std::uint32_t>(ticket >> 32) == round && static_cast<std::uint32_t>(ticket) < count) {
        if (!ticket_.compare_exchange_weak(ticket, ticket + 1)) continue;
        const auto index = static_cast<std::uint32_t>(ticket);
        for (int job : before_[index]) {
            std::atomic<std::uint32_t>& done = done_[static_cast<size_t>(job)];
            for (std::uint32_t at = done.load(); at != round; at = done.load())
                done.wait(at);
        }
        job_(static_cast<int>(index));
        done_[index] = round;
        done_[index].notify_all();
        if (finished_.fetch_add(1) + 1 == static_cast<int>(count)) finished_.notify_all();
        ticket = ticket_.load();
    }
}

} // namespace loopmind::graph
