// As little as a stream with credit can be.
#include "tests/bench/stream/bare_server.h"

#include <deque>
#include <map>
#include <stdexcept>
#include <vector>

#include "loopmind/v1/client.pb.h"
#include "proto/wire/limits.h"
#include "proto/wire/stream.h"

namespace loopmind::bench {
namespace {

struct Stream {
    std::string peer;
    std::uint64_t id = 0;
    std::uint64_t offset = 0;
    wire::CreditWindow credit;
};

} // namespace

BareServer::BareServer(std::uint64_t blob_bytes)
    : blob_bytes_(blob_bytes), socket_(context_, zmq::socket_type::router) {
    auto keys = wire::generate_keys();
    if (!keys.ok()) throw std::runtime_error(keys.error().text());
    keys_ = *keys;
    socket_.set(zmq::sockopt::linger, 0);
    socket_.set(zmq::sockopt::curve_server, true);
    socket_.set(zmq::sockopt::curve_secretkey, keys_.secret_key);
    socket_.set(zmq::sockopt::sndhwm, wire::kHighWaterMark);
    socket_.set(zmq::sockopt::rcvhwm, wire::kHighWaterMark);
    socket_.bind("tcp://127.0.0.1:*");
    endpoint_ = socket_.get(zmq::sockopt::last_endpoint);
    thread_ = std::thread([this] { serve(); });
}

BareServer::~BareServer() {
    stop_ = true;
    thread_.join();
}

void BareServer::serve() {
    const std::vector<std::byte> memory(wire::kChunkBytes, std::byte{0x5a});
    std::map<std::pair<std::string, std::uint64_t>, Stream> streams;
    const auto send = [&](const std::string& peer, const v1::ClientReply& reply, std::size_t bytes) {
        socket_.send(zmq::buffer(peer), zmq::send_flags::sndmore);
        zmq::message_t header(reply.ByteSizeLong());
        reply.SerializeToArray(header.data(), static_cast<int>(header.size()));
        socket_.send(header, bytes > 0 ? zmq::send_flags::sndmore : zmq::send_flags::none);
        if (bytes > 0) socket_.send(zmq::const_buffer(memory.data(), bytes), zmq::send_flags::none);
    };
    v1::ClientRequest request;
    while (!stop_) {
        zmq::message_t peer, header;
        bool sent = false;
        while (socket_.recv(peer, zmq::recv_flags::dontwait)) {
            (void)socket_.recv(header);
            request.ParseFromArray(header.data(), static_cast<int>(header.size()));
            const std::string name = peer.to_string();
            v1::ClientReply reply;
            reply.set_request_id(request.request_id());
            if (request.has_hello()) {
                reply.mutable_welcome()->set_protocol(1);
                send(name, reply, 0);
            } else if (request.has_get_blob()) {
                Stream& stream = streams[{name, request.get_blob().stream_id()}];
                stream = {name, request.get_blob().stream_id(), 0,
                          wire::CreditWindow(request.get_blob().credit())};
                reply.mutable_ok();
                send(name, reply, 0);
            } else if (request.has_credit()) {
                const auto found = streams.find({name, request.credit().stream_id()});
                if (found != streams.end()) found->second.credit.grant(request.credit().bytes());
            }
        }
        for (auto it = streams.begin(); it != streams.end();) {
            Stream& stream = it->second;
            const std::uint64_t bytes = stream.credit.next_chunk(blob_bytes_ - stream.offset);
            if (bytes == 0) {
                ++it;
                continue;
            }
            v1::ClientReply reply;
            auto& chunk = *reply.mutable_chunk();
            chunk.set_stream_id(stream.id);
            chunk.set_offset(stream.offset);
            chunk.set_last(stream.offset + bytes == blob_bytes_);
            send(stream.peer, reply, bytes);
            stream.credit.sent(bytes);
            stream.offset += bytes;
            sent = true;
            it = stream.offset == blob_bytes_ ? streams.erase(it) : std::next(it);
        }
        if (!sent) {
            zmq::pollitem_t item{socket_.handle(), 0, ZMQ_POLLIN, 0};
            zmq::poll(&item, 1, std::chrono::milliseconds(20));
        }
    }
}

} // namespace loopmind::bench
