// A coordinator made of a real CURVE socket and a script.
#include "tests/client/farm/fake_coordinator.h"

#include "proto/wire/limits.h"
#include "proto/wire/wait.h"

#include <gtest/gtest.h>

namespace loopmind::testing {

FakeCoordinator::FakeCoordinator(std::string client_key) : client_key_(std::move(client_key)) {
    keys_ = *wire::generate_keys();
    welcome.set_protocol(1);
    welcome.set_software("fake 0");
}

FakeCoordinator::~FakeCoordinator() {
    stop();
}

void FakeCoordinator::start() {
    stopping_ = false;
    context_ = std::make_unique<zmq::context_t>();
    mailbox_ = std::make_unique<wire::Mailbox<std::function<void()>>>();
    auto zap = wire::ZapHandler::start(
        *context_, {{"clients", [this](const std::string& key) -> std::optional<wire::Identity> {
                         if (key != client_key_) return std::nullopt;
                         return wire::Identity{"test", "admin", "default"};
                     }}});
    ASSERT_TRUE(zap.ok());
    zap_ = std::move(*zap);
    auto listener = wire::Listener::bind(*context_, endpoint_, keys_, "clients");
    ASSERT_TRUE(listener.ok()) << listener.error().text();
    listener_ = std::move(*listener);
    endpoint_ = listener_->endpoint();
    thread_ = std::thread([this] { run(); });
}

void FakeCoordinator::stop() {
    if (!thread_.joinable()) return;
    stopping_ = true;
    mailbox_->push([] {});
    thread_.join();
    listener_.reset();
    zap_.reset();
    context_.reset();
    streams_.clear();
}

void FakeCoordinator::run() {
    v1::ClientRequest request;
    wire::Incoming incoming;
    while (!stopping_) {
        std::vector<zmq::pollitem_t> items{listener_->poll_item(), mailbox_->poll_item()};
        wire::wait(items, std::chrono::seconds(1));
        for (auto& work : mailbox_->take_all())
            work();
        while (!stopping_ && listener_->receive(request, incoming)) {
            last_peer_ = incoming.routing_id;
            {
                const std::lock_guard lock(mutex_);
                seen_.push_back(request);
            }
            changed_.notify_all();
            incoming_bytes_ = incoming.text();
            handle(incoming.routing_id, request);
        }
    }
}

void FakeCoordinator::send(const std::string& peer, const v1::ClientReply& reply, std::string_view bytes) {
    (void)listener_->send(peer, reply, std::as_bytes(std::span(bytes.data(), bytes.size())));
}

void FakeCoordinator::send_error(const std::string& peer, std::uint64_t request_id, v1::ErrorCode code,
                                 const std::string& message) {
    v1::ClientReply reply;
    reply.set_request_id(request_id);
    reply.mutable_error()->set_code(code);
    reply.mutable_error()->set_message(message);
    send(peer, reply);
}

void FakeCoordinator::serve_blob(const std::string& peer, const std::string& bytes, std::uint64_t stream_id,
                                 std::uint64_t offset, std::uint64_t credit, const v1::BlobRef& named,
                                 std::uint64_t epoch) {
    Stream& stream = streams_[stream_id];
    stream = {peer, bytes, stream_id, offset, credit, epoch, named};
    if (credit > wire::kCreditWindow) credit_respected_ = false;
    pump(stream);
}

void FakeCoordinator::pump(Stream& stream) {
    for (;;) {
        const std::uint64_t left = stream.bytes.size() - stream.at;
        const std::uint64_t size =
            std::min({left, stream.credit, static_cast<std::uint64_t>(wire::kChunkBytes)});
        if (size == 0 && left > 0) return;
        v1::ClientReply reply;
        v1::Chunk& chunk = *reply.mutable_chunk();
        chunk.set_stream_id(stream.id);
        chunk.set_offset(stream.at);
        chunk.set_epoch(stream.epoch);
        chunk.set_last(size == left);
        if (size == left) *chunk.mutable_blob() = stream.named;
        send(stream.peer, reply, std::string_view(stream.bytes).substr(stream.at, size));
        stream.at += size;
        stream.credit -= size;
        if (size == left) {
            streams_.erase(stream.id);
            return;
        }
    }
}

void FakeCoordinator::handle(const std::string& peer, const v1::ClientRequest& request) {
    if (script && script(*this, peer, request)) return;
    v1::ClientReply reply;
    reply.set_request_id(request.request_id());
    switch (request.body_case()) {
    case v1::ClientRequest::kHello:
        *reply.mutable_welcome() = welcome;
        break;
    case v1::ClientRequest::kSubmit:
        reply.mutable_submit_ack()->set_job_id(request.submit().job_id());
        reply.mutable_submit_ack()->set_resolved_json(request.submit().params_json());
        break;
    case v1::ClientRequest::kWatch:
        reply.set_request_id(0);
        reply.mutable_event()->set_job_id(request.watch().job_id());
        reply.mutable_event()->set_seq(1);
        reply.mutable_event()->mutable_snapshot()->set_job_id(request.watch().job_id());
        reply.mutable_event()->mutable_snapshot()->set_state(v1::JOB_STATE_RUNNING);
        break;
    case v1::ClientRequest::kListJobs:
        reply.mutable_job_list()->add_jobs()->set_job_id("listed");
        break;
    case v1::ClientRequest::kGetBlob: {
        const v1::GetBlob& get = request.get_blob();
        const auto found = blobs.find(get.sha256());
        if (found == blobs.end())
            return send_error(peer, request.request_id(), v1::ERROR_CODE_NOT_FOUND, "no such blob");
        v1::BlobRef named;
        named.set_sha256(get.sha256());
        named.set_size(found->second.size());
        return serve_blob(peer, found->second, get.stream_id(), get.offset(), get.credit(), named);
    }
    case v1::ClientRequest::kCredit: {
        const auto found = streams_.find(request.credit().stream_id());
        if (found == streams_.end()) return;
        found->second.credit += request.credit().bytes();
        if (found->second.credit > wire::kCreditWindow) credit_respected_ = false;
        return pump(found->second);
    }
    case v1::ClientRequest::kCloseStream:
        streams_.erase(request.close_stream().stream_id());
        return;
    default:
        reply.mutable_ok();
        break;
    }
    send(peer, reply);
}

std::vector<v1::ClientRequest> FakeCoordinator::seen(v1::ClientRequest::BodyCase kind) const {
    const std::lock_guard lock(mutex_);
    std::vector<v1::ClientRequest> found;
    for (const v1::ClientRequest& request : seen_)
        if (request.body_case() == kind) found.push_back(request);
    return found;
}

bool FakeCoordinator::wait_seen(v1::ClientRequest::BodyCase kind, std::size_t count) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] {
        return static_cast<std::size_t>(
                   std::count_if(seen_.begin(), seen_.end(), [&](const v1::ClientRequest& request) {
                       return request.body_case() == kind;
                   })) >= count;
    });
}

void FakeCoordinator::with_peer(std::function<void(const std::string&)> work) {
    mailbox_->push([this, work = std::move(work)] { work(last_peer_); });
}

} // namespace loopmind::testing
