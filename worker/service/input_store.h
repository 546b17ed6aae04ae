// Blobs that tasks need and this machine's disk does not have: fetched once through the coordinator,
// verified, kept.
#pragma once

#include "proto/base/result.h"
#include "proto/base/sha256.h"
#include "proto/wire/stream.h"
#include "worker/outbox/outbox.h"

#include "loopmind/v1/worker.pb.h"

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace loopmind::worker {

using outbox::Attempt;

/// A verified blob on disk; the file stays while somebody holds this.
struct CachedInput {
    std::filesystem::path path;
    std::uint64_t size = 0;
};

/// Hands one result from the connection's thread to a waiting slot.
class PendingInput {
  public:
    using Outcome = Result<std::shared_ptr<const CachedInput>>;
    void settle(Outcome outcome);
    Outcome wait();

  private:
    std::mutex mutex_;
    std::condition_variable settled_;
    std::optional<Outcome> outcome_;
};

/// Owned by the connection's thread. Fetches go on from their offset after a reconnect.
class InputStore {
  public:
    using Send = std::function<Status(const v1::WorkerMessage&)>;
    static constexpr std::uint64_t kKeepBytes = 512u << 20;

    /// Empties `folder` (made when missing): nothing in it outlives a process.
    static Result<std::unique_ptr<InputStore>> open(const std::filesystem::path& folder,
                                                    std::uint64_t keep_bytes = kKeepBytes);

    /// Settles `pending` when the blob is here, verified, or cannot be had. One fetch serves all who ask.
    void request(const Attempt& attempt, const std::string& sha256, std::uint64_t size,
                 std::shared_ptr<PendingInput> pending);
    /// A connection is ready: asks for everything that is missing.
    void connected(Send send);
    void disconnected() { send_ = nullptr; }
    void chunk(const v1::Chunk& chunk, std::span<const std::byte> bytes);
    /// An error answer. False when `request_id` is none of this store's.
    bool failed(std::uint64_t request_id, const Error& error);
    /// The attempt ended early: its waiting slot wakes with ErrorCode::kCancelled.
    void cancel(const Attempt& attempt);

  private:
    struct Fetch {
        std::uint64_t size = 0;
        std::uint64_t received = 0;
        std::uint64_t stream_id = 0;
        std::filesystem::path part;
        int fd = -1;
        base::Sha256 hash;
        std::vector<std::pair<Attempt, std::shared_ptr<PendingInput>>> waiting;
    };
    struct Kept {
        std::shared_ptr<CachedInput> input;
        std::uint64_t used = 0;
    };

    InputStore(std::filesystem::path folder, std::uint64_t keep_bytes)
        : folder_(std::move(folder)), keep_bytes_(keep_bytes) {}
    void ask(const std::string& sha256, Fetch& fetch);
    void finish(const std::string& sha256);
    void settle(const std::string& sha256, const PendingInput::Outcome& outcome);
    void make_room();
    std::map<std::string, Fetch>::iterator by_stream(std::uint64_t stream_id);

    const std::filesystem::path folder_;
    const std::uint64_t keep_bytes_;
    Send send_;
    std::uint64_t next_stream_ = 1;
    std::uint64_t use_counter_ = 0;
    std::map<std::string, Fetch> fetches_;
    std::map<std::string, Kept> kept_;
};

} // namespace loopmind::worker
