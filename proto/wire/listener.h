// The serving end of the wire: a ROUTER socket with CURVE, fenced by a ZAP domain.
#pragma once

#include "proto/base/result.h"
#include "proto/wire/incoming.h"
#include "proto/wire/keys.h"
#include "proto/wire/limits.h"
#include "proto/wire/peers.h"

#include <google/protobuf/message_lite.h>

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <zmq.hpp>

namespace loopmind::wire {

/// A bound ROUTER socket. One thread owns it and calls everything; other threads hand over through a Mailbox.
///
/// The sender of a message is Incoming::user_id, never its routing id. Routing ids are drawn by libzmq per
/// connection, so they change at every reconnect; ROUTER_HANDOVER stays off so that no peer can take over the
/// routing id of another and read its answers.
class Listener {
  public:
    struct Limits {
        std::size_t message_bytes = kMaxMessageBytes; ///< of one frame; a larger one cuts the peer off
        PeerLimits peers;
    };
    static constexpr std::chrono::milliseconds kHandshakeTime{kHandshakeMs};

    /// Binds `endpoint` ("tcp://127.0.0.1:7761"; port "*" picks one). Errors: unavailable (address in use),
    /// invalid_argument (malformed endpoint). internal when no ZapHandler runs in `context`.
    /// A domain that the handler does not serve admits nobody. A peer that has not finished its handshake
    /// after `handshake` is cut.
    static Result<std::unique_ptr<Listener>> bind(zmq::context_t& context, const std::string& endpoint,
                                                  const KeyPair& keys, const std::string& zap_domain,
                                                  std::chrono::milliseconds handshake = kHandshakeTime,
                                                  const Limits& limits = default_limits());
    ~Listener();

    /// The endpoint really bound, with the port number.
    const std::string& endpoint() const { return endpoint_; }

    /// Takes the next well-formed message without waiting: parses its first frame into `message`. Malformed
    /// ones are dropped and counted on the way (at most 1,000 in one call, so that a flood starves nobody).
    /// False when there is none.
    bool receive(google::protobuf::MessageLite& message, Incoming& incoming);

    /// Queues a message without waiting. Errors: unavailable when the peer is gone, resource_exhausted when
    /// its queue is full (it reads too slowly: drop or retry later).
    Status send(const std::string& routing_id, const google::protobuf::MessageLite& message,
                std::span<const std::byte> bytes = {});
    /// As send, sending a second frame from a message that is handed over without a copy.
    Status send(const std::string& routing_id, const google::protobuf::MessageLite& message,
                zmq::message_t&& bytes);

    /// Cuts connections that are beyond the limits; call it at next_tend() at the latest.
    void tend(std::chrono::steady_clock::time_point now);
    std::chrono::steady_clock::time_point next_tend() const { return peers_->next_look(); }
    /// Closes the connection that a message came from, or all connections of a key.
    void cut_route(const std::string& routing_id) { peers_->cut_route(routing_id); }
    void cut_key(const std::string& key) { peers_->cut_key(key); }
    const Peers& peers() const { return *peers_; }

    /// For wire::wait.
    zmq::pollitem_t poll_item();
    const DropCounts& dropped() const { return dropped_; }

  private:
    explicit Listener(zmq::socket_t socket) : socket_(std::move(socket)) {}
    static const Limits& default_limits();

    zmq::socket_t socket_;
    std::unique_ptr<Peers> peers_; // goes before the socket that it watches
    std::string endpoint_;
    DropCounts dropped_;
};

} // namespace loopmind::wire
