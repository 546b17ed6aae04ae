// Uploads on the I/O thread: asked for first, so that only bytes the farm lacks travel.
#include "client/farm/farm_io.h"

#include "proto/wire/convert.h"

#include <algorithm>

namespace loopmind::farm {

namespace {
constexpr std::size_t kUploadsAtOnce = 4; // of the 8 that a coordinator allows one connection
} // namespace

void FarmClient::Io::add_upload(v1::BlobRef blob, UploadSource source, StatusDone done) {
    const std::uint64_t id = next_id();
    Upload& upload = uploads_[id];
    upload.blob = std::move(blob);
    upload.source = std::move(source);
    upload.done = std::move(done);
    if (stopping_)
        return finish_upload(id, Error{ErrorCode::kCancelled, "", "this program is leaving the farm", ""});
    start_uploads();
}

/// Asks for uploads that were not asked for on this connection, the oldest first.
void FarmClient::Io::start_uploads() {
    if (!welcomed_) return;
    auto active = static_cast<std::size_t>(std::count_if(
        uploads_.begin(), uploads_.end(), [](const auto& item) { return item.second.request_id != 0; }));
    for (auto& [id, upload] : uploads_) {
        if (active >= kUploadsAtOnce) return;
        if (upload.request_id != 0) continue;
        v1::ClientRequest request;
        request.set_request_id(next_id());
        upload.wire_id = next_wire_id_++;
        *request.mutable_put_blob()->mutable_blob() = upload.blob;
        request.mutable_put_blob()->set_stream_id(upload.wire_id);
        if (!send(request)) return;
        upload.request_id = request.request_id();
        upload.heard = Clock::now();
        ++active;
    }
}

void FarmClient::Io::pump_upload(Upload& upload) {
    static thread_local std::vector<std::byte> buffer(wire::kChunkBytes);
    while (upload.ready && upload.offset < upload.blob.size()) {
        const std::uint64_t count = upload.credit.next_chunk(upload.blob.size() - upload.offset);
        if (count == 0) return;
        const std::span<std::byte> bytes(buffer.data(), count);
        if (Status read = upload.source.read(upload.offset, bytes); !read.ok()) {
            const auto found = std::find_if(uploads_.begin(), uploads_.end(),
                                            [&](const auto& item) { return &item.second == &upload; });
            return finish_upload(found->first, read);
        }
        v1::ClientRequest request;
        request.set_request_id(next_id());
        request.mutable_put_chunk()->set_stream_id(upload.wire_id);
        request.mutable_put_chunk()->set_offset(upload.offset);
        request.mutable_put_chunk()->set_last(upload.offset + count == upload.blob.size());
        if (!connection_ || !connection_->send(request, bytes).ok()) return; // check_uploads() goes on
        upload.credit.sent(count);
        upload.offset += count;
    }
}

/// True when the reply was for an upload.
bool FarmClient::Io::handle_upload(const v1::ClientReply& reply) {
    const auto found = std::find_if(uploads_.begin(), uploads_.end(), [&](const auto& item) {
        const Upload& upload = item.second;
        if (upload.request_id == 0) return false;
        return reply.has_put_credit() ? reply.put_credit().stream_id() == upload.wire_id
                                      : reply.request_id() == upload.request_id;
    });
    if (found == uploads_.end())
        return reply.has_put_credit() || reply.has_put_ready() || reply.has_put_done();
    const std::uint64_t id = found->first;
    Upload& upload = found->second;
    upload.heard = Clock::now();
    if (reply.has_error()) {
        finish_upload(id, wire::from_proto(reply.error()));
    } else if (reply.has_put_ready()) {
        if (reply.put_ready().have_already()) {
            finish_upload(id, {});
            return true;
        }
        upload.offset = std::min<std::uint64_t>(reply.put_ready().offset(), upload.blob.size());
        upload.ready = true;
        upload.credit.grant(reply.put_ready().credit());
        pump_upload(upload);
    } else if (reply.has_put_credit()) {
        upload.credit.grant(reply.put_credit().bytes());
        pump_upload(upload);
    } else if (reply.has_put_done()) {
        finish_upload(id, {});
    }
    return true;
}

void FarmClient::Io::finish_upload(std::uint64_t id, const Status& status) {
    const auto found = uploads_.find(id);
    if (found == uploads_.end()) return;
    Upload& upload = found->second;
    if (!status.ok() && upload.request_id != 0) { // the coordinator forgets what it has of it
        v1::ClientRequest request;
        request.set_request_id(next_id());
        request.mutable_close_stream()->set_stream_id(upload.wire_id);
        send(request);
    }
    const StatusDone done = std::move(upload.done);
    uploads_.erase(found);
    if (done) done(status);
    start_uploads();
}

void FarmClient::Io::forget_upload_connection() {
    for (auto& [id, upload] : uploads_) {
        upload.request_id = upload.wire_id = upload.offset = 0;
        upload.ready = false;
        upload.credit = wire::CreditWindow();
        upload.source.close();
    }
}

void FarmClient::Io::check_uploads(Clock::time_point now) {
    std::vector<std::uint64_t> stalled;
    for (auto& [id, upload] : uploads_)
        if (upload.request_id != 0 && now >= upload.heard + config_.stall_timeout) stalled.push_back(id);
    for (const std::uint64_t id : stalled)
        finish_upload(id, Error{ErrorCode::kUnavailable, "coordinator",
                                "took no byte of an upload for " +
                                    std::to_string(config_.stall_timeout.count() / 1000) + " s",
                                "try again"});
    std::vector<std::uint64_t> open;
    for (const auto& [id, upload] : uploads_)
        if (upload.ready && upload.credit.available() > 0) open.push_back(id);
    for (const std::uint64_t id : open)
        if (const auto found = uploads_.find(id); found != uploads_.end()) pump_upload(found->second);
}

} // namespace loopmind::farm
