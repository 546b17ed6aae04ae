// The peer: a ROUTER with CURVE that answers GetBlob from memory, and knows nothing else.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <zmq.hpp>

#include "proto/wire/keys.h"

namespace loopmind::bench {

/// Sends `blob_bytes` of memory for every GetBlob, in the same chunks and under the same credit as a
/// coordinator; lets any key in. One thread of its own.
class BareServer {
  public:
    explicit BareServer(std::uint64_t blob_bytes);
    ~BareServer();
    const std::string& endpoint() const { return endpoint_; }
    const std::string& public_key() const { return keys_.public_key; }

  private:
    void serve();

    std::uint64_t blob_bytes_;
    wire::KeyPair keys_;
    zmq::context_t context_{1};
    zmq::socket_t socket_;
    std::string endpoint_;
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

} // namespace loopmind::bench
