// Bytes on their way to peers, each stream with its own credit: blobs, and outputs that are still being made.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/blobs/blob_store.h"
#include "coordinator/core/farm.h"
#include "coordinator/service/backlog.h"
#include "loopmind/v1/blob.pb.h"
#include "proto/wire/stream.h"

namespace loopmind::service {

/// How a stream reaches its peer. A refused chunk (full queue) is sent again later; a gone peer ends all its
/// streams.
struct StreamOutlet {
    enum class Sent { kYes, kLater, kGone };
    std::function<Sent(std::uint64_t session, const v1::Chunk& chunk, std::span<const std::byte> bytes)>
        chunk;
    std::function<Sent(std::uint64_t session, const v1::StreamReset& reset)> reset;
    std::function<void(std::uint64_t session, std::uint64_t request_id, const Error& error)> error;
};

/// What a socket's answer to send() means for a stream: a full queue is worth another try, all else ends it.
StreamOutlet::Sent outcome(const Status& status);

/// Socket thread only. Memory is bounded: at most kMostPerSession streams of a session, one chunk in hand,
/// and what waits for peers that read slowly by its Backlog. Peers give credit for every byte they read, up
/// to the last one of a stream.
///
/// A live stream is a prefix of the final blob: it relays the attempt's file as far as the worker reported
/// it. When a new epoch takes over after bytes were sent, those bytes are compared with the new attempt's;
/// equal, the stream goes on under the epoch it announced, else StreamReset starts it again at 0.
class Streams {
  public:
    static constexpr std::size_t kMostPerSession = 64;

    Streams(const core::Farm& farm, blobs::BlobStore& blobs, StreamOutlet outlet)
        : farm_(farm), blobs_(blobs), outlet_(std::move(outlet)) {}

    /// Errors: invalid_argument (offset beyond the end, id in use), resource_exhausted (too many), not_found.
    Status open_blob(std::uint64_t session, std::uint64_t request_id, const v1::GetBlob& get);
    /// Same, for an output of a job in memory.
    Status open_output(std::uint64_t session, std::uint64_t request_id, const v1::OpenStream& open,
                       core::TaskRef task);
    /// Same, for a finished output of a job that is no longer in memory.
    Status open_finished(std::uint64_t session, std::uint64_t request_id, const v1::OpenStream& open,
                         std::uint64_t epoch, const core::Artifact& output);
    void credit(std::uint64_t session, const v1::Credit& credit);
    void close(std::uint64_t session, std::uint64_t stream_id);
    void close_all(std::uint64_t session);
    bool in_use(core::JobKey job) const;

    /// Sends at most a few chunks of each stream in turn. True when more could be sent at once.
    bool pump();

  private:
    struct Stream {
        std::uint64_t session = 0;
        std::uint64_t id = 0;
        std::uint64_t request_id = 0;
        std::optional<core::TaskRef> task; ///< Live; unset: a blob.
        std::string role;
        std::uint64_t offset = 0;
        std::uint64_t label = 0;        ///< Epoch the peer was told.
        std::uint64_t source_epoch = 0; ///< Attempt that `reader` belongs to.
        bool source_known = false;
        std::unique_ptr<blobs::Reader> reader;
        std::unique_ptr<blobs::Reader> next; ///< Of a new epoch, being compared with what was sent.
        std::uint64_t next_epoch = 0;
        std::uint64_t compared = 0;
        std::optional<core::Artifact> blob; ///< Set when final.
        wire::CreditWindow window;
    };
    enum class Step { kSent, kIdle, kEnded };

    using Key = std::pair<std::uint64_t, std::uint64_t>;
    Status admit(Key key, Stream stream);
    Step step(Stream& stream);
    bool settle_source(Stream& stream, std::uint64_t& readable, Step& step);
    bool change_source(Stream& stream, std::uint64_t epoch, std::uint64_t available,
                       Result<std::unique_ptr<blobs::Reader>> reader, Step& step);
    Step end_with(Stream& stream, const Error& error);

    const core::Farm& farm_;
    blobs::BlobStore& blobs_;
    StreamOutlet outlet_;
    std::map<Key, Stream> streams_;
    Backlog backlog_;
    std::vector<std::byte> buffer_ = std::vector<std::byte>(wire::kChunkBytes);
    std::vector<std::byte> other_ = std::vector<std::byte>(wire::kChunkBytes);
};

} // namespace loopmind::service
