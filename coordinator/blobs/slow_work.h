// Where slow work on blobs (hashing, fsync) is done, so that the socket loop never waits for a disk.
#pragma once

#include <functional>

namespace loopmind::blobs {

class SlowWork {
  public:
    virtual ~SlowWork() = default;
    /// Any thread; `work` runs elsewhere, later.
    virtual void run(std::function<void()> work) = 0;
};

} // namespace loopmind::blobs
