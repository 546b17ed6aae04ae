// Whole messages with a deadline.
#include "engine/plugins/control_channel.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace loopmind::plugins {
namespace {

using Clock = std::chrono::steady_clock;

Error gone() {
    return {ErrorCode::kUnavailable, "", "the plug-in's process is gone", ""};
}

/// Waits until the socket can be read or written.
Status ready(int socket, short what, Clock::time_point until) {
    while (true) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
        if (left <= 0) return Error{ErrorCode::kResourceExhausted, "", "did not answer in time", ""};
        pollfd wait{socket, what, 0};
        const int got = ::poll(&wait, 1, static_cast<int>(std::min<std::int64_t>(left, 60000)));
        if (got > 0) return {};
        if (got < 0 && errno != EINTR) return gone();
    }
}

Status fill(int socket, char* out, std::size_t size, Clock::time_point until) {
    while (size > 0) {
        if (Status can = ready(socket, POLLIN, until); !can) return can;
        const ssize_t got = ::recv(socket, out, size, MSG_DONTWAIT);
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (got <= 0) return gone();
        out += got;
        size -= static_cast<std::size_t>(got);
    }
    return {};
}

} // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
}

Descriptor::~Descriptor() {
    if (number_ >= 0) ::close(number_);
}

Status send_message(int socket, const nlohmann::json& message, Clock::time_point until) {
    const std::string body = message.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    if (body.size() > kMaxMessage)
        return Error{ErrorCode::kInvalidArgument, "", "is too much for one message", ""};
    std::string bytes;
    for (int i = 0; i < 4; ++i)
        bytes.push_back(static_cast<char>(body.size() >> (8 * i) & 0xFF));
    bytes += body;
    for (std::size_t at = 0; at < bytes.size();) {
        if (Status can = ready(socket, POLLOUT, until); !can) return can;
        const ssize_t put = ::send(socket, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (put < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (put <= 0) return gone();
        at += static_cast<std::size_t>(put);
    }
    return {};
}

Result<nlohmann::json> receive_message(int socket, Clock::time_point until) {
    const Error nonsense{ErrorCode::kDataCorrupt, "", "gave an answer that cannot be understood", ""};
    std::array<char, 4> head{};
    if (Status got = fill(socket, head.data(), head.size(), until); !got) return got.error();
    std::size_t size = 0;
    for (std::size_t i = 4; i-- > 0;)
        size = size << 8 | static_cast<unsigned char>(head[i]);
    if (size > kMaxMessage) return nonsense;
    std::string body(size, '\0');
    if (Status got = fill(socket, body.data(), size, until); !got) return got.error();
    auto message = nlohmann::json::parse(body, nullptr, false);
    if (!message.is_object()) return nonsense;
    return message;
}

} // namespace loopmind::plugins
