// Many clients in one thread that fetch blobs as fast as they come.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "loopmind/v1/client.pb.h"
#include "proto/wire/connection.h"
#include "proto/wire/stream.h"

namespace loopmind::bench {

/// What one client got.
struct Received {
    std::uint64_t bytes = 0;
    std::uint64_t blobs = 0;
};

/// Errors are exceptions: a benchmark that cannot run has no figures.
class Readers {
  public:
    /// Connects `keys.size()` clients and says hello.
    Readers(const std::string& endpoint, const std::string& server_key,
            const std::vector<wire::KeyPair>& keys);

    /// Every client fetches `blobs` in turn, two at a time as a client that delivers stems does, each
    /// beginning elsewhere in the list.
    void fetch(const std::vector<std::string>& blobs);
    /// Client 0 asks for what it never reads, in `streams` streams: the others go on.
    void stall_first(const std::vector<std::string>& blobs, int streams);
    /// Every client follows an output of a task while it is made.
    void follow(const std::string& job_id, const std::string& task_id, const std::string& role);
    /// Reads for so long, or until `done`; what each client got in that time.
    std::vector<Received> read(std::chrono::milliseconds time, const std::function<bool()>& done = {});

    /// One request of client 0 and its answer.
    v1::ClientReply ask(v1::ClientRequest request);

  private:
    struct Client {
        std::unique_ptr<wire::Connection> connection;
        std::set<std::uint64_t> open; ///< streams
        std::size_t next = 0;
        std::uint64_t last_stream = 0;
        bool stalled = false;
        Received received;
    };
    void request_next(Client& client);
    void take(Client& client, const v1::ClientReply& reply, std::size_t bytes);
    void send(Client& client, const v1::ClientRequest& request);

    zmq::context_t context_{1};
    std::vector<Client> clients_;
    std::vector<std::string> blobs_;
    std::uint64_t last_id_ = 0;
};

} // namespace loopmind::bench
