// The connection's thread of a worker.
#include "worker/service/service.h"

#include "proto/base/durable_file.h"
#include "proto/base/random_id.h"
#include "proto/wire/convert.h"
#include "proto/wire/limits.h"
#include "proto/wire/storage_probe.h"
#include "proto/wire/wait.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <system_error>

namespace loopmind::worker {
namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

constexpr milliseconds kGreetingTime(5000);    // no Welcome for so long: connect anew
constexpr milliseconds kComplaintPause(30000); // between two complaints about the same problem
constexpr milliseconds kHelloPause(1000);      // between two Hellos on one connection
constexpr milliseconds kResendPause(200);      // between two tries to send the same outputs
constexpr int kMostResends = 3;
constexpr std::size_t kMostUnansweredBeats = 64;

std::string label(const Attempt& attempt) {
    return attempt.task_id + " (epoch " + std::to_string(attempt.epoch) + ")";
}

} // namespace

Service::Service(ServiceConfig config, outbox::Outbox& outbox, const tasks::Executors& executors)
    : config_(std::move(config)), outbox_(outbox),
      incarnation_(base::random_hex(16)), environment_{outbox_, executors, storage_, events_,
                                                       config_.home / "scratch"} {}

Result<std::unique_ptr<Service>> Service::create(zmq::context_t& context, ServiceConfig config,
                                                 outbox::Outbox& outbox, const tasks::Executors& executors) {
    std::unique_ptr<Service> service(new Service(std::move(config), outbox, executors));
    const auto& settings = service->config_;
    auto inputs = InputStore::open(settings.home / "inputs");
    if (!inputs) return inputs.error();
    service->inputs_ = std::move(*inputs);
    // What a killed process left there belongs to nobody.
    std::error_code ignored;
    std::filesystem::remove_all(service->environment_.scratch, ignored);
    auto connection =
        wire::Connection::open(context, settings.endpoints, settings.coordinator_key, settings.keys);
    if (!connection) return connection.error();
    service->connection_ = std::move(*connection);
    service->slots_ =
        std::make_unique<Slots>(settings.slots, settings.prepare_slot, [raw = service.get()](auto& attempt) {
            run_attempt(raw->environment_, attempt);
        });
    for (const auto& attempt : outbox.attempts()) {
        service->uploads_.add(*outbox.find(attempt));
        service->to_report_.insert(attempt);
    }
    return service;
}

Service::~Service() {
    close_slots();
}

/// After this no slot waits for this thread: what runs is cancelled, what it asks for is refused.
void Service::close_slots() {
    for (const auto& attempt : attempts_.all())
        drop(attempt->name, "the worker stops");
    events_.close();
    read_slot_events();
}

void Service::stop() noexcept {
    stopping_ = true;
    stop_wakeup_.signal();
}

Status Service::run() {
    next_complaint_ = Steady::now() + milliseconds(500);
    while (!stopping_ && !refusal_) {
        auto items = connection_->poll_items();
        items.push_back(events_.poll_item());
        items.push_back(stop_wakeup_.poll_item());
        wire::wait(items, time_to_wait());
        watch_connection();
        read_commands();
        read_slot_events();
        expire_leases();
        report_finished();
        uploads_.pump();
        report_finished(); // what the pump has sent to its end
        beat();
    }
    for (const auto& attempt : attempts_.all())
        drop(attempt->name, "the worker stops");
    if (refusal_) return *refusal_;
    v1::WorkerMessage goodbye;
    goodbye.mutable_goodbye();
    if (state_ == State::kServing && send(goodbye)) spdlog::info("said goodbye to the coordinator");
    return {};
}

// --- connection --------------------------------------------------------------------------------

void Service::watch_connection() {
    for (;;) {
        switch (connection_->update()) {
        case wire::Connection::Change::kConnected:
            say_hello();
            break;
        case wire::Connection::Change::kLost:
            lost();
            break;
        case wire::Connection::Change::kNone:
            if (!connection_->connected()) complain();
            return;
        }
    }
}

void Service::say_hello() {
    v1::WorkerMessage message;
    hello_request_ = next_request_++;
    message.set_request_id(hello_request_);
    auto* hello = message.mutable_hello();
    hello->mutable_protocol()->set_min(wire::kProtocolMin);
    hello->mutable_protocol()->set_max(wire::kProtocolMax);
    hello->set_software(config_.software);
    hello->set_worker_id(config_.worker_id);
    hello->set_incarnation(incarnation_);
    hello->set_slots(config_.slots);
    hello->set_device(config_.device);
    hello->set_memory_bytes(config_.memory_bytes);
    hello->set_fingerprint(config_.fingerprint);
    for (const auto& [kind, executor] : environment_.executors)
        hello->add_kinds(wire_kind(kind));
    for (const auto& model : config_.warm_models)
        hello->add_warm_models(model);
    for (const auto& attempt : attempts_.all())
        fill(*hello->add_running(), attempt->name);
    for (const auto& attempt : outbox_.attempts())
        fill(*hello->add_outbox(), attempt);
    state_ = State::kGreeting;
    next_hello_ = Steady::now() + kHelloPause;
    answer_due_ = Steady::now() + kGreetingTime;
    next_beat_ = Steady::time_point::max();
    beats_[hello_request_] = boot_now();
    (void)connection_->send(message);
}

void Service::lost() {
    if (state_ == State::kServing) spdlog::warn("{}", connection_->problem_error().text());
    state_ = State::kAway;
    uploads_.disconnected();
    inputs_->disconnected();
    beats_.clear();
    next_beat_ = answer_due_ = Steady::time_point::max();
}

void Service::complain() {
    const auto now = Steady::now();
    if (now < next_complaint_ || connection_->problem() == wire::Connection::Problem::kNone) return;
    next_complaint_ = now + kComplaintPause;
    spdlog::warn("waiting for the coordinator: {}", connection_->problem_error().text());
}

Status Service::send(const v1::WorkerMessage& message, std::span<const std::byte> bytes) {
    return connection_->send(message, bytes);
}

void Service::read_commands() {
    v1::WorkerCommand command;
    wire::Incoming incoming;
    while (connection_->receive(command, incoming))
        on_command(command, incoming);
}

void Service::on_command(const v1::WorkerCommand& command, const wire::Incoming& incoming) {
    answer_due_ = Steady::now() + silence_limit();
    switch (command.body_case()) {
    case v1::WorkerCommand::kWelcome:
        on_welcome(command.welcome());
        break;
    case v1::WorkerCommand::kStart:
        on_start(command.start());
        break;
    case v1::WorkerCommand::kCancel: {
        const auto attempt = attempt_of(command.cancel().attempt());
        drop(attempt, command.cancel().reason());
        break;
    }
    case v1::WorkerCommand::kHeartbeatAck:
        on_heartbeat_ack(command.request_id(), command.heartbeat_ack());
        break;
    case v1::WorkerCommand::kOutputCredit: {
        const auto& credit = command.output_credit();
        uploads_.taken(attempt_of(credit.attempt()), credit.role(), credit.bytes());
        break;
    }
    case v1::WorkerCommand::kVerdict:
        on_verdict(command.verdict());
        break;
    case v1::WorkerCommand::kChunk:
        inputs_->chunk(command.chunk(), incoming.bytes());
        break;
    case v1::WorkerCommand::kError:
        on_error(command.request_id(), command.error());
        break;
    case v1::WorkerCommand::BODY_NOT_SET:
        break; // of a newer coordinator: nothing we know
    }
}

void Service::on_welcome(const v1::WorkerWelcome& welcome) {
    if (welcome.protocol() < wire::kProtocolMin || welcome.protocol() > wire::kProtocolMax) {
        refusal_ = Error{ErrorCode::kVersionMismatch, connection_->endpoint(),
                         "the coordinator (" + welcome.software() + ") speaks protocol " +
                             std::to_string(welcome.protocol()) + ", this worker speaks " +
                             std::to_string(wire::kProtocolMin) + " to " + std::to_string(wire::kProtocolMax),
                         "install the same version on both"};
        return;
    }
    if (welcome.lease_ms() > 0) lease_ = milliseconds(welcome.lease_ms());
    if (welcome.heartbeat_ms() > 0) heartbeat_ = milliseconds(welcome.heartbeat_ms());
    std::optional<wire::DirectStorage> reached;
    if (config_.allow_direct && welcome.has_storage()) reached = wire::reach_storage(welcome.storage());
    const bool is_new = state_ != State::kServing;
    storage_.set(reached);
    state_ = State::kServing;
    answer_due_ = Steady::now() + silence_limit();
    next_beat_ = Steady::now(); // renews leases that went on while the connection was away
    next_complaint_ = {};
    if (!is_new) return;
    spdlog::info("connected to {} ({}); outputs go {}", connection_->endpoint(), welcome.software(),
                 reached && reached->writable ? "straight into its folder" : "through the connection");
    uploads_.connected([this](const auto& message, auto bytes) { return send(message, bytes); });
    inputs_->connected([this](const auto& message) { return send(message); });
    for (const auto& attempt : outbox_.attempts())
        to_report_.insert(attempt);
    if (!config_.ready_file.empty()) {
        const auto status = base::write_durably(config_.ready_file, config_.worker_id + "\n");
        if (!status) spdlog::error("{}", status.error().text());
    }
}

void Service::on_error(std::uint64_t request_id, const v1::Error& error) {
    auto problem = wire::from_proto(error);
    if (inputs_->failed(request_id, problem)) return;
    const bool of_hello = state_ == State::kGreeting && request_id == hello_request_;
    const bool for_good = problem.code == ErrorCode::kVersionMismatch ||
                          problem.code == ErrorCode::kPermissionDenied ||
                          problem.code == ErrorCode::kInvalidArgument;
    if (of_hello && for_good) {
        refusal_ = std::move(problem);
        return;
    }
    spdlog::warn("the coordinator answers: {}", problem.text());
    if (of_hello) {
        connection_->reconnect(); // e.g. it is starting: its own pause applies
        lost();
    } else if (Steady::now() >= next_hello_) {
        state_ = State::kGreeting; // it does not know this connection
        uploads_.disconnected();
        inputs_->disconnected();
        say_hello();
    }
}

// --- attempts ----------------------------------------------------------------------------------

void Service::on_start(const v1::StartTask& start) {
    const auto name = attempt_of(start.attempt());
    if (outbox_.find(name)) { // it was done before: say it again
        to_report_.insert(name);
        return;
    }
    if (dropped_.contains(name)) return;
    const auto heard = beats_.find(start.heard());
    const auto attempt = attempts_.add(start, heard == beats_.end() ? boot_now() : heard->second);
    if (!attempt) return;
    computing_.insert(name);
    if (slots_->submit(attempt)) return;
    attempts_.cancel(name);
    computing_.erase(name);
    v1::WorkerMessage message;
    fill(*message.mutable_failed()->mutable_attempt(), name);
    message.mutable_failed()->set_fault(v1::FAULT_CLASS_SHORTAGE);
    *message.mutable_failed()->mutable_error() = wire::to_proto(
        {ErrorCode::kResourceExhausted, "", "this worker was given more than it can queue", ""});
    (void)send(message);
}

void Service::drop(const Attempt& attempt, const std::string& why) {
    if (attempts_.cancel(attempt))
        spdlog::info("task {} stops: {}", label(attempt), why.empty() ? "cancelled" : why);
    if (computing_.contains(attempt)) dropped_.insert(attempt);
    inputs_->cancel(attempt);
    uploads_.forget(attempt);
    outbox_.remove(attempt);
    to_report_.erase(attempt);
    resends_.erase(attempt);
}

void Service::on_heartbeat_ack(std::uint64_t request_id, const v1::HeartbeatAck& ack) {
    const auto sent = beats_.find(request_id);
    if (sent != beats_.end()) {
        for (const auto& key : ack.renewed())
            attempts_.renew(attempt_of(key), sent->second + lease_);
        beats_.erase(beats_.begin(), sent); // a push may name the last one answered
    }
    for (const auto& key : ack.cancelled())
        drop(attempt_of(key), "no longer wanted");
}

void Service::on_verdict(const v1::Verdict& verdict) {
    const auto attempt = attempt_of(verdict.attempt());
    if (verdict.resend()) {
        resend(attempt);
        return;
    }
    if (!verdict.accepted()) {
        spdlog::info("result of {} not accepted: {}", label(attempt),
                     wire::from_proto(verdict.error()).text());
    }
    uploads_.forget(attempt);
    outbox_.remove(attempt);
    to_report_.erase(attempt);
    resends_.erase(attempt);
}

void Service::resend(const Attempt& attempt) {
    // Chunks behind a lost one are refused one by one: the first refusal counts, the rest are its echo.
    auto& history = resends_[attempt];
    if (Steady::now() < history.next) return;
    history.next = Steady::now() + kResendPause;
    const auto entry = outbox_.find(attempt);
    if (!entry) { // still at work
        uploads_.restart(attempt);
        return;
    }
    if (!entry->report.has_complete()) { // a failure has no outputs
        to_report_.insert(attempt);
        return;
    }
    const bool possible = std::none_of(entry->files.begin(), entry->files.end(), [](const auto& file) {
        std::error_code problem;
        return std::filesystem::file_size(file.path, problem) != file.size || problem;
    });
    uploads_.forget(attempt);
    if (possible && ++history.count <= kMostResends) {
        spdlog::warn("sending the outputs of {} again", label(attempt));
        uploads_.add(*entry);
        to_report_.insert(attempt);
        return;
    }
    outbox::Entry failed{attempt, {}, {}};
    auto* report = failed.report.mutable_failed();
    fill(*report->mutable_attempt(), attempt);
    report->set_fault(v1::FAULT_CLASS_WORKER);
    *report->mutable_error() =
        wire::to_proto({ErrorCode::kDataCorrupt, "outputs", "the outputs did not arrive whole", ""});
    outbox_.remove(attempt);
    resends_.erase(attempt);
    if (outbox_.put(failed)) {
        to_report_.insert(attempt);
    } else {
        (void)send(failed.report);
    }
}

void Service::expire_leases() {
    for (const auto& attempt : attempts_.expire(boot_now())) {
        spdlog::warn("task {} stops: its lease ran out", label(attempt->name));
        inputs_->cancel(attempt->name);
        uploads_.forget(attempt->name);
    }
}

void Service::read_slot_events() {
    for (auto& event : events_.take_all()) {
        std::visit([this](auto& value) { on_event(value); }, event);
    }
}

void Service::on_event(const OutputGrew& event) {
    if (attempts_.find(event.attempt)) uploads_.grew(event.attempt, event.growth);
}

void Service::on_event(const InputWanted& event) {
    if (attempts_.find(event.attempt)) {
        inputs_->request(event.attempt, event.sha256, event.size, event.pending);
    } else {
        event.pending->settle(Error{ErrorCode::kCancelled, "", "the attempt was cancelled", ""});
    }
}

void Service::on_event(AttemptEnded& event) {
    computing_.erase(event.attempt);
    const bool was_known = attempts_.finish(event.attempt);
    if (dropped_.erase(event.attempt) > 0) { // cancelled: report nothing
        outbox_.remove(event.attempt);
        return;
    }
    if (event.in_outbox) {
        // Also when its lease ran out at the last moment: the result counts if its epoch is still current.
        if (!was_known) uploads_.add(*outbox_.find(event.attempt));
        to_report_.insert(event.attempt);
    } else if (event.report) {
        (void)send(*event.report, std::as_bytes(std::span(event.bytes)));
    } else {
        uploads_.forget(event.attempt);
    }
}

void Service::report_finished() {
    if (state_ != State::kServing) return;
    for (auto it = to_report_.begin(); it != to_report_.end();) {
        const auto entry = outbox_.find(*it);
        if (entry && !uploads_.all_sent(*it)) {
            ++it;
            continue;
        }
        if (entry && !send(entry->report)) return; // the queue is full: with the next heartbeat
        it = to_report_.erase(it);
    }
}

/// A coordinator that answers no heartbeat for so long is not there, whatever TCP says.
milliseconds Service::silence_limit() const {
    return std::max(2 * lease_, kGreetingTime);
}

// --- time --------------------------------------------------------------------------------------

void Service::beat() {
    const auto now = Steady::now();
    if (now >= answer_due_) { // silence: perhaps a connection that only looks alive
        connection_->reconnect();
        lost();
        return;
    }
    if (state_ != State::kServing || now < next_beat_) return;
    next_beat_ = now + heartbeat_;
    v1::WorkerMessage message;
    message.set_request_id(next_request_++);
    auto* heartbeat = message.mutable_heartbeat();
    const auto boot = boot_now();
    for (const auto& attempt : attempts_.all()) {
        auto* running = heartbeat->add_running();
        fill(*running->mutable_attempt(), attempt->name);
        const double progress = attempt->progress;
        running->set_progress(progress);
        if (progress > 0.05) {
            const auto spent = static_cast<double>((boot - attempt->started).count());
            running->set_eta_ms(static_cast<std::uint64_t>(std::lround(spent * (1 - progress) / progress)));
        }
    }
    const auto busy = std::min<std::size_t>(attempts_.size(), config_.slots);
    heartbeat->set_free_slots(config_.slots - static_cast<std::uint32_t>(busy));
    if (send(message)) beats_[message.request_id()] = boot;
    while (beats_.size() > kMostUnansweredBeats)
        beats_.erase(beats_.begin());
}

milliseconds Service::time_to_wait() const {
    const auto now = Steady::now();
    auto due = std::min({next_beat_, answer_due_, connection_->next_wakeup()});
    if (!connection_->connected()) due = std::min(due, now + kHelloPause); // to complain in time
    if (const auto deadline = attempts_.next_deadline()) {
        due = std::min(due, now + std::max(milliseconds(0), *deadline - boot_now()) + milliseconds(1));
    }
    return wire::until(now, due);
}

} // namespace loopmind::worker
