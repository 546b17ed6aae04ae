// Taking one multi-part message off a socket without keeping more of it than is allowed.
#pragma once

#include <array>
#include <cstddef>
#include <zmq.hpp>

namespace loopmind::wire {

/// Receives one whole message without waiting, keeps its first N frames and discards the rest. Returns how
/// many frames it had, 0 when there is no message. May throw zmq::error_t.
/// `seen` is called with each frame, kept or not.
template <std::size_t N, typename Seen>
std::size_t receive_frames(zmq::socket_t& socket, std::array<zmq::message_t, N>& kept, Seen&& seen) {
    std::size_t count = 0;
    for (;;) {
        zmq::message_t frame;
        if (!socket.recv(frame, zmq::recv_flags::dontwait))
            return count; // parts of one message arrive together
        const bool more = frame.more();
        seen(frame);
        if (count < N) kept[count] = std::move(frame);
        ++count;
        if (!more) return count;
    }
}

template <std::size_t N>
std::size_t receive_frames(zmq::socket_t& socket, std::array<zmq::message_t, N>& kept) {
    return receive_frames(socket, kept, [](const zmq::message_t&) {});
}

} // namespace loopmind::wire
