// Slot threads.
#include "worker/service/slots.h"

#include <pthread.h>
#include <string>

namespace loopmind::worker {
namespace {

void name_this_thread(const std::string& name) {
#ifdef __linux__
    ::pthread_setname_np(::pthread_self(), name.substr(0, 15).c_str());
#endif
}

} // namespace

Slots::Slots(std::size_t count, std::function<void()> prepare, Run run)
    : prepare_(std::move(prepare)), run_(std::move(run)) {
    const auto start = [this](std::string name, auto& queue) {
        threads_.emplace_back([this, name = std::move(name), &queue] {
            name_this_thread(name);
            prepare_();
            serve(queue);
        });
    };
    for (std::size_t i = 0; i < count; ++i)
        start("slot-" + std::to_string(i), ordinary_);
    start("preview", previews_);
}

Slots::~Slots() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    changed_.notify_all();
    for (auto& thread : threads_)
        thread.join();
}

bool Slots::submit(std::shared_ptr<RunningAttempt> attempt) {
    {
        const std::lock_guard lock(mutex_);
        auto& queue = attempt->start.kind() == v1::TASK_KIND_PREVIEW ? previews_ : ordinary_;
        if (queue.size() >= kMostQueued) return false;
        queue.push_back(std::move(attempt));
    }
    changed_.notify_all();
    return true;
}

void Slots::serve(std::deque<std::shared_ptr<RunningAttempt>>& queue) {
    for (;;) {
        std::shared_ptr<RunningAttempt> attempt;
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [&] { return stop_ || !queue.empty(); });
            if (stop_) return;
            attempt = std::move(queue.front());
            queue.pop_front();
        }
        run_(attempt);
    }
}

} // namespace loopmind::worker
