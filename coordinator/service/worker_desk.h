// The workers' socket: hello, heartbeats, bytes, results.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "coordinator/service/conductor.h"
#include "coordinator/service/directory.h"
#include "coordinator/service/streams.h"
#include "loopmind/v1/worker.pb.h"
#include "proto/wire/listener.h"

namespace loopmind::service {

/// What Welcome says.
struct WelcomeFacts {
    std::string software;
    std::string coordinator_id;
    v1::StorageLocation storage;
    std::uint32_t lease_ms = 10'000;
    std::uint32_t heartbeat_ms = 1'000;
};

class PreviewSink {
  public:
    virtual ~PreviewSink() = default;
    virtual void preview_done(core::JobKey job, const v1::PreviewResult& result, std::string bytes) = 0;
};

/// Socket thread only.
class WorkerDesk : public WorkerOutlet {
  public:
    WorkerDesk(std::unique_ptr<wire::Listener> listener, Conductor& conductor, Directory& directory,
               WelcomeFacts facts);
    void connect(PreviewSink& previews) { previews_ = &previews; }

    wire::Listener& listener() { return *listener_; }
    /// Identities changed: a worker that is none any more is cut, and its tasks go to others.
    void recheck();
    /// Handles at most `most` waiting messages; true when more may wait.
    bool receive(int most);
    /// Sends what streams may send; true when there was something.
    bool pump();

    bool start(std::uint64_t connection, const core::Job& job, const core::Task& task) override;
    void cancel(std::uint64_t connection, const core::AttemptName& attempt,
                const std::string& reason) override;
    void verdict(std::uint64_t connection, const VerdictNews& news) override;

  private:
    struct Session {
        std::uint64_t number = 0;
        std::string routing_id;
        std::string user_id;
        std::string name;
        std::string worker_id; ///< Said at its hello; a connection is one worker.
        std::uint64_t heard = 0; ///< Request id of its last hello or heartbeat.
    };

    void handle(const v1::WorkerMessage& message, wire::Incoming& incoming);
    void hello(Session& session, std::uint64_t request_id, const v1::WorkerHello& hello);
    void heartbeat(Session& session, std::uint64_t request_id, const v1::Heartbeat& beat);
    void output_grew(const Session& session, const v1::OutputGrew& grew);
    void output_chunk(const Session& session, const v1::OutputChunk& chunk, std::span<const std::byte> bytes);
    void preview_done(const Session& session, const v1::PreviewDone& done, std::string_view bytes);
    void failed(const Session& session, const v1::Failed& failed);
    void get_blob(const Session& session, std::uint64_t request_id, const v1::GetBlob& get);
    bool may_read(const Session& session, const std::string& sha256) const;
    Session* by_number(std::uint64_t number);
    Session& session_of(const wire::Incoming& incoming, const store::StoredIdentity& identity);
    void drop(std::uint64_t number);
    void expel(std::uint64_t number);
    Status send(const Session& session, const v1::WorkerCommand& command,
                std::span<const std::byte> bytes = {});
    void refuse(const Session& session, std::uint64_t request_id, const Error& error);

    std::unique_ptr<wire::Listener> listener_;
    Conductor& conductor_;
    Directory& directory_;
    WelcomeFacts facts_;
    PreviewSink* previews_ = nullptr;
    std::map<std::string, std::uint64_t> by_route_;
    std::map<std::uint64_t, Session> sessions_;
    std::uint64_t next_number_ = 1;
    Streams streams_;
};

} // namespace loopmind::service
