// What workers say and what they are told.
#include "coordinator/service/worker_desk.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "coordinator/core/task_graph.h"
#include "coordinator/service/clock.h"
#include "coordinator/service/convert.h"
#include "proto/request/mixdown.h"
#include "proto/wire/convert.h"
#include "proto/wire/limits.h"

namespace loopmind::service {
namespace {

constexpr std::size_t kMostSessions = 20'000;
constexpr std::uint32_t kMostSlots = 256;
constexpr std::size_t kMostName = 128;
constexpr std::size_t kMostPreviewSamples = 4'000'000;

bool is_name(const std::string& text) {
    return !text.empty() && text.size() <= kMostName &&
           std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > 32 && c < 127; });
}

std::vector<core::AttemptName> names(const google::protobuf::RepeatedPtrField<v1::AttemptKey>& keys) {
    std::vector<core::AttemptName> all;
    for (const v1::AttemptKey& key : keys)
        all.push_back(from_proto(key));
    return all;
}

std::string clipped(const std::string& text) {
    return text.substr(0, 1000);
}

Error clipped(Error error) {
    error.field = clipped(error.field);
    error.message = clipped(error.message);
    error.hint = clipped(error.hint);
    return error;
}

} // namespace

WorkerDesk::WorkerDesk(std::unique_ptr<wire::Listener> listener, Conductor& conductor, Directory& directory,
                       WelcomeFacts facts)
    : listener_(std::move(listener)), conductor_(conductor), directory_(directory), facts_(std::move(facts)),
      streams_(conductor.farm(), conductor.blobs(),
               {[this](std::uint64_t number, const v1::Chunk& chunk, std::span<const std::byte> bytes) {
                    Session* session = by_number(number);
                    if (session == nullptr) return StreamOutlet::Sent::kGone;
                    v1::WorkerCommand command;
                    *command.mutable_chunk() = chunk;
                    return outcome(send(*session, command, bytes));
                },
                [](std::uint64_t, const v1::StreamReset&) { return StreamOutlet::Sent::kGone; },
                [this](std::uint64_t number, std::uint64_t request_id, const Error& error) {
                    if (Session* session = by_number(number)) refuse(*session, request_id, error);
                }}) {}

// --- sending

Status WorkerDesk::send(const Session& session, const v1::WorkerCommand& command,
                        std::span<const std::byte> bytes) {
    return listener_->send(session.routing_id, command, bytes);
}

void WorkerDesk::refuse(const Session& session, std::uint64_t request_id, const Error& error) {
    v1::WorkerCommand command;
    command.set_request_id(request_id);
    *command.mutable_error() = wire::to_proto(error);
    (void)send(session, command);
}

bool WorkerDesk::start(std::uint64_t connection, const core::Job& job, const core::Task& task) {
    Session* session = by_number(connection);
    if (session == nullptr) return false;
    v1::WorkerCommand command;
    v1::StartTask& start = *command.mutable_start();
    fill(*start.mutable_attempt(), {core::task_id(job.record.job_id, task.record.index), task.record.epoch});
    start.set_job_id(job.record.job_id);
    start.set_kind(static_cast<v1::TaskKind>(task.record.kind));
    start.set_spec_json(task.record.spec_json);
    std::vector<core::TaskRecord> records;
    for (const core::Task& other : job.tasks)
        records.push_back(other.record);
    for (const core::Artifact& input : core::task_inputs(records, task.record))
        *start.add_inputs() = to_proto(input);
    for (const request::SpecInput& input : request::spec_inputs(task.record.spec_json))
        *start.add_inputs() = to_proto(core::Artifact{input.role, input.blob.sha256, input.blob.size});
    start.set_lease_ms(facts_.lease_ms);
    start.set_heard(session->heard);
    return send(*session, command).ok();
}

void WorkerDesk::cancel(std::uint64_t connection, const core::AttemptName& attempt,
                        const std::string& reason) {
    Session* session = by_number(connection);
    if (session == nullptr) return;
    v1::WorkerCommand command;
    fill(*command.mutable_cancel()->mutable_attempt(), attempt);
    command.mutable_cancel()->set_reason(reason);
    (void)send(*session, command);
}

void WorkerDesk::verdict(std::uint64_t connection, const VerdictNews& news) {
    Session* session = by_number(connection);
    if (session == nullptr) return; // it asks again at its next hello
    v1::WorkerCommand command;
    v1::Verdict& verdict = *command.mutable_verdict();
    fill(*verdict.mutable_attempt(), news.attempt);
    verdict.set_accepted(news.accepted);
    verdict.set_resend(news.resend);
    if (news.error) *verdict.mutable_error() = wire::to_proto(*news.error);
    (void)send(*session, command);
}

// --- sessions

WorkerDesk::Session* WorkerDesk::by_number(std::uint64_t number) {
    const auto it = sessions_.find(number);
    return it == sessions_.end() ? nullptr : &it->second;
}

void WorkerDesk::drop(std::uint64_t number) {
    const auto it = sessions_.find(number);
    if (it == sessions_.end()) return;
    by_route_.erase(it->second.routing_id);
    streams_.close_all(number);
    conductor_.farm().unreachable(number);
    sessions_.erase(it);
}

// Nothing that it says will be heard again, so its leases need not run out.
void WorkerDesk::expel(std::uint64_t number) {
    const Session& session = sessions_.at(number);
    spdlog::warn("worker {} was revoked: it is cut, its tasks go to others", session.name);
    listener_->cut_route(session.routing_id);
    conductor_.farm().goodbye(number, boot_now());
    drop(number);
}

void WorkerDesk::recheck() {
    std::vector<std::uint64_t> over;
    for (const auto& [number, session] : sessions_) {
        const auto identity = directory_.find(session.user_id, boot_now());
        if (!identity || identity->role != "worker") over.push_back(number);
    }
    for (const std::uint64_t number : over)
        expel(number);
}

WorkerDesk::Session& WorkerDesk::session_of(const wire::Incoming& incoming,
                                            const store::StoredIdentity& identity) {
    const auto known = by_route_.find(incoming.routing_id);
    if (known != by_route_.end()) {
        Session& session = sessions_.at(known->second);
        if (session.user_id == incoming.user_id) return session;
        drop(known->second);
    }
    // Connections that are gone are noticed late; the oldest one makes room.
    if (sessions_.size() >= kMostSessions) drop(sessions_.begin()->first);
    const std::uint64_t number = next_number_++;
    by_route_[incoming.routing_id] = number;
    return sessions_[number] = Session{number, incoming.routing_id, incoming.user_id, identity.name, ""};
}

bool WorkerDesk::receive(int most) {
    v1::WorkerMessage message;
    for (int n = 0; n < most; ++n) {
        wire::Incoming incoming;
        if (!listener_->receive(message, incoming)) return false;
        handle(message, incoming);
    }
    return true;
}

bool WorkerDesk::pump() {
    return streams_.pump();
}

// --- receiving

void WorkerDesk::handle(const v1::WorkerMessage& message, wire::Incoming& incoming) {
    const auto identity = directory_.find(incoming.user_id, boot_now());
    if (!identity || identity->role != "worker") { // revoked while connected
        const auto known = by_route_.find(incoming.routing_id);
        if (known != by_route_.end()) expel(known->second);
        listener_->cut_route(incoming.routing_id);
        return;
    }
    Session& session = session_of(incoming, *identity);
    const std::uint64_t request_id = message.request_id();
    if (message.has_hello()) return hello(session, request_id, message.hello());
    if (!conductor_.farm().heard(session.number, boot_now())) {
        if (!message.has_goodbye())
            refuse(session, request_id,
                   {ErrorCode::kUnavailable, "", "this coordinator does not know this connection",
                    "say hello first"});
        return;
    }
    switch (message.body_case()) {
    case v1::WorkerMessage::kHeartbeat:
        return heartbeat(session, request_id, message.heartbeat());
    case v1::WorkerMessage::kOutputGrew:
        return output_grew(session, message.output_grew());
    case v1::WorkerMessage::kOutputChunk:
        return output_chunk(session, message.output_chunk(), incoming.bytes());
    case v1::WorkerMessage::kPreviewDone:
        return preview_done(session, message.preview_done(), incoming.text());
    case v1::WorkerMessage::kComplete: {
        std::vector<core::Artifact> outputs;
        for (const v1::Artifact& output : message.complete().outputs())
            outputs.push_back(from_proto(output));
        return conductor_.complete(session.number, from_proto(message.complete().attempt()),
                                   std::move(outputs));
    }
    case v1::WorkerMessage::kFailed:
        return failed(session, message.failed());
    case v1::WorkerMessage::kGetBlob:
        return get_blob(session, request_id, message.get_blob());
    case v1::WorkerMessage::kCredit:
        return streams_.credit(session.number, message.credit());
    case v1::WorkerMessage::kCloseStream:
        return streams_.close(session.number, message.close_stream().stream_id());
    case v1::WorkerMessage::kGoodbye:
        spdlog::info("worker {} says goodbye", session.name);
        conductor_.farm().goodbye(session.number, boot_now());
        return drop(session.number);
    case v1::WorkerMessage::kHello:
    case v1::WorkerMessage::BODY_NOT_SET:
        return;
    }
}

void WorkerDesk::hello(Session& session, std::uint64_t request_id, const v1::WorkerHello& hello) {
    const std::uint32_t protocol = wire::common_protocol(hello.protocol().min(), hello.protocol().max());
    if (protocol == 0)
        return refuse(session, request_id,
                      {ErrorCode::kVersionMismatch, "protocol",
                       "this coordinator (" + facts_.software + ") speaks protocol " +
                           std::to_string(wire::kProtocolMin) + " to " + std::to_string(wire::kProtocolMax) +
                           ", the worker (" + clipped(hello.software()) + ") " +
                           std::to_string(hello.protocol().min()) + " to " +
                           std::to_string(hello.protocol().max()),
                       "update the older of the two"});
    if (!is_name(hello.worker_id()) || !is_name(hello.incarnation()))
        return refuse(session, request_id,
                      {ErrorCode::kInvalidArgument, "worker_id",
                       "worker id and incarnation are 1 to 128 printable characters without spaces", ""});
    // Two workers of one connection would both be given tasks after only one of them could be called gone.
    if (!session.worker_id.empty() && session.worker_id != hello.worker_id())
        return refuse(session, request_id,
                      {ErrorCode::kInvalidArgument, "worker_id", "this connection is that of another worker",
                       "open a connection for each worker"});
    if (hello.slots() < 1 || hello.slots() > kMostSlots)
        return refuse(
            session, request_id,
            {ErrorCode::kInvalidArgument, "slots", "a worker has 1 to 256 slots", "start it with --slots"});
    session.worker_id = hello.worker_id();
    core::WorkerFacts facts;
    facts.key = session.user_id + "/" + hello.worker_id();
    facts.name = session.name;
    facts.worker_id = hello.worker_id();
    facts.incarnation = hello.incarnation();
    facts.software = clipped(hello.software());
    facts.device = clipped(hello.device());
    facts.fingerprint = clipped(hello.fingerprint());
    facts.slots = hello.slots();
    facts.memory_bytes = hello.memory_bytes();
    for (const int kind : hello.kinds())
        facts.kinds.insert(static_cast<core::TaskKind>(kind));
    for (const std::string& model : hello.warm_models())
        facts.warm_models.push_back(clipped(model));

    v1::WorkerCommand command;
    command.set_request_id(request_id);
    v1::WorkerWelcome& welcome = *command.mutable_welcome();
    welcome.set_protocol(protocol);
    welcome.set_software(facts_.software);
    welcome.set_coordinator_id(facts_.coordinator_id);
    *welcome.mutable_storage() = facts_.storage;
    welcome.set_lease_ms(facts_.lease_ms);
    welcome.set_heartbeat_ms(facts_.heartbeat_ms);
    welcome.set_max_message_bytes(wire::kMaxMessageBytes);
    (void)send(session, command);
    session.heard = request_id;
    spdlog::info("worker {} ({}, {} slots) is here: {} running, {} in its outbox", session.name, facts.device,
                 facts.slots, hello.running_size(), hello.outbox_size());
    conductor_.remember_fingerprint(facts.fingerprint);
    const auto stop = conductor_.farm().hello(std::move(facts), session.number, names(hello.running()),
                                              names(hello.outbox()), unix_now_ms(), boot_now());
    for (const core::AttemptName& attempt : stop)
        cancel(session.number, attempt, "no longer wanted");
}

void WorkerDesk::heartbeat(Session& session, std::uint64_t request_id, const v1::Heartbeat& beat) {
    session.heard = request_id;
    std::vector<core::RunningReport> running;
    for (const v1::RunningTask& task : beat.running())
        running.push_back({from_proto(task.attempt()), task.progress(), task.eta_ms(), task.note()});
    const core::HeartbeatAnswer answer = conductor_.farm().heartbeat(session.number, running, boot_now());
    v1::WorkerCommand command;
    command.set_request_id(request_id);
    v1::HeartbeatAck& ack = *command.mutable_heartbeat_ack();
    for (const core::AttemptName& attempt : answer.renewed)
        fill(*ack.add_renewed(), attempt);
    for (const core::AttemptName& attempt : answer.cancelled)
        fill(*ack.add_cancelled(), attempt);
    (void)send(session, command);
}

void WorkerDesk::output_grew(const Session& session, const v1::OutputGrew& grew) {
    (void)conductor_.farm().output_grew(session.number, from_proto(grew.attempt()), grew.role().substr(0, 64),
                                        {grew.bytes(), grew.total()}, boot_now());
}

void WorkerDesk::output_chunk(const Session& session, const v1::OutputChunk& chunk,
                              std::span<const std::byte> bytes) {
    const core::AttemptName attempt = from_proto(chunk.attempt());
    const core::Task* task = conductor_.farm().current_attempt(session.number, attempt);
    if (task == nullptr) {
        // Closed, or accepted before a restart: the answer to a result of it tells the worker to stop
        // sending.
        if (!conductor_.farm().find_task(attempt.task_id, attempt.epoch))
            conductor_.answer_from_store(session.number, attempt);
        return;
    }
    const std::string role = chunk.role().substr(0, 64);
    if (!task->growth.contains(role) && task->growth.size() >= 4096) return;
    const auto end =
        conductor_.blobs().write_attempt({attempt.task_id, attempt.epoch, role}, chunk.offset(), bytes);
    if (!end.ok()) {
        spdlog::warn("output {} of {}: {}", role, attempt.task_id, end.error().text());
        if (end.error().code == ErrorCode::kInvalidArgument) { // bytes were lost on the way
            VerdictNews news{attempt, false, true, end.error()};
            return verdict(session.number, news);
        }
        cancel(session.number, attempt, end.error().message);
        Error shortage = end.error();
        shortage.code = ErrorCode::kResourceExhausted;
        (void)conductor_.farm().report_failure(session.number, attempt, core::Fault::kShortage,
                                               std::move(shortage), boot_now());
        return;
    }
    v1::WorkerCommand command;
    v1::OutputCredit& credit = *command.mutable_output_credit();
    *credit.mutable_attempt() = chunk.attempt();
    credit.set_role(chunk.role());
    credit.set_bytes(chunk.offset() + bytes.size());
    (void)send(session, command);
    (void)conductor_.farm().output_grew(session.number, attempt, role, {*end, std::max(*end, chunk.total())},
                                        boot_now());
}

void WorkerDesk::preview_done(const Session& session, const v1::PreviewDone& done, std::string_view bytes) {
    const core::AttemptName attempt = from_proto(done.attempt());
    const auto task = conductor_.farm().find_task(attempt.task_id, attempt.epoch);
    if (!task || (task->job & core::kPreviewKeyBit) == 0) return; // superseded meanwhile, or no preview
    if (done.result().audio_frames() > kMostPreviewSamples ||
        bytes.size() != done.result().audio_frames() * 2u) {
        conductor_.fail(
            session.number, attempt, core::Fault::kWorker,
            {ErrorCode::kDataCorrupt, "preview", "the audio has another length than it says", ""});
        return;
    }
    if (conductor_.farm().begin_completion(session.number, attempt, boot_now()) !=
        core::AttemptVerdict::kCurrent)
        return;
    previews_->preview_done(task->job, done.result(), std::string(bytes));
    conductor_.farm().commit_completion(*task, attempt.epoch, {}, "", false, boot_now());
}

void WorkerDesk::failed(const Session& session, const v1::Failed& failed) {
    core::Fault fault = core::Fault::kWorker;
    if (failed.fault() == v1::FAULT_CLASS_TASK) fault = core::Fault::kTask;
    if (failed.fault() == v1::FAULT_CLASS_SHORTAGE) fault = core::Fault::kShortage;
    conductor_.fail(session.number, from_proto(failed.attempt()), fault,
                    clipped(wire::from_proto(failed.error())));
}

// A worker reads the inputs of tasks it holds, and nothing else.
bool WorkerDesk::may_read(const Session& session, const std::string& sha256) const {
    for (const auto& [key, job] : conductor_.farm().jobs()) {
        if (core::is_terminal(job.record.state)) continue;
        for (const core::Task& task : job.tasks) {
            if (!task.lease || task.lease->connection != session.number) continue;
            for (const std::uint32_t need : task.record.needs)
                for (const core::Artifact& output : job.tasks[need].record.outputs)
                    if (output.sha256 == sha256) return true;
            for (const request::SpecInput& input : request::spec_inputs(task.record.spec_json))
                if (input.blob.sha256 == sha256) return true;
        }
    }
    return false;
}

void WorkerDesk::get_blob(const Session& session, std::uint64_t request_id, const v1::GetBlob& get) {
    if (!may_read(session, get.sha256()))
        return refuse(session, request_id,
                      {ErrorCode::kNotFound, "sha256", "it is no input of a task this worker has", ""});
    if (const Status opened = streams_.open_blob(session.number, request_id, get); !opened)
        refuse(session, request_id, opened.error());
}

} // namespace loopmind::service
