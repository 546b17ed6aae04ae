// The ZAP handler thread: one request, one answer, from an allow-list per domain.
#include "proto/wire/zap.h"

#include "proto/wire/keys.h"
#include "proto/wire/wait.h"
#include "proto/wire/wakeup.h"

#include <array>
#include <atomic>
#include <thread>
#include <vector>
#include <zmq.hpp>

namespace loopmind::wire {
namespace {

constexpr const char* kEndpoint = "inproc://zeromq.zap.01";
constexpr std::size_t kMaxFrames = 16;

std::vector<zmq::message_t> receive_all(zmq::socket_t& socket) {
    std::vector<zmq::message_t> frames;
    for (;;) {
        zmq::message_t frame;
        if (!socket.recv(frame, zmq::recv_flags::dontwait)) return {};
        const bool more = frame.more();
        if (frames.size() < kMaxFrames) frames.push_back(std::move(frame));
        if (!more) return frames;
    }
}

std::string encode_key(const zmq::message_t& raw) {
    std::array<char, 41> text{};
    if (raw.size() != 32 ||
        !zmq_z85_encode(text.data(), static_cast<const std::uint8_t*>(raw.data()), raw.size())) {
        return {};
    }
    return text.data();
}

} // namespace

struct ZapHandler::Impl {
    zmq::socket_t socket;
    std::map<std::string, Lookup> domains;
    Wakeup wakeup;
    std::atomic<bool> stop{false};
    std::thread thread;

    /// The key in Z85 when it may enter, else nothing. Frames: version, request id, domain, address, routing
    /// id, mechanism, credentials.
    std::optional<std::string> admit(const std::vector<zmq::message_t>& frames) const {
        if (frames.size() != 7 || frames[0].to_string_view() != "1.0") return std::nullopt;
        if (frames[5].to_string_view() != "CURVE") return std::nullopt;
        const auto domain = domains.find(frames[2].to_string());
        if (domain == domains.end()) return std::nullopt;
        const auto key = encode_key(frames[6]);
        if (key.empty() || !domain->second(key)) return std::nullopt;
        return key;
    }

    void answer(const zmq::message_t& request_id, const std::optional<std::string>& key) {
        const auto part = [&](std::string_view text, bool more = true) {
            socket.send(zmq::buffer(text), more ? zmq::send_flags::sndmore : zmq::send_flags::none);
        };
        part("1.0");
        part(request_id.to_string_view());
        part(key ? "200" : "300");
        part("");
        part(key ? std::string_view(*key) : "");
        part("", false);
    }

    void serve() {
        std::vector<zmq::pollitem_t> items{{socket.handle(), 0, ZMQ_POLLIN, 0}, wakeup.poll_item()};
        while (!stop) {
            wait(items, std::chrono::milliseconds(-1));
            try {
                for (auto frames = receive_all(socket); !frames.empty(); frames = receive_all(socket)) {
                    // Without a request id there is nobody to answer; libzmq always sends one.
                    if (frames.size() < 2) continue;
                    answer(frames[1], admit(frames));
                }
            } catch (const zmq::error_t&) {
                return; // the context ends
            }
        }
    }
};

ZapHandler::ZapHandler(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<ZapHandler>> ZapHandler::start(zmq::context_t& context,
                                                      std::map<std::string, Lookup> domains) {
    auto impl = std::make_unique<Impl>();
    try {
        impl->socket = zmq::socket_t(context, zmq::socket_type::rep);
        impl->socket.set(zmq::sockopt::linger, 0);
        impl->socket.bind(kEndpoint);
    } catch (const zmq::error_t& problem) {
        return Error{ErrorCode::kUnavailable, kEndpoint, std::string("cannot be served: ") + problem.what(),
                     "use one ZapHandler per ZeroMQ context"};
    }
    impl->domains = std::move(domains);
    impl->thread = std::thread([raw = impl.get()] { raw->serve(); });
    return std::unique_ptr<ZapHandler>(new ZapHandler(std::move(impl)));
}

ZapHandler::~ZapHandler() {
    impl_->stop = true;
    impl_->wakeup.signal();
    impl_->thread.join();
}

} // namespace loopmind::wire
