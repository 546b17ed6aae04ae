// What a socket hands up: one well-formed message, and counts of what was dropped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <zmq.hpp>

namespace loopmind::wire {

/// The envelope of a received message. Owned by the receiving thread; movable to another.
struct Incoming {
    std::string
        routing_id;      ///< Listener only: where an answer goes; the peer chooses it, so it proves nothing
    std::string user_id; ///< Listener only: the sender's public key (Z85), proven by CURVE
    std::string address; ///< Listener only: the peer's address, for the log
    zmq::message_t payload; ///< second frame, empty when there was none
    std::span<const std::byte> bytes() const {
        return {static_cast<const std::byte*>(payload.data()), payload.size()};
    }
    std::string_view text() const { return {static_cast<const char*>(payload.data()), payload.size()}; }
};

/// Messages dropped since the socket opened; nobody else was harmed by them.
struct DropCounts {
    std::uint64_t frames = 0;     ///< too many or too few frames
    std::uint64_t unparsable = 0; ///< header not a protobuf message of the expected type
    std::uint64_t nameless = 0;   ///< no User-Id (cannot happen while the ZAP handler runs)
    std::uint64_t total() const { return frames + unparsable + nameless; }
};

} // namespace loopmind::wire
