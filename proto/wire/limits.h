// Sizes and times that both ends of the wire hold to.
#pragma once

#include <cstddef>
#include <cstdint>

namespace loopmind::wire {

inline constexpr std::uint32_t kProtocolMin = 1; ///< oldest protocol version spoken
inline constexpr std::uint32_t kProtocolMax = 1; ///< newest protocol version spoken

inline constexpr std::size_t kMaxMessageBytes = 4u << 20; ///< of one frame; a larger one cuts the peer off
inline constexpr std::size_t kChunkBytes = 256u << 10;    ///< largest piece of a stream in one message
inline constexpr std::uint64_t kCreditWindow = 4u << 20;  ///< bytes of one stream that may be on the way
inline constexpr int kHighWaterMark = 1000;               ///< messages queued per peer and direction

inline constexpr int kHeartbeatIntervalMs = 2000; ///< ZMTP PING
inline constexpr int kHeartbeatTimeoutMs = 8000;  ///< no PONG for so long: the connection is dead
inline constexpr int kHandshakeMs = 5000;         ///< a peer that has not finished its handshake is cut
inline constexpr int kSilentHandshakeMs =
    1500;                             ///< a handshake without an answer for so long counts as refused
inline constexpr int kLingerMs = 500; ///< queued messages get so long when a socket closes
inline constexpr int kReconnectMinMs = 50;
inline constexpr int kReconnectMaxMs = 2000;

/// The version that two ranges have in common (the highest), or 0.
constexpr std::uint32_t common_protocol(std::uint32_t their_min, std::uint32_t their_max) {
    const auto low = their_min > kProtocolMin ? their_min : kProtocolMin;
    const auto high = their_max < kProtocolMax ? their_max : kProtocolMax;
    return low <= high ? high : 0;
}

} // namespace loopmind::wire
