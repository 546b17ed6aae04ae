// Fetching inputs by GetBlob with credit.
#include "worker/service/input_store.h"

#include "proto/base/durable_file.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

namespace loopmind::worker {
namespace {

/// Stream ids double as request ids; this bit keeps them apart from other requests of the connection.
constexpr std::uint64_t kStreamBit = 1ull << 62;

} // namespace

void PendingInput::settle(Outcome outcome) {
    const std::lock_guard lock(mutex_);
    if (!outcome_) outcome_.emplace(std::move(outcome));
    settled_.notify_all();
}

PendingInput::Outcome PendingInput::wait() {
    std::unique_lock lock(mutex_);
    settled_.wait(lock, [this] { return outcome_.has_value(); });
    return *outcome_;
}

Result<std::unique_ptr<InputStore>> InputStore::open(const std::filesystem::path& folder,
                                                     std::uint64_t keep_bytes) {
    std::error_code problem;
    std::filesystem::remove_all(folder, problem);
    std::filesystem::create_directories(folder, problem);
    if (problem) return base::file_error(folder, "cannot be made", problem.value());
    return std::unique_ptr<InputStore>(new InputStore(folder, keep_bytes));
}

void InputStore::request(const Attempt& attempt, const std::string& sha256, std::uint64_t size,
                         std::shared_ptr<PendingInput> pending) {
    if (!base::is_sha256_hex(sha256)) {
        pending->settle(
            Error{ErrorCode::kInvalidArgument, "inputs", "an input is not named by a SHA-256", ""});
        return;
    }
    if (const auto found = kept_.find(sha256); found != kept_.end()) {
        found->second.used = ++use_counter_;
        pending->settle(std::shared_ptr<const CachedInput>(found->second.input));
        return;
    }
    const auto [found, is_new] = fetches_.try_emplace(sha256);
    auto& fetch = found->second;
    fetch.waiting.emplace_back(attempt, std::move(pending));
    if (!is_new) return;
    fetch.size = size;
    fetch.part = folder_ / (sha256 + ".part");
    fetch.fd = ::open(fetch.part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fetch.fd < 0) {
        settle(sha256, base::file_error(fetch.part, "cannot be written", errno));
        return;
    }
    ask(sha256, fetch);
}

void InputStore::ask(const std::string& sha256, Fetch& fetch) {
    if (!send_) return;
    fetch.stream_id = kStreamBit | next_stream_++;
    v1::WorkerMessage message;
    message.set_request_id(fetch.stream_id);
    auto* get = message.mutable_get_blob();
    get->set_sha256(sha256);
    get->set_offset(fetch.received);
    get->set_credit(wire::kCreditWindow);
    get->set_stream_id(fetch.stream_id);
    if (!send_(message)) fetch.stream_id = 0; // the connection is going: connected() asks again
}

void InputStore::connected(Send send) {
    send_ = std::move(send);
    for (auto& [sha256, fetch] : fetches_)
        ask(sha256, fetch);
}

std::map<std::string, InputStore::Fetch>::iterator InputStore::by_stream(std::uint64_t stream_id) {
    return std::find_if(fetches_.begin(), fetches_.end(), [&](const auto& item) {
        return item.second.stream_id == stream_id && stream_id != 0;
    });
}

void InputStore::chunk(const v1::Chunk& chunk, std::span<const std::byte> bytes) {
    const auto found = by_stream(chunk.stream_id());
    if (found == fetches_.end()) return; // of a fetch that was given up
    auto& [sha256, fetch] = *found;
    if (chunk.offset() != fetch.received || bytes.size() > fetch.size - fetch.received) {
        settle(sha256,
               Error{ErrorCode::kDataCorrupt, sha256, "the blob's stream has a gap or is too long", ""});
        return;
    }
    fetch.hash.update(bytes);
    auto rest = bytes;
    while (!rest.empty()) {
        const ssize_t written = ::write(fetch.fd, rest.data(), rest.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) {
            settle(sha256, base::file_error(fetch.part, "cannot be written", errno));
            return;
        }
        rest = rest.subspan(static_cast<std::size_t>(written));
    }
    fetch.received += bytes.size();
    if (!bytes.empty() && send_) {
        v1::WorkerMessage message;
        message.mutable_credit()->set_stream_id(fetch.stream_id);
        message.mutable_credit()->set_bytes(bytes.size());
        if (!send_(message) && !chunk.last()) fetch.stream_id = 0;
    }
    if (chunk.last()) finish(std::string(sha256));
}

void InputStore::finish(const std::string& sha256) {
    auto& fetch = fetches_.at(sha256);
    if (fetch.received != fetch.size || fetch.hash.hex_digest() != sha256) {
        settle(sha256, Error{ErrorCode::kDataCorrupt, sha256, "the blob's bytes do not match its hash", ""});
        return;
    }
    const auto path = folder_ / sha256;
    if (::rename(fetch.part.c_str(), path.c_str()) != 0) {
        settle(sha256, base::file_error(path, "cannot be put in place", errno));
        return;
    }
    auto input = std::make_shared<CachedInput>(CachedInput{path, fetch.size});
    kept_[sha256] = {input, ++use_counter_};
    settle(sha256, std::shared_ptr<const CachedInput>(input));
    make_room();
}

void InputStore::settle(const std::string& sha256, const PendingInput::Outcome& outcome) {
    auto node = fetches_.extract(sha256);
    if (node.empty()) return;
    auto& fetch = node.mapped();
    if (fetch.fd >= 0) ::close(fetch.fd);
    if (!outcome) ::unlink(fetch.part.c_str());
    for (const auto& [attempt, pending] : fetch.waiting)
        pending->settle(outcome);
}

bool InputStore::failed(std::uint64_t request_id, const Error& error) {
    if ((request_id & kStreamBit) == 0) return false;
    const auto found = by_stream(request_id);
    if (found != fetches_.end()) settle(std::string(found->first), error);
    return true;
}

void InputStore::cancel(const Attempt& attempt) {
    const Error cancelled{ErrorCode::kCancelled, "", "the attempt was cancelled", ""};
    std::vector<std::string> unwanted;
    for (auto& [sha256, fetch] : fetches_) {
        std::erase_if(fetch.waiting, [&](const auto& item) {
            if (item.first != attempt) return false;
            item.second->settle(cancelled);
            return true;
        });
        if (fetch.waiting.empty()) unwanted.push_back(sha256);
    }
    for (const auto& sha256 : unwanted) {
        if (const auto id = fetches_.at(sha256).stream_id; id != 0 && send_) {
            v1::WorkerMessage message;
            message.mutable_close_stream()->set_stream_id(id);
            (void)send_(message);
        }
        settle(sha256, cancelled);
    }
}

void InputStore::make_room() {
    std::uint64_t total = 0;
    for (const auto& [sha256, kept] : kept_)
        total += kept.input->size;
    while (total > keep_bytes_) {
        auto oldest = kept_.end();
        for (auto it = kept_.begin(); it != kept_.end(); ++it) {
            if (it->second.input.use_count() > 1) continue; // a slot reads it
            if (oldest == kept_.end() || it->second.used < oldest->second.used) oldest = it;
        }
        if (oldest == kept_.end()) return;
        total -= oldest->second.input->size;
        std::error_code ignored;
        std::filesystem::remove(oldest->second.input->path, ignored);
        kept_.erase(oldest);
    }
}

} // namespace loopmind::worker
