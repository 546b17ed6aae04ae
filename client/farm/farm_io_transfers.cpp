// Streams and fetches of the I/O thread: credit, offsets, resets, direct reads, verification.
#include "client/farm/farm_io.h"

#include "proto/base/sha256.h"
#include "proto/wire/attempt_file.h"
#include "proto/wire/limits.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace loopmind::farm {

namespace {

constexpr std::size_t kCopyBytes = 1u << 20;           // of a direct read per turn of the loop
constexpr std::uint64_t kMostStreamBytes = 8ull << 30; // no output is larger; protects the disk from nonsense
constexpr int kMostTries = 2;                          // wrong bytes are asked for once more

Error wrong_bytes(const std::string& what, const std::string& message) {
    return {ErrorCode::kDataCorrupt, what, message,
            "try again; if it stays, ask for the job again with `loopmind retry`"};
}

} // namespace

void FarmClient::Io::add_stream(std::uint64_t id, OutputName output, StreamEvents events) {
    Transfer& transfer = transfers_[id];
    transfer.output = std::move(output);
    transfer.events = std::move(events);
    start_transfer(id);
}

void FarmClient::Io::add_fetch(std::uint64_t id, v1::BlobRef blob, Done<std::filesystem::path> done) {
    Transfer& transfer = transfers_[id];
    transfer.output.label = blob.sha256().substr(0, 16);
    transfer.events.done = std::move(done);
    if (!base::is_sha256_hex(blob.sha256()) || blob.size() > kMostStreamBytes) {
        return finish(id, Error{ErrorCode::kDataCorrupt, "blob",
                                "'" + blob.sha256().substr(0, 80) + "' is not a blob that can be fetched",
                                "update the coordinator or this program"});
    }
    transfer.blob = std::move(blob);
    start_transfer(id);
}

void FarmClient::Io::stop_transfer(std::uint64_t id) {
    if (transfers_.count(id)) finish(id, Error{ErrorCode::kCancelled, "", "the transfer was stopped", ""});
}

/// Begins or goes on with a transfer that is not open; waits for the connection when there is none.
void FarmClient::Io::start_transfer(std::uint64_t id) {
    const auto found = transfers_.find(id);
    if (found == transfers_.end()) return;
    Transfer& transfer = found->second;
    if (stopping_)
        return finish(id, Error{ErrorCode::kCancelled, "", "this program is leaving the farm", ""});
    if (transfer.blob && !transfer.file) {
        if (const auto cached = cache_.find(transfer.blob->sha256())) return finish(id, *cached);
    }
    if (!welcomed_) return;
    if (!transfer.file) {
        auto file = IncomingFile::create(cache_, transfer.output.label);
        if (!file.ok()) return finish(id, file.error());
        transfer.file.emplace(std::move(*file));
    }
    if (!start_direct(transfer)) open_on_wire(id);
}

bool FarmClient::Io::start_direct(Transfer& transfer) {
    if (!direct_root_ || !transfer.blob || transfer.no_direct || transfer.file->size() > 0) return false;
    const auto path = wire::blob_path(*direct_root_, transfer.blob->sha256());
    transfer.source_fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    return transfer.source_fd >= 0;
}

void FarmClient::Io::open_on_wire(std::uint64_t id) {
    Transfer& transfer = transfers_.at(id);
    v1::ClientRequest request;
    request.set_request_id(next_id());
    const std::uint64_t wire_id = next_wire_id_++;
    if (transfer.blob) {
        v1::GetBlob& get = *request.mutable_get_blob();
        get.set_sha256(transfer.blob->sha256());
        get.set_offset(transfer.file->size());
        get.set_credit(wire::kCreditWindow);
        get.set_stream_id(wire_id);
    } else {
        v1::OpenStream& open = *request.mutable_open_stream();
        open.set_job_id(transfer.output.job_id);
        open.set_task_id(transfer.output.task_id);
        open.set_role(transfer.output.role);
        open.set_offset(transfer.file->size());
        open.set_epoch(transfer.file->size() > 0 ? transfer.epoch : 0);
        open.set_credit(wire::kCreditWindow);
        open.set_stream_id(wire_id);
    }
    transfer.heard = Clock::now();
    const bool sent = send(request);
    transfer.wire_id = sent ? wire_id : 0;
    transfer.request_id = sent ? request.request_id() : 0;
}

void FarmClient::Io::close_on_wire(Transfer& transfer) {
    if (transfer.wire_id == 0) return;
    v1::ClientRequest request;
    request.set_request_id(next_id());
    request.mutable_close_stream()->set_stream_id(transfer.wire_id);
    send(request);
    transfer.wire_id = 0;
    transfer.request_id = 0;
}

std::map<std::uint64_t, FarmClient::Io::Transfer>::iterator
FarmClient::Io::by_wire_id(std::uint64_t wire_id) {
    auto it = transfers_.begin();
    while (it != transfers_.end() && (wire_id == 0 || it->second.wire_id != wire_id))
        ++it;
    return it;
}

void FarmClient::Io::handle_chunk(const v1::Chunk& chunk, std::span<const std::byte> bytes) {
    const auto found = by_wire_id(chunk.stream_id());
    if (found == transfers_.end()) return; // closed meanwhile
    const std::uint64_t id = found->first;
    Transfer& transfer = found->second;
    transfer.heard = Clock::now();
    if (!transfer.blob && chunk.epoch() != transfer.epoch && transfer.file->size() == 0)
        transfer.epoch = chunk.epoch();
    if (!transfer.blob && chunk.epoch() != transfer.epoch && !(chunk.last() && bytes.empty()))
        return start_again(id,
                           wrong_bytes(transfer.output.label, "a new attempt was streamed without a word"));
    if (chunk.offset() != transfer.file->size() && !bytes.empty())
        return start_again(id, wrong_bytes(transfer.output.label,
                                           "bytes for position " + std::to_string(chunk.offset()) +
                                               " arrived at " + std::to_string(transfer.file->size())));
    if (!append(id, bytes)) return;
    const std::uint64_t limit = transfer.blob ? transfer.blob->size() : kMostStreamBytes;
    if (transfer.file->size() > limit)
        return start_again(id, wrong_bytes(transfer.output.label, "more bytes arrived than it has"));
    if (!bytes.empty()) {
        v1::ClientRequest request;
        request.set_request_id(next_id());
        request.mutable_credit()->set_stream_id(transfer.wire_id);
        request.mutable_credit()->set_bytes(bytes.size());
        send(request);
    }
    if (chunk.last()) {
        transfer.wire_id = 0; // the coordinator closed it
        transfer.request_id = 0;
        return complete(id, transfer.blob ? *transfer.blob : chunk.blob());
    }
}

void FarmClient::Io::handle_reset(const v1::StreamReset& reset) {
    const auto found = by_wire_id(reset.stream_id());
    if (found == transfers_.end()) return;
    Transfer& transfer = found->second;
    transfer.epoch = reset.epoch();
    transfer.heard = Clock::now();
    if (Status restarted = transfer.file->restart(); !restarted.ok())
        return finish(found->first, restarted.error());
    if (const auto restarted = transfer.events.restarted) restarted();
}

/// False when the bytes could not be kept and the transfer has ended.
bool FarmClient::Io::append(std::uint64_t id, std::span<const std::byte> bytes) {
    if (bytes.empty()) return true;
    Transfer& transfer = transfers_.at(id);
    if (Status kept = transfer.file->append(bytes); !kept.ok()) {
        finish(id, kept.error());
        return false;
    }
    if (const auto grew = transfer.events.grew) grew(transfer.file->path(), transfer.file->size());
    return true;
}

/// One step of a direct read, so that a large blob does not keep the connection waiting.
void FarmClient::Io::copy_step(std::uint64_t id) {
    const auto found = transfers_.find(id);
    if (found == transfers_.end() || found->second.source_fd < 0) return;
    Transfer& transfer = found->second;
    static thread_local std::vector<std::byte> buffer(kCopyBytes);
    const ssize_t got = ::read(transfer.source_fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) return;
    if (got > 0 && transfer.file->size() + static_cast<std::uint64_t>(got) <= transfer.blob->size()) {
        append(id, {buffer.data(), static_cast<std::size_t>(got)});
        return;
    }
    ::close(std::exchange(transfer.source_fd, -1));
    if (got == 0) return complete(id, *transfer.blob);
    start_again(id, wrong_bytes(transfer.output.label, "the coordinator's folder holds other bytes"));
}

void FarmClient::Io::complete(std::uint64_t id, const v1::BlobRef& blob) {
    Transfer& transfer = transfers_.at(id);
    auto placed = transfer.file->place(blob.sha256(), blob.size());
    if (!placed.ok() && placed.error().code == ErrorCode::kDataCorrupt)
        return start_again(id, placed.error());
    finish(id, std::move(placed));
}

/// Wrong bytes: from 0 once more, through the coordinator if they came from its folder; then the error
/// stands.
void FarmClient::Io::start_again(std::uint64_t id, const Error& why) {
    Transfer& transfer = transfers_.at(id);
    const bool from_folder = !transfer.no_direct && transfer.blob && direct_root_;
    transfer.no_direct = true;
    if (transfer.source_fd >= 0) ::close(std::exchange(transfer.source_fd, -1));
    if (!from_folder && ++transfer.tries >= kMostTries) return finish(id, why);
    close_on_wire(transfer);
    if (Status restarted = transfer.file->restart(); !restarted.ok()) return finish(id, restarted.error());
    transfer.epoch = 0;
    if (const auto restarted = transfer.events.restarted) restarted();
    start_transfer(id);
}

void FarmClient::Io::finish(std::uint64_t id, Result<std::filesystem::path> result) {
    const auto found = transfers_.find(id);
    if (found == transfers_.end()) return;
    close_on_wire(found->second);
    if (found->second.source_fd >= 0) ::close(found->second.source_fd);
    const auto done = std::move(found->second.events.done);
    transfers_.erase(found); // deletes what had arrived, unless it was placed
    if (done) done(std::move(result));
}

} // namespace loopmind::farm
