// The receiving side of GetBlob, the same for every server that is measured.
#include "tests/bench/stream/readers.h"

#include <algorithm>
#include <stdexcept>
#include <thread>

#include "proto/wire/limits.h"
#include "proto/wire/wait.h"

namespace loopmind::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kPatience{60};
constexpr int kStreamsAtOnce = 2;

} // namespace

Readers::Readers(const std::string& endpoint, const std::string& server_key,
                 const std::vector<wire::KeyPair>& keys) {
    for (const wire::KeyPair& pair : keys) {
        auto opened = wire::Connection::open(context_, {endpoint}, server_key, pair);
        if (!opened.ok()) throw std::runtime_error(opened.error().text());
        clients_.emplace_back().connection = std::move(*opened);
    }
    const auto end = Clock::now() + kPatience;
    for (Client& client : clients_) {
        while (!client.connection->connected()) {
            if (Clock::now() > end) throw std::runtime_error(client.connection->problem_error().text());
            while (client.connection->update() != wire::Connection::Change::kNone) {
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        v1::ClientRequest hello;
        hello.set_request_id(++last_id_);
        hello.mutable_hello()->mutable_protocol()->set_min(1);
        hello.mutable_hello()->mutable_protocol()->set_max(1);
        hello.mutable_hello()->set_software("bench");
        send(client, hello);
    }
}

void Readers::send(Client& client, const v1::ClientRequest& request) {
    if (Status sent = client.connection->send(request); !sent) throw std::runtime_error(sent.error().text());
}

v1::ClientReply Readers::ask(v1::ClientRequest request) {
    request.set_request_id(++last_id_);
    Client& client = clients_.front();
    send(client, request);
    v1::ClientReply reply;
    wire::Incoming incoming;
    for (const auto end = Clock::now() + kPatience; Clock::now() < end;) {
        while (client.connection->receive(reply, incoming))
            if (reply.request_id() == request.request_id()) return reply;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    throw std::runtime_error("no answer");
}

void Readers::request_next(Client& client) {
    v1::ClientRequest request;
    request.set_request_id(++last_id_);
    auto& get = *request.mutable_get_blob();
    get.set_sha256(blobs_[client.next++ % blobs_.size()]);
    get.set_stream_id(++client.last_stream);
    get.set_credit(wire::kCreditWindow);
    client.open.insert(client.last_stream);
    send(client, request);
}

void Readers::fetch(const std::vector<std::string>& blobs) {
    blobs_ = blobs;
    for (std::size_t i = 0; i < clients_.size(); ++i) {
        if (clients_[i].stalled) continue;
        clients_[i].next = i;
        for (int stream = 0; stream < kStreamsAtOnce; ++stream)
            request_next(clients_[i]);
    }
}

void Readers::stall_first(const std::vector<std::string>& blobs, int streams) {
    blobs_ = blobs;
    for (int i = 0; i < streams; ++i)
        request_next(clients_.front());
    clients_.front().stalled = true;
}

void Readers::follow(const std::string& job_id, const std::string& task_id, const std::string& role) {
    blobs_.clear();
    for (Client& client : clients_) {
        v1::ClientRequest request;
        request.set_request_id(++last_id_);
        auto& open = *request.mutable_open_stream();
        open.set_job_id(job_id);
        open.set_task_id(task_id);
        open.set_role(role);
        open.set_stream_id(++client.last_stream);
        open.set_credit(wire::kCreditWindow);
        client.open.insert(client.last_stream);
        send(client, request);
    }
}

void Readers::take(Client& client, const v1::ClientReply& reply, std::size_t bytes) {
    if (reply.has_error()) throw std::runtime_error("refused: " + reply.error().message());
    if (!reply.has_chunk()) return;
    const auto stream = client.open.find(reply.chunk().stream_id());
    if (stream == client.open.end()) return;
    client.received.bytes += bytes;
    if (bytes > 0) {
        v1::ClientRequest request;
        request.mutable_credit()->set_stream_id(*stream);
        request.mutable_credit()->set_bytes(bytes);
        send(client, request);
    }
    if (!reply.chunk().last()) return;
    ++client.received.blobs;
    client.open.erase(stream);
    if (!blobs_.empty()) request_next(client);
}

std::vector<Received> Readers::read(std::chrono::milliseconds time, const std::function<bool()>& done) {
    for (Client& client : clients_)
        client.received = {};
    std::vector<zmq::pollitem_t> items;
    std::vector<Client*> polled;
    for (Client& client : clients_) {
        if (client.stalled) continue;
        items.push_back(client.connection->poll_items().front());
        polled.push_back(&client);
    }
    const auto end = Clock::now() + time;
    v1::ClientReply reply;
    wire::Incoming incoming;
    while (Clock::now() < end && !(done && done())) {
        wire::wait(items, std::chrono::milliseconds(20));
        for (std::size_t i = 0; i < items.size(); ++i) {
            if ((items[i].revents & ZMQ_POLLIN) == 0) continue;
            // A few at a time: everybody's turn comes.
            for (int n = 0; n < 4 && polled[i]->connection->receive(reply, incoming); ++n)
                take(*polled[i], reply, incoming.bytes().size());
        }
    }
    std::vector<Received> out;
    for (const Client& client : clients_)
        out.push_back(client.received);
    return out;
}

} // namespace loopmind::bench
