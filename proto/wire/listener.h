// The serving end of the wire: a ROUTER socket with CURVE, fenced by a ZAP domain.
#pragma once

#include "proto/base/result.h"
#include "proto/wire/incoming.h"
#include "proto/wire/keys.h"
#include "proto/wire/limits.h"

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
    static constexpr std::chrono::milliseconds kHandshakeTime{kHandshakeMs};

    /// Binds `endpoint` ("tcp://127.0.0.1:7761"; port "*" picks one). Errors: unavailable (address in use),
    /// invalid_argument (malformed endpoint). internal when no ZapHandler runs in `context`.
    /// A domain that the handler does not serve admits nobody. A peer that has not finished its handshake
    /// after `handshake` is cut.
    static Result<std::unique_ptr<Listener>> bind(zmq::context_t& context, const std::string& endpoint,
                                                  const KeyPair& keys, const std::string& zap_domain,
                                                  std::chrono::milliseconds handshake = kHandshakeTime);
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

    /// For wire::wait.
    zmq::pollitem_t poll_item();
    const DropCounts& dropped() const { return dropped_; }

  private:
    explicit Listener(zmq::socket_t socket) : socket_(std::move(socket)) {}

    zmq::socket_t socket_;
    std::string endpoint_;
    DropCounts dropped_;
};

} // namespace loopmind::wire
