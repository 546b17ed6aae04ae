// The thread that owns the store.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "coordinator/store/store_runner.h"

namespace loopmind::store {

class StoreThread : public StoreRunner {
  public:
    StoreThread(std::unique_ptr<Store> store, Deliver deliver);
    /// Finishes what was asked, then stops.
    ~StoreThread() override;
    StoreThread(const StoreThread&) = delete;
    StoreThread& operator=(const StoreThread&) = delete;

  private:
    void push(Request request) override;
    void loop();

    std::unique_ptr<Store> store_;
    Deliver deliver_;
    std::mutex mutex_;
    std::condition_variable wake_;
    Requests waiting_;
    bool stop_ = false;
    std::thread thread_;
};

} // namespace loopmind::store
