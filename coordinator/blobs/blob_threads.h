// A few threads for slow work on blobs (hashing, fsync), so that the socket loop never waits for a disk.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace loopmind::blobs {

class BlobThreads {
  public:
    explicit BlobThreads(unsigned threads);
    /// Finishes what was asked, then stops.
    ~BlobThreads();
    BlobThreads(const BlobThreads&) = delete;
    BlobThreads& operator=(const BlobThreads&) = delete;

    /// Any thread; order is kept only with one thread.
    void run(std::function<void()> work);

  private:
    void loop();

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::function<void()>> waiting_;
    bool stop_ = false;
    std::vector<std::thread> threads_;
};

} // namespace loopmind::blobs
