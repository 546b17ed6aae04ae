// The connecting end of the wire: a DEALER socket with CURVE that reconnects by itself, to whichever of the
// farm's coordinators answers.
#pragma once

#include "proto/base/result.h"
#include "proto/wire/incoming.h"
#include "proto/wire/keys.h"

#include <google/protobuf/message_lite.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <vector>
#include <zmq.hpp>

namespace loopmind::wire {

/// One logical connection; each time the network connection is made anew, nothing of the old one is left in
/// the queues, so the owner starts with its Hello. One thread owns it and calls everything.
///
/// Loop of the owner:
///     wait({connection.poll_items()...}, timeout up to connection.next_wakeup())
///     switch (connection.update()) { case Change::kConnected: send hello; case Change::kLost: ...; }
///     while (connection.receive(message, incoming)) handle(message)
class Connection {
  public:
    enum class Change { kNone, kConnected, kLost };
    /// Why there is no connection. Of several endpoints: known when each was tried once since the last
    /// connection, and a refusal outweighs one where nobody is.
    enum class Problem {
        kNone,
        kNobodyThere, ///< nothing listens at any endpoint
        kRefused,     ///< someone listens and closed during the handshake: other server key, or our key not
                      ///< enrolled
        kBroken,      ///< a connection that worked was lost
    };

    /// Starts to connect in the background: to the first endpoint, and when that fails or breaks to the next,
    /// round and round. The coordinators of a farm share one key: only the leader among them listens. Errors:
    /// invalid_argument (no endpoint, a malformed one, or a malformed key).
    static Result<std::unique_ptr<Connection>> open(zmq::context_t& context,
                                                    const std::vector<std::string>& endpoints,
                                                    const std::string& server_key, const KeyPair& own_keys);
    ~Connection();

    /// Takes in what happened to the network connection; call after every wait. Reconnects with a pause of
    /// 50 ms to 2 s between rounds, doubling. At most one change per call; call again until kNone.
    Change update();
    bool connected() const { return connected_; }
    /// The one in use or tried last.
    const std::string& endpoint() const { return endpoints_[at_]; }
    Problem problem() const { return problem_; }
    /// The problem as an error for people; unavailable.
    Error problem_error() const;

    /// Next well-formed message, without waiting; malformed ones are dropped and counted.
    bool receive(google::protobuf::MessageLite& message, Incoming& incoming);
    /// Queues a message. Errors: unavailable when not connected, resource_exhausted when the queue is full.
    Status send(const google::protobuf::MessageLite& message, std::span<const std::byte> bytes = {});
    /// Drops the network connection and connects anew, e.g. when the other side stopped answering.
    void reconnect();

    /// For wire::wait; ask again before each wait, they change with the network connection.
    std::vector<zmq::pollitem_t> poll_items();
    /// When update() wants to be called though no poll item fires; time_point::max() when never.
    std::chrono::steady_clock::time_point next_wakeup() const { return std::min(reopen_at_, refused_at_); }
    const DropCounts& dropped() const { return dropped_; }

  private:
    Connection(zmq::context_t& context, std::vector<std::string> endpoints, std::string server_key,
               KeyPair own_keys);
    Status open_socket();
    void close_socket();
    void break_off();
    void attempt_failed(Problem problem);
    std::string place() const;

    zmq::context_t& context_;
    std::vector<std::string> endpoints_;
    std::size_t at_ = 0;             ///< index of the endpoint in use
    std::size_t failed_ = 0;         ///< endpoints of this round that failed
    Problem round_ = Problem::kNone; ///< the worst of this round
    std::size_t refused_by_ = 0;     ///< index of the endpoint that round_ is about, when it refused
    std::string problem_place_;      ///< what problem_ is about
    std::string server_key_;
    KeyPair own_keys_;
    zmq::socket_t socket_;
    zmq::socket_t monitor_;
    bool connected_ = false;
    Problem problem_ = Problem::kNone; // until the first attempt has failed
    std::chrono::milliseconds pause_;
    std::chrono::steady_clock::time_point reopen_at_ = std::chrono::steady_clock::time_point::max();
    std::chrono::steady_clock::time_point refused_at_ = std::chrono::steady_clock::time_point::max();
    DropCounts dropped_;
};

} // namespace loopmind::wire
