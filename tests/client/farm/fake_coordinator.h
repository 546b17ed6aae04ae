// A coordinator made of a real CURVE socket and a script: what a client can meet, on purpose.
#pragma once

#include "proto/wire/keys.h"
#include "proto/wire/listener.h"
#include "proto/wire/mailbox.h"
#include "proto/wire/zap.h"

#include "loopmind/v1/client.pb.h"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace loopmind::testing {

/// Serves on its own thread between start() and stop(). Answers hello, submit, watch, list and blobs by
/// itself; `script` comes first and returns true for what it has handled. Set members only while it is
/// stopped.
class FakeCoordinator {
  public:
    using Script =
        std::function<bool(FakeCoordinator& self, const std::string& peer, const v1::ClientRequest& request)>;

    explicit FakeCoordinator(std::string client_key);
    ~FakeCoordinator();

    /// Binds a free port the first time and the same port again afterwards.
    void start();
    /// Ends at once, as kill -9 would: queued messages are lost.
    void stop();

    const std::string& endpoint() const { return endpoint_; }
    const std::string& public_key() const { return keys_.public_key; }

    // Serving thread, i.e. from the script.
    void send(const std::string& peer, const v1::ClientReply& reply, std::string_view bytes = {});
    void send_error(const std::string& peer, std::uint64_t request_id, v1::ErrorCode code,
                    const std::string& message);
    /// Sends blob bytes from `offset` within the credit given; more follows as Credit arrives.
    void serve_blob(const std::string& peer, const std::string& bytes, std::uint64_t stream_id,
                    std::uint64_t offset, std::uint64_t credit, const v1::BlobRef& named,
                    std::uint64_t epoch = 0);

    /// Bytes behind the request that the script is handling.
    std::string_view incoming_bytes() const { return incoming_bytes_; }

    Script script;
    v1::ClientWelcome welcome;
    std::map<std::string, std::string> blobs; ///< sha256 -> bytes (which a test may make wrong)

    // Any thread.
    /// Requests of one kind seen so far, over all restarts.
    std::vector<v1::ClientRequest> seen(v1::ClientRequest::BodyCase kind) const;
    /// Blocks until `count` requests of the kind were seen; false after 20 s.
    bool wait_seen(v1::ClientRequest::BodyCase kind, std::size_t count) const;
    /// Largest number of stream bytes that were ever sent beyond the credit given.
    bool credit_respected() const { return credit_respected_; }
    /// Runs on the serving thread with the last peer that spoke.
    void with_peer(std::function<void(const std::string& peer)> work);

  private:
    struct Stream {
        std::string peer, bytes;
        std::uint64_t id, at, credit, epoch;
        v1::BlobRef named;
    };
    void run();
    void handle(const std::string& peer, const v1::ClientRequest& request);
    void pump(Stream& stream);

    const std::string client_key_;
    wire::KeyPair keys_;
    std::string endpoint_ = "tcp://127.0.0.1:*";
    std::unique_ptr<zmq::context_t> context_;
    std::unique_ptr<wire::ZapHandler> zap_;
    std::unique_ptr<wire::Listener> listener_;
    std::unique_ptr<wire::Mailbox<std::function<void()>>> mailbox_;
    std::thread thread_;
    std::atomic<bool> stopping_{false};
    std::atomic<bool> credit_respected_{true};
    std::string last_peer_;
    std::string_view incoming_bytes_;
    std::map<std::uint64_t, Stream> streams_;
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::vector<v1::ClientRequest> seen_;
};

} // namespace loopmind::testing
