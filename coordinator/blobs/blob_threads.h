// A few threads for slow work on blobs.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "coordinator/blobs/slow_work.h"

namespace loopmind::blobs {

class BlobThreads : public SlowWork {
  public:
    explicit BlobThreads(unsigned threads);
    /// Finishes what was asked, then stops.
    ~BlobThreads() override;
    BlobThreads(const BlobThreads&) = delete;
    BlobThreads& operator=(const BlobThreads&) = delete;

    /// Any thread; order is kept only with one thread.
    void run(std::function<void()> work) override;

  private:
    void loop();

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::function<void()>> waiting_;
    bool stop_ = false;
    std::vector<std::thread> threads_;
};

} // namespace loopmind::blobs
