// Monitor events say who came and went; the kernel says how much came.
#include "proto/wire/peers.h"

#include "proto/base/random_id.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cstring>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <optional>
#include <sys/socket.h>

namespace loopmind::wire {
namespace {

// Greeting, handshake, and what the kernel holds that libzmq has not read.
constexpr std::uint64_t kAllowance = 256u << 10;
// PING and PONG are received and never handed up: 41 bytes a second with our interval.
constexpr std::uint64_t kHeartbeatBytesPerSecond = 64;

std::uint64_t cookie_of(int fd) {
    std::uint64_t cookie = 0;
    socklen_t size = sizeof cookie;
    return ::getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

std::optional<std::uint64_t> received_by(int fd) {
    tcp_info info{};
    socklen_t size = sizeof info;
    if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
    if (size < offsetof(tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received) return std::nullopt;
    return info.tcpi_bytes_received;
}

std::string address_of(int fd) {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) return "";
    char text[INET6_ADDRSTRLEN] = {};
    const void* raw = peer.ss_family == AF_INET6
                          ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in6&>(peer).sin6_addr)
                          : static_cast<const void*>(&reinterpret_cast<const sockaddr_in&>(peer).sin_addr);
    return ::inet_ntop(peer.ss_family, raw, text, sizeof text) != nullptr ? text : "";
}

} // namespace

std::uint64_t bytes_on_the_wire(std::size_t size) {
    constexpr std::uint64_t kBox = 8 + 8 + 16 + 1; // "\x07MESSAGE", nonce, authenticator, flags
    const std::uint64_t body = size + kBox;
    return body + (body > 255 ? 9 : 2);
}

Peers::Peers(zmq::context_t& context, zmq::socket_t& socket, PeerLimits limits)
    : socket_(socket), limits_(limits) {
    const auto watch = "inproc://loopmind.peers." + base::random_hex(8);
    if (zmq_socket_monitor(socket_.handle(), watch.c_str(), ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED) != 0)
        throw zmq::error_t();
    monitor_ = zmq::socket_t(context, zmq::socket_type::pair);
    monitor_.set(zmq::sockopt::linger, 0);
    monitor_.set(zmq::sockopt::rcvhwm, 0); // libzmq's own thread would wait for room
    monitor_.connect(watch);
}

Peers::~Peers() {
    zmq_socket_monitor(socket_.handle(), nullptr, 0);
}

void Peers::take_events() {
    for (;;) {
        zmq::message_t event;
        if (!monitor_.recv(event, zmq::recv_flags::dontwait)) return;
        std::uint16_t id = 0;
        std::int32_t value = -1;
        if (event.size() == sizeof id + sizeof value) {
            std::memcpy(&id, event.data(), sizeof id);
            std::memcpy(&value, static_cast<const char*>(event.data()) + sizeof id, sizeof value);
        }
        while (event.more() && monitor_.recv(event, zmq::recv_flags::dontwait)) {
        }
        if (id == ZMQ_EVENT_ACCEPTED) came(value);
        if (id == ZMQ_EVENT_DISCONNECTED) gone(value);
    }
}

void Peers::came(int fd) {
    gone(fd); // its end may have been missed
    Peer peer;
    peer.cookie = cookie_of(fd);
    if (peer.cookie == 0) return; // gone already
    peer.address = address_of(fd);
    peer.since = Clock::now();
    const Peer& added = peers_[fd] = std::move(peer);
    if (++silent_[added.address] > limits_.silent_per_address) {
        ++cut_;
        shut(fd, added);
    }
}

void Peers::gone(int fd) {
    const auto it = peers_.find(fd);
    if (it == peers_.end()) return;
    const Peer& peer = it->second;
    if (!peer.spoke) {
        const auto silent = silent_.find(peer.address);
        if (silent != silent_.end() && --silent->second == 0) silent_.erase(silent);
    }
    const auto route = routes_.find(peer.routing_id);
    if (route != routes_.end() && route->second == fd) routes_.erase(route);
    peers_.erase(it);
}

void Peers::spoke(Peer& peer, int fd, const std::string& routing_id, const std::string& key) {
    peer.spoke = true;
    const auto silent = silent_.find(peer.address);
    if (silent != silent_.end() && --silent->second == 0) silent_.erase(silent);
    peer.routing_id = routing_id;
    peer.key = key;
    routes_[routing_id] = fd;
}

void Peers::delivered(int fd, const std::string& routing_id, const std::string& key, std::uint64_t bytes) {
    auto it = peers_.find(fd);
    if (it == peers_.end() || (it->second.spoke && it->second.routing_id != routing_id)) {
        take_events(); // it came, or this descriptor was used anew, since the last look
        it = peers_.find(fd);
        if (it == peers_.end()) return; // it left these words behind
    }
    Peer& peer = it->second;
    if (!peer.spoke) spoke(peer, fd, routing_id, key);
    if (peer.routing_id == routing_id) peer.delivered += bytes;
}

void Peers::shut(int fd, const Peer& peer) {
    if (cookie_of(fd) == peer.cookie) ::shutdown(fd, SHUT_RDWR);
}

Peers::Clock::time_point Peers::next_look() const {
    return peers_.empty() ? Clock::time_point::max() : last_look_ + kLookPause;
}

void Peers::look(Clock::time_point now) {
    take_events();
    if (last_look_ != Clock::time_point::min() && now < last_look_ + kLookPause) return;
    last_look_ = now;
    std::uint64_t all = 0, worst = 0;
    int worst_fd = -1;
    for (auto& [fd, peer] : peers_) {
        const auto age = std::chrono::duration_cast<std::chrono::seconds>(now - peer.since);
        const auto received = received_by(fd);
        if (!received) continue;
        peer.delivered = std::min(peer.delivered, *received);
        const std::uint64_t allowed =
            kAllowance +
            kHeartbeatBytesPerSecond * static_cast<std::uint64_t>(std::max<std::int64_t>(age.count(), 0));
        const std::uint64_t waiting = *received - peer.delivered;
        const std::uint64_t undelivered = waiting > allowed ? waiting - allowed : 0;
        all += undelivered;
        if (undelivered > worst) {
            worst = undelivered;
            worst_fd = fd;
        }
        const bool too_old = limits_.lifetime.count() > 0 && now - peer.since > limits_.lifetime;
        const bool too_silent = !peer.spoke && now - peer.since > limits_.silence;
        if (undelivered > limits_.undelivered || too_old || too_silent) {
            ++cut_;
            shut(fd, peer);
        }
    }
    if (all > limits_.undelivered_by_all && worst_fd >= 0) {
        ++cut_;
        shut(worst_fd, peers_.at(worst_fd));
    }
}

void Peers::cut_route(const std::string& routing_id) {
    take_events();
    const auto route = routes_.find(routing_id);
    if (route != routes_.end()) shut(route->second, peers_.at(route->second));
}

void Peers::cut_key(const std::string& key) {
    take_events();
    for (const auto& [fd, peer] : peers_)
        if (peer.key == key) shut(fd, peer);
}

} // namespace loopmind::wire
