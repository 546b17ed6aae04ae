// The I/O thread behind FarmClient: connection, hello, requests and watches. Transfers are in
// farm_io_transfers.cpp.
#include "client/farm/farm_io.h"

#include "proto/wire/convert.h"
#include "proto/wire/limits.h"
#include "proto/wire/storage_probe.h"
#include "proto/wire/wait.h"

#include <algorithm>
#include <pthread.h>
#include <unistd.h>

namespace loopmind::farm {

namespace {

constexpr std::chrono::milliseconds kRefusedPause{
    5000};                                          // before asking again one that will not speak with us
constexpr std::chrono::milliseconds kSendAgain{50}; // when the queue to the coordinator was full
constexpr int kMessagesPerTurn = 256;

Error closed() {
    return {ErrorCode::kCancelled, "", "this program is leaving the farm", ""};
}

} // namespace

FarmClient::Io::Io(ClientConfig config, Cache cache) : config_(std::move(config)), cache_(std::move(cache)) {
    if (!config_.outbox.empty()) outbox_.emplace(config_.outbox);
    link_.endpoint = config_.endpoints.front();
}

FarmClient::Io::~Io() {
    if (!thread_.joinable()) return;
    post([this] { stopping_ = true; });
    thread_.join();
}

Status FarmClient::Io::start() {
    if (Status opened = open_connection(); !opened.ok()) return opened;
    thread_ = std::thread([this] { run(); });
    return {};
}

// ---- any thread ----

Link FarmClient::Io::link() const {
    const std::lock_guard lock(link_mutex_);
    return link_;
}

Status FarmClient::Io::wait_connected(std::chrono::milliseconds timeout) {
    std::unique_lock lock(link_mutex_);
    link_changed_.wait_for(lock, timeout, [this] { return link_.state != LinkState::kConnecting; });
    if (link_.state == LinkState::kConnected) return {};
    if (link_.why) return *link_.why;
    return Error{ErrorCode::kUnavailable, "coordinator",
                 "no answer from " + link_.endpoint + " within " + std::to_string(timeout.count()) + " ms",
                 "check that it runs and is not overloaded: `loopmind doctor`"};
}

// ---- the loop ----

void FarmClient::Io::run() {
    ::pthread_setname_np(::pthread_self(), "farm-io");
    if (outbox_)
        for (v1::SubmitJob& job : outbox_->kept())
            submit(std::move(job), nullptr, true);
    v1::ClientReply reply;
    wire::Incoming incoming;
    while (!stopping_) {
        std::vector<zmq::pollitem_t> items{mailbox_.poll_item()};
        auto wakeup = next_deadline();
        if (connection_) {
            for (const auto& item : connection_->poll_items())
                items.push_back(item);
            wakeup = std::min(wakeup, connection_->next_wakeup());
        }
        const bool copying = std::any_of(transfers_.begin(), transfers_.end(),
                                         [](const auto& item) { return item.second.source_fd >= 0; });
        wire::wait(items, copying ? std::chrono::milliseconds(0) : wire::until(Clock::now(), wakeup));
        for (auto& work : mailbox_.take_all())
            work();
        if (connection_) {
            wire::Connection::Change change;
            while ((change = connection_->update()) != wire::Connection::Change::kNone) {
                if (change == wire::Connection::Change::kConnected)
                    connection_up();
                else
                    connection_lost(connection_->problem_error());
            }
            for (int n = 0; n < kMessagesPerTurn && !drop_ && connection_->receive(reply, incoming); ++n)
                handle(reply, incoming);
            note_failed_attempts();
        } else if (Clock::now() >= reopen_at_) {
            if (Status opened = open_connection(); !opened.ok()) reopen_at_ = Clock::now() + kRefusedPause;
        }
        if (drop_) drop_connection();
        if (copying) {
            std::vector<std::uint64_t> ids;
            for (const auto& [id, transfer] : transfers_)
                if (transfer.source_fd >= 0) ids.push_back(id);
            for (const std::uint64_t id : ids)
                copy_step(id);
        }
        check_deadlines();
    }
    cancel_everything();
    connection_.reset();
}

Status FarmClient::Io::open_connection() {
    reopen_at_ = Clock::time_point::max();
    attempt_failed_ = false;
    auto opened = wire::Connection::open(context_, config_.endpoints, config_.coordinator_key, config_.keys);
    if (!opened.ok()) return opened.error();
    connection_ = std::move(*opened);
    return {};
}

void FarmClient::Io::drop_connection() {
    drop_ = false;
    connection_.reset();
    reopen_at_ = Clock::now() + kRefusedPause;
}

void FarmClient::Io::connection_up() {
    attempt_failed_ = false;
    hello_id_ = next_id();
    v1::ClientRequest request;
    request.set_request_id(hello_id_);
    v1::ClientHello& hello = *request.mutable_hello();
    hello.mutable_protocol()->set_min(wire::kProtocolMin);
    hello.mutable_protocol()->set_max(wire::kProtocolMax);
    hello.set_software(config_.software);
    hello_deadline_ = Clock::now() + config_.request_timeout;
    send(request);
}

void FarmClient::Io::handle_welcome(const v1::ClientReply& reply) {
    hello_deadline_ = Clock::time_point::max();
    hello_id_ = 0;
    if (reply.has_error()) return refuse_everything(wire::from_proto(reply.error()));
    const v1::ClientWelcome& welcome = reply.welcome();
    if (welcome.protocol() < wire::kProtocolMin || welcome.protocol() > wire::kProtocolMax)
        return refuse_everything({ErrorCode::kVersionMismatch, "coordinator",
                                  "speaks protocol " + std::to_string(welcome.protocol()) + " (" +
                                      welcome.software() + "), this program speaks " +
                                      std::to_string(wire::kProtocolMin) + " to " +
                                      std::to_string(wire::kProtocolMax),
                                  "update the older of the two"});
    welcomed_ = true;
    refused_.reset();
    direct_root_.reset();
    if (config_.direct && welcome.has_storage())
        if (const auto storage = wire::reach_storage(welcome.storage())) direct_root_ = storage->root;
    set_link({LinkState::kConnected, endpoint(), std::nullopt, welcome.software(), direct_root_.has_value()});
    send_what_waits();
}

void FarmClient::Io::send_what_waits() {
    if (!welcomed_) return;
    for (auto& [id, request] : requests_)
        if (!request.sent) request.sent = send(request.message);
    for (auto& [job_id, followed] : followed_)
        if (followed.request_id == 0) ask_watch(job_id);
    std::vector<std::uint64_t> ids;
    for (const auto& [id, transfer] : transfers_)
        if (transfer.wire_id == 0 && transfer.source_fd < 0) ids.push_back(id);
    for (const std::uint64_t id : ids)
        start_transfer(id);
    start_uploads();
}

void FarmClient::Io::connection_lost(const Error& why) {
    welcomed_ = false;
    hello_id_ = 0;
    hello_deadline_ = Clock::time_point::max();
    direct_root_.reset();
    for (auto& [id, request] : requests_)
        request.sent = false;
    for (auto& [job_id, followed] : followed_)
        followed.request_id = 0;
    for (auto& [id, transfer] : transfers_) {
        transfer.wire_id = 0;
        transfer.request_id = 0;
    }
    forget_upload_connection();
    if (connection_ && connection_->problem() == wire::Connection::Problem::kBroken)
        set_link({LinkState::kAway, why.field, why, "", false});
}

void FarmClient::Io::note_failed_attempts() {
    if (!connection_ || connection_->connected() || attempt_failed_) return;
    const auto problem = connection_->problem();
    if (problem != wire::Connection::Problem::kNobodyThere && problem != wire::Connection::Problem::kRefused)
        return;
    attempt_failed_ = true;
    const std::string where = connection_->problem_error().field;
    Error why{ErrorCode::kUnavailable, "coordinator", "is not running at " + where,
              "start it with `loopmind up`"};
    if (problem == wire::Connection::Problem::kRefused)
        why = {ErrorCode::kUnavailable, "coordinator",
               "at " + where + " refused this client during the handshake",
               "check coordinator_key in farm.json and that this client's key is enrolled there"};
    set_link({LinkState::kAway, connection_->endpoint(), why, "", false});
}

std::string FarmClient::Io::endpoint() const {
    return connection_ ? connection_->endpoint() : config_.endpoints.front();
}

void FarmClient::Io::refuse_everything(const Error& why) {
    refused_ = why;
    drop_ = true;
    connection_lost(why);
    set_link({LinkState::kAway, endpoint(), why, "", false});
    std::vector<Answer> answers;
    for (auto it = requests_.begin(); it != requests_.end();) {
        if (it->second.deadline == Clock::time_point::max()) {
            ++it;
            continue;
        }
        answers.push_back(std::move(it->second.answer));
        it = requests_.erase(it);
    }
    for (const Answer& answer : answers)
        answer(why);
}

void FarmClient::Io::set_link(Link link) {
    {
        const std::lock_guard lock(link_mutex_);
        const std::string before = link_.why ? link_.why->text() : "";
        const std::string now = link.why ? link.why->text() : "";
        if (link.state == link_.state && link.endpoint == link_.endpoint && before == now) return;
        link_ = link;
    }
    link_changed_.notify_all();
    if (link_listener_) link_listener_(link);
}

void FarmClient::Io::set_link_listener(std::function<void(const Link&)> changed) {
    link_listener_ = std::move(changed);
    if (link_listener_) link_listener_(link());
}

Error FarmClient::Io::away_error() const {
    if (refused_) return *refused_;
    const Link now = link();
    if (now.why) return *now.why;
    return {ErrorCode::kUnavailable, "coordinator", "no answer from " + now.endpoint,
            "check that it runs: `loopmind doctor`"};
}

// ---- messages ----

bool FarmClient::Io::send(const v1::ClientRequest& message) {
    return connection_ && connection_->send(message).ok();
}

void FarmClient::Io::request(v1::ClientRequest body, Answer answer, bool for_ever) {
    if (stopping_) return answer(closed());
    if (refused_ && !for_ever) return answer(*refused_);
    const std::uint64_t id = next_id();
    body.set_request_id(id);
    Request& request = requests_[id];
    request.message = std::move(body);
    request.answer = std::move(answer);
    request.deadline = for_ever ? Clock::time_point::max() : Clock::now() + config_.request_timeout;
    if (welcomed_) request.sent = send(request.message);
}

void FarmClient::Io::submit(v1::SubmitJob job, Done<v1::SubmitAck> done, bool durable) {
    if (stopping_) {
        if (done) done(closed());
        return;
    }
    if (durable && outbox_) {
        if (Status kept = outbox_->keep(job); !kept.ok()) {
            if (done) done(kept.error());
            return;
        }
    }
    v1::ClientRequest body;
    const std::string job_id = job.job_id();
    *body.mutable_submit() = std::move(job);
    request(
        std::move(body),
        [this, job_id, durable, done = std::move(done)](Result<v1::ClientReply> reply) {
            const bool leaving = !reply.ok() && reply.error().code == ErrorCode::kCancelled && stopping_;
            if (durable && outbox_ && !leaving) outbox_->forget(job_id);
            if (!done) return;
            if (!reply.ok()) return done(reply.error());
            if (!reply->has_submit_ack() || reply->submit_ack().job_id() != job_id)
                return done(Error{ErrorCode::kInternal, "coordinator", "acknowledged something else",
                                  "update the coordinator or this program"});
            done(reply->submit_ack());
        },
        durable);
}

void FarmClient::Io::handle(const v1::ClientReply& reply, const wire::Incoming& incoming) {
    const std::uint64_t id = reply.request_id();
    switch (reply.body_case()) {
    case v1::ClientReply::kEvent:
        return handle_event(reply.event(), incoming.bytes());
    case v1::ClientReply::kChunk:
        return handle_chunk(reply.chunk(), incoming.bytes());
    case v1::ClientReply::kStreamReset:
        return handle_reset(reply.stream_reset());
    case v1::ClientReply::BODY_NOT_SET:
        return;
    default:
        break;
    }
    if (handle_upload(reply)) return;
    if (id == 0) return;
    if (id == hello_id_) {
        if (reply.has_welcome() || reply.has_error()) handle_welcome(reply);
        return;
    }
    if (reply.has_error() && handle_refusal(id, wire::from_proto(reply.error()))) return;
    const auto found = requests_.find(id);
    if (found == requests_.end()) return; // answered already, or too late
    const Answer answer = std::move(found->second.answer);
    requests_.erase(found);
    if (reply.has_error())
        answer(wire::from_proto(reply.error()));
    else
        answer(reply);
}

bool FarmClient::Io::handle_refusal(std::uint64_t request_id, const Error& error) {
    for (const auto& [job_id, followed] : followed_) {
        if (followed.request_id != request_id) continue;
        const std::string job = job_id;
        std::vector<std::function<void(const Error&)>> callbacks;
        for (auto it = watches_.begin(); it != watches_.end();) {
            if (it->second.job_id != job) {
                ++it;
                continue;
            }
            if (it->second.events.failed) callbacks.push_back(std::move(it->second.events.failed));
            it = watches_.erase(it);
        }
        followed_.erase(job);
        for (const auto& callback : callbacks)
            callback(error);
        return true;
    }
    for (auto& [id, transfer] : transfers_) {
        if (transfer.request_id != request_id) continue;
        transfer.wire_id = 0;
        finish(id, error);
        return true;
    }
    return false;
}

// ---- watches ----

void FarmClient::Io::add_watch(std::uint64_t id, std::string job_id, WatchEvents events) {
    if (stopping_) {
        if (events.failed) events.failed(closed());
        return;
    }
    const bool known = followed_.count(job_id) > 0;
    Followed& followed = followed_[job_id];
    Watch& watch = watches_[id];
    watch = {job_id, std::move(events)};
    if (known && !followed.view.job().job_id().empty() && watch.events.changed)
        watch.events.changed(followed.view.job());
    if (welcomed_ && followed.request_id == 0) ask_watch(job_id);
}

void FarmClient::Io::remove_watch(std::uint64_t id) {
    const auto found = watches_.find(id);
    if (found == watches_.end()) return;
    const std::string job_id = found->second.job_id;
    watches_.erase(found);
    const bool others = std::any_of(watches_.begin(), watches_.end(),
                                    [&](const auto& item) { return item.second.job_id == job_id; });
    if (others) return;
    followed_.erase(job_id);
    if (!welcomed_) return;
    v1::ClientRequest request;
    request.set_request_id(next_id());
    request.mutable_unwatch()->set_job_id(job_id);
    send(request);
}

void FarmClient::Io::ask_watch(const std::string& job_id) {
    v1::ClientRequest request;
    request.set_request_id(next_id());
    request.mutable_watch()->set_job_id(job_id);
    followed_[job_id].request_id = send(request) ? request.request_id() : 0;
}

void FarmClient::Io::handle_event(const v1::JobEvent& event, std::span<const std::byte> bytes) {
    const auto found = followed_.find(event.job_id());
    if (found == followed_.end()) return;
    const auto outcome = found->second.view.apply(event);
    if (outcome == JobView::Outcome::kGap) return ask_watch(event.job_id());
    std::vector<WatchEvents> listeners;
    for (const auto& [id, watch] : watches_)
        if (watch.job_id == event.job_id()) listeners.push_back(watch.events);
    for (const WatchEvents& listener : listeners) {
        if (event.has_preview() && listener.preview) listener.preview(event.preview(), bytes);
        if (outcome == JobView::Outcome::kChanged && listener.changed)
            listener.changed(found->second.view.job());
    }
}

// ---- time ----

FarmClient::Io::Clock::time_point FarmClient::Io::next_deadline() const {
    auto next = std::min(hello_deadline_, reopen_at_);
    const auto now = Clock::now();
    for (const auto& [id, request] : requests_) {
        next = std::min(next, request.deadline);
        if (welcomed_ && !request.sent) next = std::min(next, now + kSendAgain);
    }
    for (const auto& [id, transfer] : transfers_) {
        if (transfer.blob && transfer.wire_id != 0)
            next = std::min(next, transfer.heard + config_.stall_timeout);
        if (welcomed_ && transfer.wire_id == 0 && transfer.source_fd < 0)
            next = std::min(next, now + kSendAgain);
    }
    for (const auto& [job_id, followed] : followed_)
        if (welcomed_ && followed.request_id == 0) next = std::min(next, now + kSendAgain);
    for (const auto& [id, upload] : uploads_) {
        if (upload.request_id != 0) next = std::min(next, upload.heard + config_.stall_timeout);
        const bool unsent =
            upload.ready && upload.offset < upload.blob.size() && upload.credit.available() > 0;
        if (welcomed_ && unsent) next = std::min(next, now + kSendAgain);
    }
    return next;
}

void FarmClient::Io::check_deadlines() {
    const auto now = Clock::now();
    if (now >= hello_deadline_ && connection_) {
        hello_deadline_ = Clock::time_point::max();
        const Error why{ErrorCode::kUnavailable, "coordinator",
                        "at " + endpoint() + " accepts connections but does not answer",
                        "look into its log, or restart it: `loopmind down`, then `loopmind up`"};
        connection_->reconnect();
        connection_lost(why);
        set_link({LinkState::kAway, endpoint(), why, "", false});
    }
    send_what_waits();
    std::vector<std::pair<Answer, Error>> expired;
    for (auto it = requests_.begin(); it != requests_.end();) {
        if (now < it->second.deadline) {
            ++it;
            continue;
        }
        const Error late{ErrorCode::kUnavailable, "coordinator",
                         "did not answer within " + std::to_string(config_.request_timeout.count()) + " ms",
                         "try again; `loopmind doctor` looks for the cause"};
        expired.emplace_back(std::move(it->second.answer), welcomed_ ? late : away_error());
        it = requests_.erase(it);
    }
    for (const auto& [answer, error] : expired)
        answer(error);
    std::vector<std::uint64_t> stalled;
    for (const auto& [id, transfer] : transfers_)
        if (transfer.blob && transfer.wire_id != 0 && now >= transfer.heard + config_.stall_timeout)
            stalled.push_back(id);
    for (const std::uint64_t id : stalled)
        finish(id, Error{ErrorCode::kUnavailable, "coordinator",
                         "sent no byte of a blob for " +
                             std::to_string(config_.stall_timeout.count() / 1000) + " s",
                         "try again"});
    check_uploads(now);
}

void FarmClient::Io::cancel_everything() {
    // Callbacks may ask for more; whatever they ask is answered the same way.
    do {
        for (auto& work : mailbox_.take_all())
            work();
        auto requests = std::exchange(requests_, {});
        watches_.clear();
        followed_.clear();
        std::vector<std::uint64_t> ids;
        for (const auto& [id, transfer] : transfers_)
            ids.push_back(id);
        for (const std::uint64_t id : ids)
            finish(id, closed());
        while (!uploads_.empty())
            finish_upload(uploads_.begin()->first, closed());
        for (const auto& [id, request] : requests)
            request.answer(closed());
    } while (!requests_.empty() || !transfers_.empty() || !uploads_.empty());
    mailbox_.close();
    for (auto& work : mailbox_.take_all())
        work();
}

} // namespace loopmind::farm
