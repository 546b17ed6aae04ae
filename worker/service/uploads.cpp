// Output streams of attempts.
#include "worker/service/uploads.h"

#include "worker/service/attempt_table.h"

#include <spdlog/spdlog.h>

#include <fcntl.h>
#include <unistd.h>
#include <vector>

namespace loopmind::worker {
namespace {

/// Reads exactly `size` bytes at `offset`; fewer when the file is shorter or cannot be read.
std::vector<std::byte> read_piece(const std::filesystem::path& path, std::uint64_t offset,
                                  std::uint64_t size) {
    std::vector<std::byte> piece(size);
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return {};
    const ssize_t got = ::pread(fd, piece.data(), piece.size(), static_cast<off_t>(offset));
    ::close(fd);
    piece.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return piece;
}

} // namespace

void Uploads::grew(const Attempt& attempt, const OutputGrowth& growth) {
    auto& output = outputs_[attempt][growth.role];
    output.growth = growth;
    if (growth.direct) tell(attempt, output);
}

void Uploads::add(const outbox::Entry& entry) {
    for (const auto& file : entry.files) {
        outputs_[entry.attempt][file.role] = {{file.role, file.path, file.direct, file.size, file.size}, {}};
    }
}

void Uploads::taken(const Attempt& attempt, const std::string& role, std::uint64_t bytes) {
    const auto of_attempt = outputs_.find(attempt);
    if (of_attempt == outputs_.end()) return;
    const auto output = of_attempt->second.find(role);
    if (output != of_attempt->second.end()) output->second.window.taken(bytes, output->second.growth.bytes);
}

void Uploads::tell(const Attempt& attempt, const Output& output) {
    if (!send_) return;
    v1::WorkerMessage message;
    auto* grew = message.mutable_output_grew();
    fill(*grew->mutable_attempt(), attempt);
    grew->set_role(output.growth.role);
    grew->set_bytes(output.growth.bytes);
    grew->set_total(output.growth.total);
    // A hint: when the queue is full the next one, or Complete, says more.
    (void)send_(message, {});
}

bool Uploads::send_chunk(const Attempt& attempt, Output& output) {
    const auto offset = output.window.sent();
    const auto size = output.window.next_chunk(output.growth.bytes - offset);
    if (size == 0) return false;
    const auto piece = read_piece(output.growth.path, offset, size);
    if (piece.empty()) {
        spdlog::error("{}: cannot be read any more", output.growth.path.string());
        return false;
    }
    v1::WorkerMessage message;
    auto* chunk = message.mutable_output_chunk();
    fill(*chunk->mutable_attempt(), attempt);
    chunk->set_role(output.growth.role);
    chunk->set_offset(offset);
    chunk->set_total(output.growth.total);
    if (!send_(message, piece)) return false;
    output.window.add_sent(piece.size());
    return true;
}

void Uploads::pump() {
    if (!send_) return;
    // One chunk of each output in turn, so that stems advance together.
    for (bool any = true; any;) {
        any = false;
        for (auto& [attempt, outputs] : outputs_) {
            for (auto& [role, output] : outputs) {
                if (!output.growth.direct && output.growth.total > 0)
                    any = send_chunk(attempt, output) || any;
            }
        }
    }
}

bool Uploads::all_sent(const Attempt& attempt) const {
    const auto found = outputs_.find(attempt);
    if (found == outputs_.end()) return true;
    for (const auto& [role, output] : found->second) {
        if (!output.growth.direct && output.window.sent() < output.growth.bytes) return false;
    }
    return true;
}

void Uploads::forget(const Attempt& attempt) {
    outputs_.erase(attempt);
}

void Uploads::restart(const Attempt& attempt) {
    const auto found = outputs_.find(attempt);
    if (found == outputs_.end()) return;
    for (auto& [role, output] : found->second)
        output.window = {};
}

void Uploads::connected(Send send) {
    send_ = std::move(send);
    for (auto& [attempt, outputs] : outputs_) {
        for (auto& [role, output] : outputs) {
            output.window = {};
            if (output.growth.direct) tell(attempt, output);
        }
    }
}

} // namespace loopmind::worker
