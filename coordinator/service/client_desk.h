// The clients' socket: submissions, questions, watches, streams and uploads, each checked for role and
// tenant.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "coordinator/service/conductor.h"
#include "coordinator/service/directory.h"
#include "coordinator/service/rate_limit.h"
#include "coordinator/service/registrar.h"
#include "coordinator/service/streams.h"
#include "coordinator/service/worker_desk.h"
#include "loopmind/v1/client.pb.h"
#include "proto/wire/listener.h"

namespace loopmind::service {

/// Every request is answered with its request_id: by what it asks for, by Ok, or by Error. Credit and
/// PutChunk have no answer. PutBlobDone carries the id of its PutBlob. Events, chunks and resets have id 0;
/// an error that ends a stream carries the id of the request that opened it.
///
/// Socket thread only.
class ClientDesk : public ClientOutlet, public PreviewSink {
  public:
    ClientDesk(std::unique_ptr<wire::Listener> listener, Conductor& conductor, Directory& directory,
               WelcomeFacts facts, Registrar& registrar, RateLimit requests);

    wire::Listener& listener() { return *listener_; }
    /// Identities changed: whoever is no longer who he was is cut, in the middle of whatever he receives.
    void recheck();
    /// Handles at most `most` waiting messages; true when more may wait.
    bool receive(int most);
    /// Sends events that are due and what streams may send; true when more could be sent at once.
    bool pump();
    /// When pump() must be called again for a held-back event; Millis::max() when never.
    core::Millis next_deadline() const;

    void changed(const core::ChangedAction& change) override;
    bool in_use(core::JobKey job) const override;
    void preview_done(core::JobKey job, const v1::PreviewResult& result, std::string bytes) override;

  private:
    struct Upload {
        std::uint64_t request_id = 0;
        std::shared_ptr<blobs::Upload> file;
        core::Artifact blob;
        std::uint64_t received = 0;
        bool closing = false;
    };
    struct Watch {
        std::uint64_t seq = 0;
        std::set<std::uint32_t> tasks; ///< Changed since the last event.
        bool job_changed = false;
        bool urgent = false;  ///< More than progress: sent at once.
        bool snapshot = true; ///< Due first, and again when events could not be sent.
        core::Millis last_sent{0};
        bool preview_due = false;
    };
    struct Session {
        std::uint64_t number = 0;
        std::string routing_id;
        std::string user_id;
        std::string address;
        store::StoredIdentity identity;
        bool greeted = false;
        std::map<core::JobKey, Watch> watches;
        std::map<std::uint64_t, Upload> uploads;
    };
    struct Preview {
        v1::PreviewResult result;
        std::string bytes;
    };

    void handle(const v1::ClientRequest& request, wire::Incoming& incoming);
    void hello(Session& session, std::uint64_t id, const v1::ClientHello& hello);
    void submit(Session& session, std::uint64_t id, const v1::SubmitJob& submit);
    void submitted(std::uint64_t number, std::uint64_t id, Result<store::SubmitVerdict> verdict);
    void watch(Session& session, std::uint64_t id, const std::string& job_id);
    void unwatch(Session& session, const std::string& job_id);
    void list_jobs(Session& session, std::uint64_t id, const v1::ListJobs& list);
    void show_job(Session& session, std::uint64_t id, const std::string& job_id);
    void cancel_job(Session& session, std::uint64_t id, const std::string& job_id);
    void retry_job(Session& session, std::uint64_t id, const std::string& job_id);
    void drain_worker(Session& session, std::uint64_t id, const v1::DrainWorker& drain);
    void get_blob(Session& session, std::uint64_t id, const v1::GetBlob& get);
    void open_stream(Session& session, std::uint64_t id, const v1::OpenStream& open);
    void put_blob(Session& session, std::uint64_t id, const v1::PutBlob& put);
    void put_chunk(Session& session, const v1::PutChunk& chunk, std::span<const std::byte> bytes);
    void finish_upload(Session& session, std::uint64_t stream_id);

    /// Runs `found` with the job of this tenant, from memory or from the store, or answers not_found.
    void with_job(Session& session, std::uint64_t id, const std::string& job_id,
                  std::function<void(Session&, const core::Job&)> found);
    bool may_change(Session& session, std::uint64_t id, const std::string& action);
    /// For the audit log.
    void note(const Session& session, const std::string& action, const std::string& subject);
    /// The same for what was refused: a few per second of one identity, so that nobody fills the log.
    void note_refusal(const Session& session, const std::string& action, const std::string& subject,
                      const Error& error);
    bool flush(Session& session, core::JobKey key, Watch& watch);
    const core::Job* find_job(core::JobKey key) const;

    Session* by_number(std::uint64_t number);
    Session& session_of(const wire::Incoming& incoming, const store::StoredIdentity& identity);
    void drop(std::uint64_t number);
    void drop_gone();
    Status send(Session& session, const v1::ClientReply& reply, std::span<const std::byte> bytes = {});
    void refuse(Session& session, std::uint64_t id, const Error& error);
    void ok(Session& session, std::uint64_t id);

    std::unique_ptr<wire::Listener> listener_;
    Conductor& conductor_;
    Directory& directory_;
    WelcomeFacts facts_;
    Registrar& registrar_;
    RateLimit requests_; ///< By key.
    RateLimit refusals_;
    std::map<std::string, std::uint64_t> by_route_;
    std::map<std::uint64_t, Session> sessions_;
    std::map<std::string, std::set<std::uint64_t>> by_key_;
    std::set<std::uint64_t> gone_;
    std::uint64_t next_number_ = 1;
    core::JobKey next_preview_ = 1;
    std::map<core::JobKey, std::set<std::uint64_t>> watchers_;
    std::map<core::JobKey, Preview>
        previews_; ///< The last ones, so that a watch that comes late gets its own.
    std::deque<core::JobKey> preview_order_;
    Streams streams_;
};

} // namespace loopmind::service
