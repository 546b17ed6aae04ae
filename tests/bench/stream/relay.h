// A worker that does nothing but send one long output, for clients to follow.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

#include "loopmind/v1/worker.pb.h"
#include "proto/wire/connection.h"

namespace loopmind::bench {

/// Errors are exceptions.
class Relay {
  public:
    Relay(const std::string& endpoint, const std::string& server_key, const wire::KeyPair& keys);
    ~Relay();
    /// The task that it was given; waits for it.
    v1::StartTask next_task();
    /// Sends `total` bytes as `role` of the task under the coordinator's credit, on a thread of its own.
    void push(const v1::StartTask& task, const std::string& role, std::uint64_t total);

  private:
    void run(const v1::AttemptKey& attempt, const std::string& role, std::uint64_t total);
    void wait();

    zmq::context_t context_{1};
    std::unique_ptr<wire::Connection> connection_;
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

} // namespace loopmind::bench
