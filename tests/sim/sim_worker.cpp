// What a worker does, step by step as worker/service/service.cpp does it.
#include "tests/sim/sim_worker.h"

#include <algorithm>
#include <utility>

#include "proto/base/sha256.h"

namespace loopmind::sim {
namespace {

constexpr Millis kTick{250};
constexpr Millis kGreetingTime{10'000};
constexpr int kMostResends = 3;

} // namespace

std::string output_of(const std::string& task_id, std::uint64_t epoch) {
    return task_id + "@" + std::to_string(epoch);
}

core::Artifact artifact_of(const std::string& task_id, std::uint64_t epoch) {
    const std::string bytes = output_of(task_id, epoch);
    return {"audio", base::sha256_hex(bytes), bytes.size()};
}

SimWorker::SimWorker(World& world, std::string key, std::uint32_t slots, Dial dial)
    : Process(world.time), world_(world), key_(std::move(key)), slots_(slots), dial_(std::move(dial)) {}

// --- life

void SimWorker::start() {
    begin_life();
    ++incarnation_;
    time_.trace([&] { return key_ + " starts"; });
    later(time_.between(1, 300), [this] { tick(); });
}

void SimWorker::kill() {
    time_.trace([&] { return key_ + " dies"; });
    end_life();
    if (link_) link_->break_off();
    link_.reset();
    state_ = State::kAway;
    attempts_ = {};
    queued_.clear();
    busy_.clear();
    dropped_.clear();
    to_report_.clear();
    resends_.clear();
    beats_.clear();
}

void SimWorker::stop() {
    for (const Running& attempt : attempts_.all())
        drop(attempt->name);
    v1::WorkerMessage goodbye;
    goodbye.mutable_goodbye();
    if (state_ == State::kServing) send(std::move(goodbye));
    // Its last words are sent before the connection ends.
    const auto link = std::exchange(link_, nullptr);
    kill();
    if (link) time_.after(Millis{5000}, [link] { link->break_off(); });
}

void SimWorker::cut() {
    if (!link_) return;
    link_->break_off();
    if (time_.chance(70))
        later(time_.between(0, 500), [this, link = link_] {
            if (link == link_) lost();
        });
}

void SimWorker::hold(Millis until) {
    if (link_) link_->hold_until(until);
}

std::vector<SimWorker::Attempt> SimWorker::computing() const {
    std::vector<Attempt> names;
    for (const Running& running : busy_)
        if (!running->must_stop()) names.push_back(running->name);
    return names;
}

// --- connection

void SimWorker::connect() {
    coordinator_ = dial_();
    if (coordinator_ == nullptr) return;
    link_ = std::make_shared<Link>(world_, ++world_.connections);
    coordinator_->connect(link_, *this, key_);
    time_.trace([&] { return key_ + " connects to " + coordinator_->name(); });
    say_hello();
}

void SimWorker::say_hello() {
    v1::WorkerMessage message;
    message.set_request_id(next_request_++);
    beats_[message.request_id()] = time_.now();
    v1::WorkerHello& hello = *message.mutable_hello();
    hello.set_worker_id(key_);
    hello.set_incarnation(std::to_string(incarnation_));
    hello.set_slots(slots_);
    hello.set_fingerprint("fp");
    for (const Running& attempt : attempts_.all())
        worker::fill(*hello.add_running(), attempt->name);
    for (const auto& [attempt, report] : outbox_)
        worker::fill(*hello.add_outbox(), attempt);
    state_ = State::kGreeting;
    answer_due_ = time_.now() + kGreetingTime;
    send(std::move(message));
}

void SimWorker::lost() {
    if (link_) link_->break_off();
    link_.reset();
    state_ = State::kAway;
    beats_.clear();
}

void SimWorker::send(v1::WorkerMessage message) {
    if (!link_) return;
    link_->to_coordinator([coordinator = coordinator_, number = link_->number(),
                           message = std::move(message)] { coordinator->receive(number, message); });
}

void SimWorker::receive(const std::shared_ptr<Link>& link, const v1::WorkerCommand& command) {
    later(Millis{0}, [this, link, command] {
        if (link != link_) return; // of a connection that it left
        answer_due_ = time_.now() + std::max(2 * lease_, kGreetingTime);
        if (command.has_welcome()) {
            lease_ = Millis(command.welcome().lease_ms());
            if (state_ == State::kServing) return;
            state_ = State::kServing;
            next_beat_ = time_.now();
            for (const auto& [attempt, entry] : outbox_)
                to_report_.insert(attempt);
            report();
        } else if (command.has_start()) {
            on_start(command.start());
        } else if (command.has_cancel()) {
            drop(worker::attempt_of(command.cancel().attempt()));
        } else if (command.has_heartbeat_ack()) {
            on_heartbeat_ack(command.request_id(), command.heartbeat_ack());
        } else if (command.has_verdict()) {
            on_verdict(command.verdict());
        } else if (command.has_error()) {
            say_hello();
        }
    });
}

// --- attempts

void SimWorker::on_start(const v1::StartTask& start) {
    const Attempt name = worker::attempt_of(start.attempt());
    if (outbox_.contains(name)) {
        to_report_.insert(name);
        return report();
    }
    if (dropped_.contains(name)) return;
    const auto heard = beats_.find(start.heard());
    const auto attempt = attempts_.add(start, heard == beats_.end() ? time_.now() : heard->second,
                                       [this] { return time_.now(); });
    if (!attempt) return;
    queued_.push_back(attempt);
    fill_slots();
}

void SimWorker::fill_slots() {
    while (busy_.size() < slots_ && !queued_.empty()) {
        const Running attempt = queued_.front();
        queued_.pop_front();
        if (attempt->must_stop()) {
            dropped_.erase(attempt->name);
            continue;
        }
        busy_.insert(attempt);
        const bool quick = time_.chance(85);
        later(quick ? time_.between(20, 2500) : time_.between(2500, 16'000),
              [this, attempt] { finish(attempt); });
    }
}

void SimWorker::finish(const Running& attempt) {
    const Attempt& name = attempt->name;
    busy_.erase(attempt);
    fill_slots();
    const bool stopped = attempt->must_stop() && time_.chance(80); // else the deadline came while it wrote
    attempts_.finish(name);
    if (dropped_.erase(name) > 0 || attempt->cancelled || stopped) return;
    v1::WorkerMessage entry;
    const int luck = behaves_ ? 99 : time_.pick(100);
    if (luck < 8) {
        worker::fill(*entry.mutable_failed()->mutable_attempt(), name);
        entry.mutable_failed()->set_fault(luck < 1   ? v1::FAULT_CLASS_TASK
                                          : luck < 4 ? v1::FAULT_CLASS_WORKER
                                                     : v1::FAULT_CLASS_SHORTAGE);
    } else {
        const core::Artifact made = artifact_of(name.task_id, luck < 10 ? 0 : name.epoch); // 0: it lies
        worker::fill(*entry.mutable_complete()->mutable_attempt(), name);
        v1::Artifact& output = *entry.mutable_complete()->add_outputs();
        output.set_role(made.role);
        output.mutable_blob()->set_sha256(made.sha256);
        output.mutable_blob()->set_size(made.size);
    }
    outbox_[name] = entry;
    to_report_.insert(name);
    report();
}

void SimWorker::drop(const Attempt& attempt) {
    attempts_.cancel(attempt);
    const auto is_it = [&attempt](const Running& running) { return running->name == attempt; };
    if (std::any_of(busy_.begin(), busy_.end(), is_it) || std::any_of(queued_.begin(), queued_.end(), is_it))
        dropped_.insert(attempt);
    outbox_.erase(attempt);
    to_report_.erase(attempt);
    resends_.erase(attempt);
}

void SimWorker::on_heartbeat_ack(std::uint64_t request, const v1::HeartbeatAck& ack) {
    const auto sent = beats_.find(request);
    if (sent != beats_.end()) {
        for (const v1::AttemptKey& key : ack.renewed())
            attempts_.renew(worker::attempt_of(key), sent->second + lease_);
        beats_.erase(beats_.begin(), sent);
    }
    for (const v1::AttemptKey& key : ack.cancelled())
        drop(worker::attempt_of(key));
}

void SimWorker::on_verdict(const v1::Verdict& verdict) {
    const Attempt attempt = worker::attempt_of(verdict.attempt());
    const auto entry = outbox_.find(attempt);
    if (verdict.resend()) {
        if (entry == outbox_.end()) return;
        if (entry->second.has_complete() && ++resends_[attempt] > kMostResends) {
            v1::WorkerMessage failed;
            worker::fill(*failed.mutable_failed()->mutable_attempt(), attempt);
            failed.mutable_failed()->set_fault(v1::FAULT_CLASS_WORKER);
            entry->second = failed;
        }
        to_report_.insert(attempt);
        return report();
    }
    if (entry != outbox_.end() && entry->second.has_complete()) world_.told(attempt, verdict.accepted());
    outbox_.erase(attempt);
    to_report_.erase(attempt);
    resends_.erase(attempt);
}

void SimWorker::report() {
    if (state_ != State::kServing) return;
    for (const Attempt& attempt : std::exchange(to_report_, {})) {
        const auto entry = outbox_.find(attempt);
        if (entry == outbox_.end()) continue;
        if (entry->second.has_complete()) {
            v1::WorkerMessage bytes;
            worker::fill(*bytes.mutable_output_chunk()->mutable_attempt(), attempt);
            bytes.mutable_output_chunk()->set_role(output_of(attempt.task_id, attempt.epoch));
            send(std::move(bytes));
        }
        send(entry->second);
    }
}

// --- time

void SimWorker::tick() {
    if (!link_) connect();
    if (link_ && time_.now() >= answer_due_) lost();
    (void)attempts_.expire(time_.now());
    if (state_ == State::kServing && time_.now() >= next_beat_) {
        next_beat_ = time_.now() + world_.heartbeat;
        v1::WorkerMessage message;
        message.set_request_id(next_request_++);
        v1::Heartbeat& beat = *message.mutable_heartbeat();
        for (const Running& attempt : attempts_.all())
            worker::fill(*beat.add_running()->mutable_attempt(), attempt->name);
        beats_[message.request_id()] = time_.now();
        send(std::move(message));
        while (beats_.size() > 64)
            beats_.erase(beats_.begin());
    }
    later(kTick, [this] { tick(); });
}

} // namespace loopmind::sim
