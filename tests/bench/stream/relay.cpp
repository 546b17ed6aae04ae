// Hello, a task, bytes.
#include "tests/bench/stream/relay.h"

#include <chrono>
#include <stdexcept>
#include <vector>

#include "proto/wire/limits.h"
#include "proto/wire/stream.h"
#include "proto/wire/wait.h"

namespace loopmind::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kPatience{30};
constexpr std::chrono::milliseconds kBeat{1000};

} // namespace

Relay::Relay(const std::string& endpoint, const std::string& server_key, const wire::KeyPair& keys) {
    auto opened = wire::Connection::open(context_, {endpoint}, server_key, keys);
    if (!opened.ok()) throw std::runtime_error(opened.error().text());
    connection_ = std::move(*opened);
    for (const auto end = Clock::now() + kPatience; !connection_->connected(); wait()) {
        if (Clock::now() > end) throw std::runtime_error(connection_->problem_error().text());
        (void)connection_->update();
    }
    v1::WorkerMessage message;
    message.set_request_id(1);
    auto& hello = *message.mutable_hello();
    hello.mutable_protocol()->set_min(1);
    hello.mutable_protocol()->set_max(1);
    hello.set_worker_id("bench");
    hello.set_incarnation("bench");
    hello.set_slots(1);
    hello.set_device("cpu");
    hello.set_fingerprint("bench");
    hello.set_software("bench");
    (void)connection_->send(message);
}

Relay::~Relay() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
}

void Relay::wait() {
    auto items = connection_->poll_items();
    wire::wait(items, std::chrono::milliseconds(20));
}

v1::StartTask Relay::next_task() {
    v1::WorkerCommand command;
    wire::Incoming incoming;
    for (const auto end = Clock::now() + kPatience; Clock::now() < end; wait())
        while (connection_->receive(command, incoming))
            if (command.has_start()) return command.start();
    throw std::runtime_error("the worker was given no task");
}

void Relay::push(const v1::StartTask& task, const std::string& role, std::uint64_t total) {
    thread_ = std::thread([this, attempt = task.attempt(), role, total] { run(attempt, role, total); });
}

void Relay::run(const v1::AttemptKey& attempt, const std::string& role, std::uint64_t total) {
    const std::vector<std::byte> memory(wire::kChunkBytes, std::byte{0x5a});
    wire::TakenWindow window;
    auto next_beat = Clock::now();
    v1::WorkerCommand command;
    wire::Incoming incoming;
    while (!stop_) {
        while (connection_->receive(command, incoming))
            if (command.has_output_credit()) window.taken(command.output_credit().bytes(), total);
        if (Clock::now() >= next_beat) {
            next_beat = Clock::now() + kBeat;
            v1::WorkerMessage beat;
            beat.set_request_id(2);
            *beat.mutable_heartbeat()->add_running()->mutable_attempt() = attempt;
            (void)connection_->send(beat);
        }
        const std::uint64_t bytes = window.next_chunk(total - window.sent());
        if (bytes == 0) {
            wait();
            continue;
        }
        v1::WorkerMessage message;
        auto& chunk = *message.mutable_output_chunk();
        *chunk.mutable_attempt() = attempt;
        chunk.set_role(role);
        chunk.set_offset(window.sent());
        chunk.set_total(total);
        if (connection_->send(message, std::span(memory).first(bytes)))
            window.add_sent(bytes);
        else
            wait();
    }
}

} // namespace loopmind::bench
