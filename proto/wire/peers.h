// The TCP connections behind a listening ROUTER socket: how much each has sent that nobody took, and how to
// cut one.
//
// libzmq bounds what waits by counting whole messages, so a peer that never ends its multi-part message could
// fill memory; and it has no call that closes one peer. Both are done here by the connection itself: the
// kernel counts the bytes it received (TCP_INFO), the listener those it handed up, and a connection whose
// difference is too large, or whose key was revoked, is shut down. libzmq then frees what it held of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <zmq.hpp>

namespace loopmind::wire {

struct PeerLimits {
    std::uint64_t undelivered = 64u << 20; ///< bytes of one connection that were received and not handed up
    std::uint64_t undelivered_by_all = std::uint64_t{2} << 30; ///< then the worst is cut
    std::chrono::milliseconds silence{30'000}; ///< a connection that has not said anything for so long is cut
    std::chrono::milliseconds lifetime{0};     ///< a connection older than this is cut; 0: none
    std::size_t silent_per_address = 4096;     ///< connections of one address that have not said anything yet
};

/// Belongs to the thread of its socket.
class Peers {
  public:
    using Clock = std::chrono::steady_clock;
    static constexpr std::chrono::milliseconds kLookPause{200}; ///< between two looks at all connections

    /// Watches a socket before it is bound. May throw zmq::error_t.
    Peers(zmq::context_t& context, zmq::socket_t& socket, PeerLimits limits);
    /// Stops watching; the socket must still be open.
    ~Peers();
    Peers(const Peers&) = delete;
    Peers& operator=(const Peers&) = delete;

    /// A whole message of connection `fd` was handed up: `bytes` as they were on the wire.
    void delivered(int fd, const std::string& routing_id, const std::string& key, std::uint64_t bytes);
    /// Takes in who came and went; looks at all connections when it is time, and cuts those beyond the
    /// limits.
    void look(Clock::time_point now);
    /// When look() has something to do again; max() while nobody is connected.
    Clock::time_point next_look() const;

    void cut_route(const std::string& routing_id);
    void cut_key(const std::string& key);

    std::size_t count() const { return peers_.size(); }
    /// Connections cut because of the limits so far.
    std::uint64_t cut() const { return cut_; }

  private:
    struct Peer {
        std::uint64_t cookie = 0; ///< the kernel's number of the connection: a descriptor may be used anew
        std::string address;
        Clock::time_point since;
        std::uint64_t delivered = 0;
        bool spoke = false;
        std::string routing_id;
        std::string key;
    };

    void take_events();
    void came(int fd);
    void gone(int fd);
    void spoke(Peer& peer, int fd, const std::string& routing_id, const std::string& key);
    void shut(int fd, const Peer& peer);

    zmq::socket_t& socket_;
    zmq::socket_t monitor_;
    const PeerLimits limits_;
    std::unordered_map<int, Peer> peers_;
    std::unordered_map<std::string, int> routes_;
    std::unordered_map<std::string, std::size_t> silent_; ///< by address
    Clock::time_point last_look_ = Clock::time_point::min();
    std::uint64_t cut_ = 0;
};

/// Bytes that a frame of `size` takes on a CURVE connection (ZMTP 3.1: frame header, command name, nonce,
/// box).
std::uint64_t bytes_on_the_wire(std::size_t size);

} // namespace loopmind::wire
