// A ROUTER socket with CURVE and limits.
#include "proto/wire/listener.h"

#include <google/protobuf/stubs/logging.h>

#include "proto/wire/frames.h"
#include "proto/wire/limits.h"

#include <array>
#include <cerrno>

namespace loopmind::wire {
namespace {

constexpr int kMostDropsPerCall = 1000;

Error send_error(int error_number) {
    if (error_number == EAGAIN) {
        return {ErrorCode::kResourceExhausted, "", "the peer reads too slowly, its queue is full", ""};
    }
    return {ErrorCode::kUnavailable, "", std::string("the peer is gone: ") + zmq_strerror(error_number), ""};
}

std::string property(const zmq::message_t& frame, const char* name) {
    const char* value = zmq_msg_gets(frame.handle(), name);
    return value ? value : "";
}

/// libzmq admits every key when nobody serves the ZAP endpoint (ZMQ_ZAP_ENFORCE_DOMAIN is a draft option):
/// the endpoint must be taken.
bool has_zap_handler(zmq::context_t& context) {
    try {
        zmq::socket_t probe(context, zmq::socket_type::rep);
        probe.bind("inproc://zeromq.zap.01");
        return false;
    } catch (const zmq::error_t& problem) {
        return problem.num() == EADDRINUSE;
    }
}

} // namespace

Result<std::unique_ptr<Listener>> Listener::bind(zmq::context_t& context, const std::string& endpoint,
                                                 const KeyPair& keys, const std::string& zap_domain,
                                                 std::chrono::milliseconds handshake, const Limits& limits) {
    if (!has_zap_handler(context)) {
        return Error{ErrorCode::kInternal, endpoint, "no ZAP handler runs: everybody would be admitted", ""};
    }
    try {
        zmq::socket_t socket(context, zmq::socket_type::router);
        socket.set(zmq::sockopt::curve_server, true);
        socket.set(zmq::sockopt::curve_secretkey, keys.secret_key);
        socket.set(zmq::sockopt::zap_domain, zap_domain);
        socket.set(zmq::sockopt::router_mandatory, true);
        socket.set(zmq::sockopt::router_handover, false);
        socket.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(limits.message_bytes));
        socket.set(zmq::sockopt::sndhwm, kHighWaterMark);
        socket.set(zmq::sockopt::rcvhwm, kHighWaterMark);
        socket.set(zmq::sockopt::linger, kLingerMs);
        socket.set(zmq::sockopt::handshake_ivl, static_cast<int>(handshake.count()));
        socket.set(zmq::sockopt::heartbeat_ivl, kHeartbeatIntervalMs);
        socket.set(zmq::sockopt::heartbeat_timeout, kHeartbeatTimeoutMs);
        socket.set(zmq::sockopt::heartbeat_ttl, kHeartbeatTimeoutMs);
        socket.set(zmq::sockopt::tcp_keepalive, 1);
        socket.set(zmq::sockopt::backlog, 1024);
        std::unique_ptr<Listener> listener(new Listener(std::move(socket)));
        listener->peers_ = std::make_unique<Peers>(context, listener->socket_, limits.peers);
        listener->socket_.bind(endpoint);
        listener->endpoint_ = listener->socket_.get(zmq::sockopt::last_endpoint);
        return listener;
    } catch (const zmq::error_t& problem) {
        if (problem.num() == EADDRINUSE) {
            return Error{ErrorCode::kUnavailable, endpoint, "the address is in use",
                         "stop the other program or choose another port"};
        }
        return Error{problem.num() == EINVAL ? ErrorCode::kInvalidArgument : ErrorCode::kUnavailable,
                     endpoint, std::string("cannot be served: ") + problem.what(), "use tcp://ADDRESS:PORT"};
    }
}

Listener::~Listener() = default;

const Listener::Limits& Listener::default_limits() {
    static const Limits limits;
    return limits;
}

void Listener::tend(std::chrono::steady_clock::time_point now) {
    try {
        peers_->look(now);
    } catch (const zmq::error_t&) {
        // interrupted or the context ends
    }
}

bool Listener::receive(google::protobuf::MessageLite& message, Incoming& incoming) {
    try {
        for (int dropped = 0; dropped < kMostDropsPerCall; ++dropped) {
            std::array<zmq::message_t, 3> frames; // routing id, header, bytes
            std::uint64_t bytes = 0;
            const auto count = receive_frames(socket_, frames, [&](const zmq::message_t& frame) {
                bytes += bytes_on_the_wire(frame.size());
            });
            if (count == 0) return false;
            const auto& header = frames[1];
            if (count > 1) {
                bytes -= bytes_on_the_wire(frames[0].size()); // the routing id is no frame of the peer's
                peers_->delivered(zmq_msg_get(header.handle(), ZMQ_SRCFD), frames[0].to_string(),
                                  property(header, "User-Id"), bytes);
            }
            if (count < 2 || count > 3) {
                ++dropped_.frames;
                continue;
            }
            incoming.user_id = property(header, "User-Id");
            if (incoming.user_id.empty()) {
                ++dropped_.nameless;
                continue;
            }
            // Protocol Buffers prints a line for every string that is no UTF-8: a peer could fill the log.
            const google::protobuf::LogSilencer silence;
            if (!message.ParseFromArray(header.data(), static_cast<int>(header.size()))) {
                ++dropped_.unparsable;
                continue;
            }
            incoming.routing_id = frames[0].to_string();
            incoming.address = property(header, "Peer-Address");
            incoming.payload = std::move(frames[2]);
            return true;
        }
    } catch (const zmq::error_t&) {
        // interrupted or the context ends
    }
    return false;
}

Status Listener::send(const std::string& routing_id, const google::protobuf::MessageLite& message,
                      std::span<const std::byte> bytes) {
    return send(routing_id, message, zmq::message_t(bytes.data(), bytes.size()));
}

Status Listener::send(const std::string& routing_id, const google::protobuf::MessageLite& message,
                      zmq::message_t&& bytes) {
    zmq::message_t header(message.ByteSizeLong());
    message.SerializeToArray(header.data(), static_cast<int>(header.size()));
    if (header.size() > kMaxMessageBytes || bytes.size() > kMaxMessageBytes) {
        return Error{ErrorCode::kInternal, "", "a message is larger than the wire allows", ""};
    }
    try {
        // Only the first part can fail: the pipe takes a message whole once it has taken its routing id.
        constexpr auto more = zmq::send_flags::sndmore | zmq::send_flags::dontwait;
        if (!socket_.send(zmq::buffer(routing_id), more)) return send_error(EAGAIN);
        socket_.send(header, bytes.size() > 0 ? more : zmq::send_flags::dontwait);
        if (bytes.size() > 0) socket_.send(bytes, zmq::send_flags::dontwait);
        return {};
    } catch (const zmq::error_t& problem) {
        return send_error(problem.num());
    }
}

zmq::pollitem_t Listener::poll_item() {
    return {socket_.handle(), 0, ZMQ_POLLIN, 0};
}

} // namespace loopmind::wire
