// What clients ask and what they are told. Watches, streams and uploads are in client_desk_flows.cpp.
#include "coordinator/service/client_desk.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "coordinator/service/clock.h"
#include "coordinator/service/convert.h"
#include "coordinator/service/submission.h"
#include "proto/base/random_id.h"
#include "proto/request/params.h"
#include "proto/wire/convert.h"
#include "proto/wire/limits.h"

namespace loopmind::service {
namespace {

constexpr std::size_t kMostSessions = 8'000;
constexpr std::size_t kMostSessionsOfOneKey = 1'000; // nobody crowds out the others
constexpr std::uint32_t kMostListed = 1000;
constexpr double kNotedRefusals = 1; // a second, of one identity
constexpr double kNotedRefusalsAtOnce = 50;

std::uint64_t draw_seed() {
    return std::stoull(base::random_hex(8), nullptr, 16) >> 11;
}

Error no_such_job(const std::string& job_id) {
    return {ErrorCode::kNotFound, "job_id", "there is no job " + job_id.substr(0, 64),
            "`loopmind jobs` lists yours"};
}

} // namespace

ClientDesk::ClientDesk(std::unique_ptr<wire::Listener> listener, Conductor& conductor, Directory& directory,
                       WelcomeFacts facts, Registrar& registrar, RateLimit requests)
    : listener_(std::move(listener)), conductor_(conductor), directory_(directory), facts_(std::move(facts)),
      registrar_(registrar), requests_(std::move(requests)), refusals_(kNotedRefusals, kNotedRefusalsAtOnce),
      streams_(conductor.farm(), conductor.blobs(),
               {[this](std::uint64_t number, const v1::Chunk& chunk, std::span<const std::byte> bytes) {
                    Session* session = by_number(number);
                    if (session == nullptr) return StreamOutlet::Sent::kGone;
                    v1::ClientReply reply;
                    *reply.mutable_chunk() = chunk;
                    return outcome(send(*session, reply, bytes));
                },
                [this](std::uint64_t number, const v1::StreamReset& reset) {
                    Session* session = by_number(number);
                    if (session == nullptr) return StreamOutlet::Sent::kGone;
                    v1::ClientReply reply;
                    *reply.mutable_stream_reset() = reset;
                    return outcome(send(*session, reply));
                },
                [this](std::uint64_t number, std::uint64_t request_id, const Error& error) {
                    if (Session* session = by_number(number)) refuse(*session, request_id, error);
                }}) {}

// --- sessions

ClientDesk::Session* ClientDesk::by_number(std::uint64_t number) {
    const auto it = sessions_.find(number);
    return it == sessions_.end() ? nullptr : &it->second;
}

ClientDesk::Session& ClientDesk::session_of(const wire::Incoming& incoming,
                                            const store::StoredIdentity& identity) {
    const auto known = by_route_.find(incoming.routing_id);
    if (known != by_route_.end()) {
        Session& session = sessions_.at(known->second);
        if (session.user_id == incoming.user_id && session.identity.tenant == identity.tenant) {
            session.identity = identity;
            return session;
        }
        drop(known->second);
    }
    const auto of_key = by_key_.find(incoming.user_id);
    if (of_key != by_key_.end() && of_key->second.size() >= kMostSessionsOfOneKey) {
        const std::uint64_t oldest = *of_key->second.begin();
        listener_->cut_route(sessions_.at(oldest).routing_id);
        drop(oldest);
    }
    if (sessions_.size() >= kMostSessions) drop(sessions_.begin()->first);
    const std::uint64_t number = next_number_++;
    by_route_[incoming.routing_id] = number;
    by_key_[incoming.user_id].insert(number);
    Session& session = sessions_[number];
    session.number = number;
    session.routing_id = incoming.routing_id;
    session.user_id = incoming.user_id;
    session.address = incoming.address;
    session.identity = identity;
    return session;
}

void ClientDesk::drop(std::uint64_t number) {
    const auto it = sessions_.find(number);
    if (it == sessions_.end()) return;
    for (const auto& [key, watch] : it->second.watches)
        watchers_[key].erase(number);
    by_route_.erase(it->second.routing_id);
    const auto of_key = by_key_.find(it->second.user_id);
    of_key->second.erase(number);
    if (of_key->second.empty()) by_key_.erase(of_key);
    streams_.close_all(number);
    sessions_.erase(it);
}

void ClientDesk::recheck() {
    std::vector<std::uint64_t> over;
    for (const auto& [number, session] : sessions_) {
        const auto identity = directory_.find(session.user_id, boot_now());
        const bool same =
            identity && identity->role != "worker" && identity->tenant == session.identity.tenant;
        if (!same) over.push_back(number);
    }
    for (const std::uint64_t number : over) {
        listener_->cut_route(sessions_.at(number).routing_id);
        drop(number);
    }
}

void ClientDesk::note(const Session& session, const std::string& action, const std::string& subject) {
    registrar_.audit({0,
                      {session.identity.name, session.user_id, session.identity.tenant, session.address},
                      action,
                      subject.substr(0, 200),
                      "ok"});
}

void ClientDesk::note_refusal(const Session& session, const std::string& action, const std::string& subject,
                              const Error& error) {
    if (!refusals_.allow(session.user_id, boot_now())) return;
    registrar_.audit({0,
                      {session.identity.name, session.user_id, session.identity.tenant, session.address},
                      action,
                      subject.substr(0, 200),
                      error.message.substr(0, 200)});
}

void ClientDesk::drop_gone() {
    for (const std::uint64_t number : std::exchange(gone_, {}))
        drop(number);
}

Status ClientDesk::send(Session& session, const v1::ClientReply& reply, std::span<const std::byte> bytes) {
    Status sent = listener_->send(session.routing_id, reply, bytes);
    // Not dropped here: the caller may hold references into the session.
    if (!sent && sent.error().code != ErrorCode::kResourceExhausted) gone_.insert(session.number);
    return sent;
}

void ClientDesk::refuse(Session& session, std::uint64_t id, const Error& error) {
    v1::ClientReply reply;
    reply.set_request_id(id);
    *reply.mutable_error() = wire::to_proto(error);
    (void)send(session, reply);
}

void ClientDesk::ok(Session& session, std::uint64_t id) {
    v1::ClientReply reply;
    reply.set_request_id(id);
    reply.mutable_ok();
    (void)send(session, reply);
}

bool ClientDesk::receive(int most) {
    v1::ClientRequest request;
    bool more = true;
    for (int n = 0; n < most; ++n) {
        wire::Incoming incoming;
        more = listener_->receive(request, incoming);
        if (!more) break;
        handle(request, incoming);
    }
    drop_gone();
    return more;
}

// --- requests

void ClientDesk::handle(const v1::ClientRequest& request, wire::Incoming& incoming) {
    const auto identity = directory_.find(incoming.user_id, boot_now());
    if (!identity || identity->role == "worker") { // revoked while connected
        const auto known = by_route_.find(incoming.routing_id);
        if (known != by_route_.end()) drop(known->second);
        listener_->cut_route(incoming.routing_id);
        return;
    }
    Session& session = session_of(incoming, *identity);
    const std::uint64_t id = request.request_id();
    // What flows on a stream that is open is bounded by its credit.
    const bool flows = request.has_put_chunk() || request.has_credit() || request.has_close_stream();
    if (!flows && !requests_.allow(session.user_id, boot_now()))
        return refuse(session, id,
                      {ErrorCode::kResourceExhausted, "", "too many requests a second with this key",
                       "ask less often, or have --requests-per-second raised"});
    if (request.has_hello()) return hello(session, id, request.hello());
    if (!session.greeted)
        return refuse(session, id,
                      {ErrorCode::kUnavailable, "", "this connection is new here", "say hello first"});
    switch (request.body_case()) {
    case v1::ClientRequest::kSubmit:
        return submit(session, id, request.submit());
    case v1::ClientRequest::kWatch:
        return watch(session, id, request.watch().job_id());
    case v1::ClientRequest::kUnwatch:
        unwatch(session, request.unwatch().job_id());
        return ok(session, id);
    case v1::ClientRequest::kListJobs:
        return list_jobs(session, id, request.list_jobs());
    case v1::ClientRequest::kShowJob:
        return show_job(session, id, request.show_job().job_id());
    case v1::ClientRequest::kCancel:
        return cancel_job(session, id, request.cancel().job_id());
    case v1::ClientRequest::kRetry:
        return retry_job(session, id, request.retry().job_id());
    case v1::ClientRequest::kListWorkers: {
        v1::ClientReply reply;
        reply.set_request_id(id);
        *reply.mutable_worker_list() = worker_list(conductor_.farm(), session.identity.tenant, boot_now());
        (void)send(session, reply);
        return;
    }
    case v1::ClientRequest::kDrainWorker:
        return drain_worker(session, id, request.drain_worker());
    case v1::ClientRequest::kGetBlob:
        return get_blob(session, id, request.get_blob());
    case v1::ClientRequest::kOpenStream:
        return open_stream(session, id, request.open_stream());
    case v1::ClientRequest::kCredit:
        return streams_.credit(session.number, request.credit());
    case v1::ClientRequest::kCloseStream:
        streams_.close(session.number, request.close_stream().stream_id());
        session.uploads.erase(request.close_stream().stream_id());
        return ok(session, id);
    case v1::ClientRequest::kPutBlob:
        return put_blob(session, id, request.put_blob());
    case v1::ClientRequest::kPutChunk:
        return put_chunk(session, request.put_chunk(), incoming.bytes());
    case v1::ClientRequest::kPing:
        return ok(session, id);
    case v1::ClientRequest::kHello:
        return;
    case v1::ClientRequest::BODY_NOT_SET:
        return refuse(session, id,
                      {ErrorCode::kInvalidArgument, "body", "this coordinator does not know this request",
                       "update the coordinator"});
    }
}

void ClientDesk::hello(Session& session, std::uint64_t id, const v1::ClientHello& hello) {
    const std::uint32_t protocol = wire::common_protocol(hello.protocol().min(), hello.protocol().max());
    if (protocol == 0)
        return refuse(session, id,
                      {ErrorCode::kVersionMismatch, "protocol",
                       "this coordinator (" + facts_.software + ") speaks protocol " +
                           std::to_string(wire::kProtocolMin) + " to " + std::to_string(wire::kProtocolMax) +
                           ", this program (" + hello.software().substr(0, 100) + ") " +
                           std::to_string(hello.protocol().min()) + " to " +
                           std::to_string(hello.protocol().max()),
                       "update the older of the two"});
    session.greeted = true;
    v1::ClientReply reply;
    reply.set_request_id(id);
    v1::ClientWelcome& welcome = *reply.mutable_welcome();
    welcome.set_protocol(protocol);
    welcome.set_software(facts_.software);
    welcome.set_coordinator_id(facts_.coordinator_id);
    *welcome.mutable_storage() = facts_.storage;
    welcome.set_max_message_bytes(wire::kMaxMessageBytes);
    (void)send(session, reply);
}

bool ClientDesk::may_change(Session& session, std::uint64_t id, const std::string& action) {
    if (session.identity.role == "producer" || session.identity.role == "admin") return true;
    const Error error{ErrorCode::kPermissionDenied, "role", "a viewer may look, not change",
                      "ask an administrator to enrol this key as a producer"};
    note_refusal(session, action, "", error);
    refuse(session, id, error);
    return false;
}

void ClientDesk::submit(Session& session, std::uint64_t id, const v1::SubmitJob& request) {
    if (!may_change(session, id, "submit")) return;
    std::set<std::string> fingerprints = conductor_.farm().workers().fingerprints(boot_now());
    if (fingerprints.empty() && !conductor_.last_fingerprint().empty())
        fingerprints.insert(conductor_.last_fingerprint());
    auto made = make_submission(request, session.identity.tenant, session.user_id, fingerprints, draw_seed,
                                unix_now_ms());
    if (!made.ok()) {
        note_refusal(session, "submit", request.job_id(), made.error());
        return refuse(session, id, made.error());
    }
    store::NewJob& job = made->job;
    if (job.job.kind == core::JobKind::kPreview) {
        // Previews live in memory only: asked for again after a restart, they are simply new.
        store::SubmitVerdict verdict;
        if (const core::Job* known = conductor_.farm().find_job(job.job.tenant, job.job.job_id)) {
            if (known->record.request_digest != job.job.request_digest)
                return refuse(session, id,
                              {ErrorCode::kAlreadyExists, "job_id", "this job exists with other parameters",
                               "draw a new id"});
            verdict.existed = true;
            verdict.job = known->record;
        } else {
            job.job.key = core::kPreviewKeyBit | next_preview_++;
            verdict.job = job.job;
            conductor_.farm().add_job(std::move(job.job), boot_now());
        }
        return submitted(session.number, id, std::move(verdict));
    }
    job.blob_present = conductor_.blob_present();
    conductor_.store().run<store::SubmitVerdict>(
        [job = std::move(job)](store::Store& store) { return store.submit_job(job); },
        [this, number = session.number, id](Result<store::SubmitVerdict> verdict) {
            if (!verdict.ok())
                conductor_.store_failed(verdict.error());
            else if (!verdict->existed && !core::is_terminal(verdict->job.state))
                conductor_.adopt_job(verdict->job);
            submitted(number, id, std::move(verdict));
        });
}

void ClientDesk::submitted(std::uint64_t number, std::uint64_t id, Result<store::SubmitVerdict> verdict) {
    Session* session = by_number(number);
    if (session == nullptr) return; // it asks again with the same id
    if (!verdict.ok()) return refuse(*session, id, verdict.error());
    // Previews come by the dozen and leave nothing behind.
    if (!verdict->existed && verdict->job.kind != core::JobKind::kPreview)
        note(*session, "submit", verdict->job.job_id);
    v1::ClientReply reply;
    reply.set_request_id(id);
    v1::SubmitAck& ack = *reply.mutable_submit_ack();
    ack.set_job_id(verdict->job.job_id);
    ack.set_existed(verdict->existed);
    ack.set_cached(verdict->job.cached);
    ack.set_resolved_json(verdict->job.resolved_json);
    (void)send(*session, reply);
}

void ClientDesk::with_job(Session& session, std::uint64_t id, const std::string& job_id,
                          std::function<void(Session&, const core::Job&)> found) {
    if (const core::Job* job = conductor_.farm().find_job(session.identity.tenant, job_id))
        return found(session, *job);
    conductor_.store().run<std::optional<core::JobRecord>>(
        [tenant = session.identity.tenant, job_id](store::Store& store) {
            return store.find_job(tenant, job_id);
        },
        [this, number = session.number, tenant = session.identity.tenant, id, job_id,
         found = std::move(found)](Result<std::optional<core::JobRecord>> record) {
            Session* session = by_number(number);
            if (session == nullptr) return;
            if (!record.ok()) return refuse(*session, id, record.error());
            // It may have come into memory between the question and the answer.
            if (const core::Job* job = conductor_.farm().find_job(tenant, job_id))
                return found(*session, *job);
            if (!*record) return refuse(*session, id, no_such_job(job_id));
            found(*session, core::make_job(std::move(**record)));
        });
}

void ClientDesk::list_jobs(Session& session, std::uint64_t id, const v1::ListJobs& list) {
    const std::uint32_t limit = std::min(list.limit() == 0 ? kMostListed : list.limit(), kMostListed);
    std::optional<core::JobState> state;
    if (list.state() != v1::JOB_STATE_UNSPECIFIED) state = static_cast<core::JobState>(list.state());
    conductor_.store().run<std::vector<core::JobRecord>>(
        [tenant = session.identity.tenant, limit, state](store::Store& store) {
            return store.list_jobs(tenant, limit, state);
        },
        [this, number = session.number, id](Result<std::vector<core::JobRecord>> jobs) {
            Session* session = by_number(number);
            if (session == nullptr) return;
            if (!jobs.ok()) return refuse(*session, id, jobs.error());
            v1::ClientReply reply;
            reply.set_request_id(id);
            v1::JobList& out = *reply.mutable_job_list();
            const core::Millis now = boot_now();
            for (core::JobRecord& record : *jobs) {
                if (const core::Job* job = conductor_.farm().find_job(record.key))
                    *out.add_jobs() = job_info(conductor_.farm(), *job, false, now);
                else
                    *out.add_jobs() =
                        job_info(conductor_.farm(), core::make_job(std::move(record)), false, now);
            }
            (void)send(*session, reply);
        });
}

void ClientDesk::show_job(Session& session, std::uint64_t id, const std::string& job_id) {
    with_job(session, id, job_id, [this, id](Session& session, const core::Job& job) {
        v1::ClientReply reply;
        reply.set_request_id(id);
        *reply.mutable_job_info() = job_info(conductor_.farm(), job, true, boot_now());
        (void)send(session, reply);
    });
}

void ClientDesk::cancel_job(Session& session, std::uint64_t id, const std::string& job_id) {
    if (!may_change(session, id, "cancel")) return;
    const core::Job* job = conductor_.farm().find_job(session.identity.tenant, job_id);
    if (job != nullptr && !job->stored()) {
        conductor_.farm().commit_cancel(job->record.key, core::JobState::kCancelled, boot_now());
        return ok(session, id);
    }
    conductor_.store().run<core::JobRecord>(
        [tenant = session.identity.tenant, job_id](store::Store& store) {
            return store.cancel_job(tenant, job_id, unix_now_ms());
        },
        [this, number = session.number, id, job_id](Result<core::JobRecord> record) {
            if (record.ok() && record->state == core::JobState::kCancelled)
                conductor_.farm().commit_cancel(record->key, core::JobState::kCancelled, boot_now());
            if (!record.ok()) conductor_.store_failed(record.error());
            Session* session = by_number(number);
            if (session == nullptr) return;
            if (!record.ok()) {
                note_refusal(*session, "cancel", job_id, record.error());
                return refuse(*session, id, record.error());
            }
            if (record->state != core::JobState::kCancelled)
                return refuse(*session, id,
                              {ErrorCode::kInvalidArgument, "job_id", "the job has ended already", ""});
            note(*session, "cancel", job_id);
            ok(*session, id);
        });
}

void ClientDesk::retry_job(Session& session, std::uint64_t id, const std::string& job_id) {
    if (!may_change(session, id, "retry")) return;
    conductor_.store().run<core::JobRecord>(
        [tenant = session.identity.tenant, job_id](store::Store& store) {
            return store.retry_job(tenant, job_id);
        },
        [this, number = session.number, id, job_id](Result<core::JobRecord> record) {
            if (!record.ok())
                conductor_.store_failed(record.error());
            else
                conductor_.adopt_job(*record);
            Session* session = by_number(number);
            if (session == nullptr) return;
            if (!record.ok()) {
                note_refusal(*session, "retry", job_id, record.error());
                return refuse(*session, id, record.error());
            }
            note(*session, "retry", job_id);
            ok(*session, id);
        });
}

void ClientDesk::drain_worker(Session& session, std::uint64_t id, const v1::DrainWorker& drain) {
    if (session.identity.role != "admin")
        return refuse(session, id,
                      {ErrorCode::kPermissionDenied, "role", "only an administrator drains workers",
                       "ask one, or enrol this key as admin"});
    const auto& workers = conductor_.farm().workers().all();
    const auto found = std::find_if(workers.begin(), workers.end(), [&drain](const auto& entry) {
        return entry.second.facts.worker_id == drain.worker_id();
    });
    if (found == workers.end())
        return refuse(session, id,
                      {ErrorCode::kNotFound, "worker_id",
                       "there is no worker " + drain.worker_id().substr(0, 128),
                       "`loopmind workers` lists them"});
    conductor_.drain_worker(found->first, drain.drained(),
                            [this, number = session.number, id](const Status& saved) {
                                Session* session = by_number(number);
                                if (session == nullptr) return;
                                if (!saved) return refuse(*session, id, saved.error());
                                ok(*session, id);
                            });
}

} // namespace loopmind::service
