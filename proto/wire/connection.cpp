// A DEALER socket per network connection, watched by its monitor.
#include "proto/wire/connection.h"

#include "proto/base/random_id.h"
#include "proto/wire/frames.h"
#include "proto/wire/limits.h"

#include <array>
#include <charconv>
#include <cstring>
#include <string_view>

namespace loopmind::wire {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kMostDropsPerCall = 1000;
constexpr int kWatchedEvents = ZMQ_EVENT_CONNECTED | ZMQ_EVENT_CLOSED | ZMQ_EVENT_CONNECT_RETRIED |
                               ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED |
                               ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                               ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;

constexpr const char* kEndpointForm = "use tcp://ADDRESS:PORT";

/// By its form alone: whether the host exists is found out when it is needed.
bool is_endpoint(const std::string& text) {
    constexpr std::string_view kScheme = "tcp://";
    if (text.rfind(kScheme, 0) != 0) return false;
    const auto colon = text.rfind(':');
    if (colon < kScheme.size() + 1) return false;
    int port = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data() + colon + 1, end, port);
    return read.ec == std::errc() && read.ptr == end && port > 0 && port < 65536;
}

/// Next monitor event, 0 when there is none.
int next_event(zmq::socket_t& monitor) {
    zmq::message_t event;
    if (!monitor || !monitor.recv(event, zmq::recv_flags::dontwait)) return 0;
    std::uint16_t id = 0;
    if (event.size() >= sizeof id) std::memcpy(&id, event.data(), sizeof id);
    while (event.more() && monitor.recv(event, zmq::recv_flags::dontwait)) {
    }
    return id;
}

} // namespace

Connection::Connection(zmq::context_t& context, std::vector<std::string> endpoints, std::string server_key,
                       KeyPair own_keys)
    : context_(context), endpoints_(std::move(endpoints)), server_key_(std::move(server_key)),
      own_keys_(std::move(own_keys)), pause_(kReconnectMinMs) {}

Connection::~Connection() {
    close_socket();
}

Result<std::unique_ptr<Connection>> Connection::open(zmq::context_t& context,
                                                     const std::vector<std::string>& endpoints,
                                                     const std::string& server_key, const KeyPair& own_keys) {
    if (endpoints.empty())
        return Error{ErrorCode::kInvalidArgument, "endpoints", "no coordinator is named", kEndpointForm};
    for (const std::string& endpoint : endpoints)
        if (!is_endpoint(endpoint))
            return Error{ErrorCode::kInvalidArgument, endpoint, "is no address of a coordinator",
                         kEndpointForm};
    if (!is_z85_key(server_key)) {
        return Error{ErrorCode::kInvalidArgument, "coordinator key", "is not a key of 40 Z85 characters",
                     "copy what `loopmind-coordinator public-key` prints"};
    }
    std::unique_ptr<Connection> connection(new Connection(context, endpoints, server_key, own_keys));
    if (auto status = connection->open_socket(); !status) return status.error();
    return connection;
}

Status Connection::open_socket() {
    reopen_at_ = Clock::time_point::max();
    try {
        socket_ = zmq::socket_t(context_, zmq::socket_type::dealer);
        socket_.set(zmq::sockopt::curve_serverkey, server_key_);
        socket_.set(zmq::sockopt::curve_publickey, own_keys_.public_key);
        socket_.set(zmq::sockopt::curve_secretkey, own_keys_.secret_key);
        socket_.set(zmq::sockopt::immediate, true); // nothing queues up while there is no connection
        socket_.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(kMaxMessageBytes));
        socket_.set(zmq::sockopt::sndhwm, kHighWaterMark);
        socket_.set(zmq::sockopt::rcvhwm, kHighWaterMark);
        socket_.set(zmq::sockopt::linger, kLingerMs);
        socket_.set(zmq::sockopt::handshake_ivl, kHandshakeMs);
        socket_.set(zmq::sockopt::heartbeat_ivl, kHeartbeatIntervalMs);
        socket_.set(zmq::sockopt::heartbeat_timeout, kHeartbeatTimeoutMs);
        socket_.set(zmq::sockopt::heartbeat_ttl, kHeartbeatTimeoutMs);
        socket_.set(zmq::sockopt::reconnect_ivl, kReconnectMinMs);
        socket_.set(zmq::sockopt::reconnect_ivl_max, kReconnectMaxMs);
        const auto watch = "inproc://loopmind.monitor." + base::random_hex(8);
        if (zmq_socket_monitor(socket_.handle(), watch.c_str(), kWatchedEvents) != 0) throw zmq::error_t();
        monitor_ = zmq::socket_t(context_, zmq::socket_type::pair);
        monitor_.set(zmq::sockopt::linger, 0);
        monitor_.connect(watch);
        socket_.connect(endpoint());
        return {};
    } catch (const zmq::error_t& problem) {
        const Error error{problem.num() == EINVAL ? ErrorCode::kInvalidArgument : ErrorCode::kUnavailable,
                          endpoint(), std::string("cannot be connected to: ") + problem.what(),
                          kEndpointForm};
        close_socket();
        return error;
    }
}

void Connection::close_socket() {
    connected_ = false;
    refused_at_ = Clock::time_point::max();
    if (socket_) {
        zmq_socket_monitor(socket_.handle(), nullptr, 0);
        socket_.close();
    }
    if (monitor_) monitor_.close();
}

/// A connection that worked is over. Its coordinator may be gone for good: another one is asked first.
void Connection::break_off() {
    problem_ = Problem::kBroken;
    problem_place_ = endpoint();
    pause_ = std::chrono::milliseconds(kReconnectMinMs);
    failed_ = 0;
    round_ = Problem::kNone;
    close_socket();
    at_ = (at_ + 1) % endpoints_.size();
    reopen_at_ = Clock::now() + pause_;
}

/// One endpoint did not let us in: the next is tried at once, the next round after a pause.
void Connection::attempt_failed(Problem problem) {
    if (round_ != Problem::kRefused) {
        round_ = problem;
        refused_by_ = at_;
    }
    close_socket();
    at_ = (at_ + 1) % endpoints_.size();
    if (++failed_ < endpoints_.size()) {
        reopen_at_ = Clock::now();
        return;
    }
    problem_ = round_;
    problem_place_ = round_ == Problem::kRefused ? endpoints_[refused_by_] : place();
    failed_ = 0;
    round_ = Problem::kNone;
    reopen_at_ = Clock::now() + pause_;
    pause_ = std::min(2 * pause_, std::chrono::milliseconds(kReconnectMaxMs));
}

std::string Connection::place() const {
    std::string all;
    for (const std::string& one : endpoints_)
        all += (all.empty() ? "" : ", ") + one;
    return all;
}

void Connection::reconnect() {
    break_off();
}

Connection::Change Connection::update() {
    try {
        if (!socket_ && Clock::now() >= reopen_at_) {
            if (!open_socket()) attempt_failed(Problem::kNobodyThere);
        }
        while (const int event = next_event(monitor_)) {
            switch (event) {
            case ZMQ_EVENT_CONNECTED:
                refused_at_ = Clock::now() + std::chrono::milliseconds(kSilentHandshakeMs);
                break;
            case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
                connected_ = true;
                refused_at_ = Clock::time_point::max();
                problem_ = Problem::kNone;
                failed_ = 0;
                round_ = Problem::kNone;
                return Change::kConnected;
            case ZMQ_EVENT_CLOSED: // a TCP attempt failed
                if (!connected_) attempt_failed(Problem::kNobodyThere);
                break;
            case ZMQ_EVENT_DISCONNECTED:
            case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
            case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
            case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: {
                if (connected_)
                    break_off();
                else
                    attempt_failed(Problem::kRefused);
                return Change::kLost;
            }
            default:
                break;
            }
        }
        if (Clock::now() >= refused_at_) {
            refused_at_ = Clock::time_point::max();
            // It may be slow: a lone endpoint has until libzmq's own limit, others are asked meanwhile.
            if (endpoints_.size() > 1) {
                attempt_failed(Problem::kRefused);
            } else {
                problem_ = Problem::kRefused;
                problem_place_ = endpoint();
            }
        }
    } catch (const zmq::error_t&) {
        // interrupted or the context ends
    }
    return Change::kNone;
}

Error Connection::problem_error() const {
    switch (problem_) {
    case Problem::kNobodyThere:
        return {ErrorCode::kUnavailable, problem_place_, "nothing answers there",
                "start the coordinator (`loopmind up`) or correct the address"};
    case Problem::kRefused:
        return {ErrorCode::kUnavailable, problem_place_, "the coordinator does not finish the handshake",
                "check the coordinator's key, and that this key is enrolled there"};
    case Problem::kBroken:
        return {ErrorCode::kUnavailable, problem_place_, "the connection was lost", ""};
    case Problem::kNone:
        break;
    }
    return {ErrorCode::kUnavailable, place(), "not connected yet", ""};
}

bool Connection::receive(google::protobuf::MessageLite& message, Incoming& incoming) {
    if (!socket_) return false;
    try {
        for (int dropped = 0; dropped < kMostDropsPerCall; ++dropped) {
            std::array<zmq::message_t, 2> frames; // header, bytes
            const auto count = receive_frames(socket_, frames);
            if (count == 0) return false;
            if (count > 2) {
                ++dropped_.frames;
                continue;
            }
            if (!message.ParseFromArray(frames[0].data(), static_cast<int>(frames[0].size()))) {
                ++dropped_.unparsable;
                continue;
            }
            incoming.payload = std::move(frames[1]);
            return true;
        }
    } catch (const zmq::error_t&) {
        // interrupted or the context ends
    }
    return false;
}

Status Connection::send(const google::protobuf::MessageLite& message, std::span<const std::byte> bytes) {
    if (!connected_ || !socket_) return problem_error();
    zmq::message_t header(message.ByteSizeLong());
    message.SerializeToArray(header.data(), static_cast<int>(header.size()));
    if (header.size() > kMaxMessageBytes || bytes.size() > kMaxMessageBytes) {
        return Error{ErrorCode::kInvalidArgument, "", "a message is larger than the wire allows",
                     "make the request smaller"};
    }
    try {
        const auto last = zmq::send_flags::dontwait;
        const auto more = zmq::send_flags::sndmore | zmq::send_flags::dontwait;
        if (!socket_.send(header, bytes.empty() ? last : more)) {
            return Error{ErrorCode::kResourceExhausted, endpoint(),
                         "the coordinator reads too slowly, the queue is full", "try again later"};
        }
        if (!bytes.empty()) socket_.send(zmq::const_buffer(bytes.data(), bytes.size()), last);
        return {};
    } catch (const zmq::error_t& problem) {
        return Error{ErrorCode::kUnavailable, endpoint(), std::string("cannot be reached: ") + problem.what(),
                     ""};
    }
}

std::vector<zmq::pollitem_t> Connection::poll_items() {
    if (!socket_) return {};
    return {{socket_.handle(), 0, ZMQ_POLLIN, 0}, {monitor_.handle(), 0, ZMQ_POLLIN, 0}};
}

} // namespace loopmind::wire
