// The client's end of the farm: submit, watch, stream and fetch over one encrypted connection that heals
// itself.
#pragma once

#include "client/farm/cache.h"
#include "proto/base/result.h"
#include "proto/wire/keys.h"

#include "loopmind/v1/client.pb.h"
#include "loopmind/v1/job.pb.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace loopmind::farm {

struct ClientConfig {
    std::vector<std::string> endpoints; ///< coordinators, tried in turn, e.g. "tcp://127.0.0.1:7761"
    std::string coordinator_key;        ///< Z85; pinned: nobody without its secret half is spoken to
    wire::KeyPair keys;                 ///< this client's own
    std::filesystem::path cache;        ///< folder of the local cache
    CacheLimits cache_limits;
    std::filesystem::path outbox; ///< folder for durable submissions; empty: none are kept on disk
    std::string software = "loopmind " LOOPMIND_VERSION;
    std::chrono::milliseconds request_timeout{5000}; ///< of each request, from the call to its answer
    std::chrono::milliseconds stall_timeout{30000};  ///< of a blob fetch while connected: no byte for so long
    bool direct = true; ///< read blobs from the coordinator's folder where it can be reached
};

enum class LinkState {
    kConnecting, ///< no attempt has failed yet
    kConnected,  ///< hello and welcome are exchanged
    kAway,       ///< see Link::why; attempts go on by themselves
};

struct Link {
    LinkState state = LinkState::kConnecting;
    std::string endpoint;     ///< the one in use or tried last
    std::optional<Error> why; ///< set with kAway
    std::string software;     ///< the coordinator's, once connected
    bool direct = false;      ///< blobs are read from its folder
};

template <typename T> using Done = std::function<void(Result<T>)>;
using StatusDone = std::function<void(Status)>;

/// What a watcher is told. `changed` gets the whole job each time; unset members are not called.
struct WatchEvents {
    std::function<void(const v1::JobInfo& job)> changed;
    std::function<void(const v1::PreviewResult& preview, std::span<const std::byte> audio)> preview;
    std::function<void(const Error& error)> failed; ///< the watch ends: no such job, not allowed
};

/// What happens to an output that is streamed while it is made.
struct StreamEvents {
    /// `file` holds `bytes` final bytes; it stays readable until `done` and must not be changed.
    std::function<void(const std::filesystem::path& file, std::uint64_t bytes)> grew;
    std::function<void()> restarted;  ///< the attempt was given up; bytes start again at 0
    Done<std::filesystem::path> done; ///< the verified file in the cache
};

/// An output of a task. `label` (letters, digits, '.', '-', '_') names the growing file for people, e.g.
/// "drums.wav".
struct OutputName {
    std::string job_id, task_id, role, label;
};

/// One coordinator seen from one program.
///
/// Threads: every method may be called from any thread and returns at once, except wait_connected() and the
/// destructor. All callbacks run on the client's own I/O thread: they must be quick, must not block, must not
/// destroy the client, and may call any method but wait_connected(). Each `done` is called exactly once, with
/// kCancelled at the latest while the client is destroyed.
///
/// Requests wait for the connection, are sent again after a reconnect, and fail with a clear error when
/// `request_timeout` is over. Watches and streams have no timeout: they go on after each reconnect.
class FarmClient {
  public:
    /// Starts connecting in the background. Errors: a cache folder that cannot be used, a malformed key or
    /// endpoint.
    static Result<std::unique_ptr<FarmClient>> open(ClientConfig config);
    ~FarmClient();
    FarmClient(const FarmClient&) = delete;
    FarmClient& operator=(const FarmClient&) = delete;

    const Cache& cache() const;

    /// Called for each change of the link, first with the present state.
    void on_link(std::function<void(const Link&)> changed);
    Link link() const;
    /// Blocks until connected, every endpoint has failed once (its error), or the time is up. Not on the I/O
    /// thread.
    Status wait_connected(std::chrono::milliseconds timeout);

    /// A fresh job id: 32 hexadecimal digits.
    static std::string new_job_id();
    /// Sends a job. With `durable` it is first written to the outbox and sent until it is acknowledged, if
    /// need be by the next process; `done` then waits as long as that takes. Without, request_timeout
    /// applies.
    void submit(v1::SubmitJob job, Done<v1::SubmitAck> done, bool durable = false);
    void list_jobs(std::uint32_t limit, Done<v1::JobList> done);
    void show_job(const std::string& job_id, Done<v1::JobInfo> done);
    void cancel_job(const std::string& job_id, StatusDone done);
    void retry_job(const std::string& job_id, StatusDone done);
    void list_workers(Done<v1::WorkerList> done);
    /// The worker gets nothing new, or works again. For administrators.
    void drain_worker(const std::string& worker_id, bool drained, StatusDone done);

    /// Follows a job until unwatch(): a full state first, then after each change, and again after each
    /// reconnect.
    std::uint64_t watch(const std::string& job_id, WatchEvents events);
    void unwatch(std::uint64_t watch);

    /// Brings an output into the cache while its task writes it. Goes on from its offset after a reconnect.
    std::uint64_t stream_output(OutputName output, StreamEvents events);
    /// Brings a blob into the cache, from there if it is there, from the coordinator's folder if that can be
    /// reached.
    std::uint64_t fetch_blob(const v1::BlobRef& blob, Done<std::filesystem::path> done);
    /// Puts a file's bytes on the farm unless it has them already. Goes on after each reconnect, from the
    /// start. `done` gets an error when the file cannot be read or does not have that size and hash, or the
    /// coordinator refuses it.
    void put_blob(const v1::BlobRef& blob, const std::filesystem::path& file, StatusDone done);
    /// The same for bytes in memory; returns their name.
    v1::BlobRef put_bytes(std::string bytes, StatusDone done);
    /// Ends a stream or fetch: its `done` gets kCancelled and what had arrived is deleted.
    void stop_transfer(std::uint64_t transfer);

    class Io;

  private:
    explicit FarmClient(std::unique_ptr<Io> io);
    std::unique_ptr<Io> io_;
};

/// Turns a call that takes a callback into a future: as_future<v1::JobList>([&](auto done) { c.list_jobs(10,
/// done); }). Never wait for it on the I/O thread.
template <typename T, typename Start> std::future<Result<T>> as_future(Start&& start) {
    auto promise = std::make_shared<std::promise<Result<T>>>();
    auto future = promise->get_future();
    start(Done<T>([promise](Result<T> result) { promise->set_value(std::move(result)); }));
    return future;
}

/// The same for calls that answer with a Status.
template <typename Start> std::future<Status> as_status_future(Start&& start) {
    auto promise = std::make_shared<std::promise<Status>>();
    auto future = promise->get_future();
    start(StatusDone([promise](Status status) { promise->set_value(std::move(status)); }));
    return future;
}

} // namespace loopmind::farm
