// A coordinator in this process, and scripted peers that speak to it over real CURVE sockets.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "coordinator/service/server.h"
#include "coordinator/store/place.h"
#include "loopmind/v1/client.pb.h"
#include "loopmind/v1/worker.pb.h"
#include "proto/base/random_id.h"
#include "proto/base/sha256.h"
#include "proto/wire/attempt_file.h"
#include "proto/wire/connection.h"
#include "proto/wire/limits.h"
#include "proto/wire/wait.h"

namespace loopmind::service {

/// A message with the bytes behind it.
template <typename Message> struct Received {
    Message message;
    std::string bytes;
};

/// One connection; Sends `Out`, keeps every `In` until it is taken.
template <typename Out, typename In> class Peer {
  public:
    static constexpr std::chrono::seconds kPatience{20}; // a test that waits so long has failed

    Peer(zmq::context_t& context, const std::string& endpoint, const std::string& server_key,
         const wire::KeyPair& keys) {
        auto opened = wire::Connection::open(context, {endpoint}, server_key, keys);
        EXPECT_TRUE(opened.ok());
        connection_ = std::move(*opened);
    }

    bool wait_connected(std::chrono::milliseconds patience = kPatience) {
        return until([this] { return connection_->connected(); }, patience);
    }
    void send(const Out& message, std::string_view bytes = {}) {
        const Status sent =
            connection_->send(message, {reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()});
        EXPECT_TRUE(sent.ok()) << sent.error().text();
    }
    /// Takes the first message that fits, waiting for it; others stay for later.
    std::optional<Received<In>> take(const std::function<bool(const In&)>& fits,
                                     std::chrono::milliseconds patience = kPatience) {
        std::optional<Received<In>> found;
        until(
            [&] {
                for (auto it = inbox_.begin(); it != inbox_.end(); ++it) {
                    if (!fits(it->message)) continue;
                    found = std::move(*it);
                    inbox_.erase(it);
                    return true;
                }
                return false;
            },
            patience);
        return found;
    }
    /// Takes in what has arrived so far.
    void drain() {
        while (connection_->update() != wire::Connection::Change::kNone) {
        }
        Received<In> received;
        wire::Incoming incoming;
        while (connection_->receive(received.message, incoming)) {
            received.bytes = std::string(incoming.text());
            inbox_.push_back(received);
        }
    }
    bool has(const std::function<bool(const In&)>& fits) {
        drain();
        for (const auto& received : inbox_)
            if (fits(received.message)) return true;
        return false;
    }
    wire::Connection& connection() { return *connection_; }

  private:
    bool until(const std::function<bool()>& condition, std::chrono::milliseconds patience) {
        const auto end = std::chrono::steady_clock::now() + patience;
        for (;;) {
            drain();
            if (condition()) return true;
            if (std::chrono::steady_clock::now() >= end) return false;
            auto items = connection_->poll_items();
            wire::wait(items, std::chrono::milliseconds(20));
        }
    }

    std::unique_ptr<wire::Connection> connection_;
    std::deque<Received<In>> inbox_;
};

/// A client program, by hand.
class FakeClient : public Peer<v1::ClientRequest, v1::ClientReply> {
  public:
    using Peer::Peer;
    using Reply = std::optional<Received<v1::ClientReply>>;

    Reply hello(std::uint32_t min = 1, std::uint32_t max = 1) {
        EXPECT_TRUE(wait_connected());
        v1::ClientRequest request;
        request.mutable_hello()->mutable_protocol()->set_min(min);
        request.mutable_hello()->mutable_protocol()->set_max(max);
        request.mutable_hello()->set_software("test");
        return ask(request);
    }
    /// Sends with a fresh id and waits for the answer with that id.
    Reply ask(v1::ClientRequest request) {
        request.set_request_id(++last_id_);
        send(request);
        return take([id = last_id_](const v1::ClientReply& reply) { return reply.request_id() == id; });
    }
    Reply submit(const std::string& job_id, const std::string& params,
                 v1::JobKind kind = v1::JOB_KIND_GENERATE, const std::string& key = "") {
        v1::ClientRequest request;
        request.mutable_submit()->set_job_id(job_id);
        request.mutable_submit()->set_kind(kind);
        request.mutable_submit()->set_params_json(params);
        request.mutable_submit()->set_supersede_key(key);
        return ask(request);
    }
    Reply watch(const std::string& job_id) {
        v1::ClientRequest request;
        request.mutable_watch()->set_job_id(job_id);
        return ask(request);
    }
    Reply show(const std::string& job_id) {
        v1::ClientRequest request;
        request.mutable_show_job()->set_job_id(job_id);
        return ask(request);
    }
    Reply cancel(const std::string& job_id) {
        v1::ClientRequest request;
        request.mutable_cancel()->set_job_id(job_id);
        return ask(request);
    }
    Reply retry(const std::string& job_id) {
        v1::ClientRequest request;
        request.mutable_retry()->set_job_id(job_id);
        return ask(request);
    }
    Reply open_stream(const std::string& job_id, std::uint32_t task, const std::string& role,
                      std::uint64_t stream, std::uint64_t credit, std::uint64_t offset = 0,
                      std::uint64_t epoch = 0) {
        v1::ClientRequest request;
        auto& open = *request.mutable_open_stream();
        open.set_job_id(job_id);
        open.set_task_id(job_id + "." + std::to_string(task));
        open.set_role(role);
        open.set_stream_id(stream);
        open.set_credit(credit);
        open.set_offset(offset);
        open.set_epoch(epoch);
        return ask(request);
    }
    Reply get_blob(const std::string& sha256, std::uint64_t stream = 1, std::uint64_t credit = 4u << 20,
                   std::uint64_t offset = 0) {
        v1::ClientRequest request;
        request.mutable_get_blob()->set_sha256(sha256);
        request.mutable_get_blob()->set_stream_id(stream);
        request.mutable_get_blob()->set_credit(credit);
        request.mutable_get_blob()->set_offset(offset);
        return ask(request);
    }
    Reply ask_to_put(const std::string& text, std::uint64_t stream) {
        v1::ClientRequest request;
        request.mutable_put_blob()->mutable_blob()->set_sha256(base::sha256_hex(text));
        request.mutable_put_blob()->mutable_blob()->set_size(text.size());
        request.mutable_put_blob()->set_stream_id(stream);
        return ask(request);
    }
    void put_chunk(std::uint64_t stream, std::uint64_t offset, const std::string& bytes, bool last) {
        v1::ClientRequest request;
        request.mutable_put_chunk()->set_stream_id(stream);
        request.mutable_put_chunk()->set_offset(offset);
        request.mutable_put_chunk()->set_last(last);
        send(request, bytes);
    }
    /// Puts a short text; false when it was not taken.
    bool put(const std::string& text, std::uint64_t stream) {
        const auto ready = ask_to_put(text, stream);
        if (!ready || !ready->message.has_put_ready()) return false;
        if (ready->message.put_ready().have_already()) return true;
        put_chunk(stream, 0, text, true);
        return take([](const v1::ClientReply& reply) { return reply.has_put_done(); }).has_value();
    }
    void credit(std::uint64_t stream, std::uint64_t bytes) {
        v1::ClientRequest request;
        request.mutable_credit()->set_stream_id(stream);
        request.mutable_credit()->set_bytes(bytes);
        send(request);
    }
    Reply chunk(std::uint64_t stream) {
        return take([stream](const v1::ClientReply& reply) {
            return reply.has_chunk() && reply.chunk().stream_id() == stream;
        });
    }
    /// Everything up to the last chunk.
    std::string read_all(std::uint64_t stream) {
        std::string all;
        for (;;) {
            auto next = chunk(stream);
            if (!next) return all + "(nothing more came)";
            EXPECT_EQ(next->message.chunk().offset(), all.size());
            all += next->bytes;
            if (next->message.chunk().last()) return all;
        }
    }
    bool wait_state(const std::string& job_id, v1::JobState state) {
        return take([&](const v1::ClientReply& reply) {
                   if (!reply.has_event() || reply.event().job_id() != job_id) return false;
                   const auto& event = reply.event();
                   return (event.has_job() && event.job().state() == state) ||
                          (event.has_snapshot() && event.snapshot().state() == state);
               })
            .has_value();
    }

  private:
    std::uint64_t last_id_ = 0;
};

/// A worker program, by hand: it "computes" text and sends it through the coordinator.
class FakeWorker : public Peer<v1::WorkerMessage, v1::WorkerCommand> {
  public:
    using Peer::Peer;
    using Command = std::optional<Received<v1::WorkerCommand>>;

    Command hello(const std::string& incarnation = "first", std::uint32_t slots = 4,
                  const std::vector<v1::AttemptKey>& running = {},
                  const std::vector<v1::AttemptKey>& outbox = {}, std::uint32_t protocol = 1) {
        EXPECT_TRUE(wait_connected());
        v1::WorkerMessage message;
        message.set_request_id(++last_id_);
        auto& hello = *message.mutable_hello();
        hello.mutable_protocol()->set_min(protocol);
        hello.mutable_protocol()->set_max(protocol);
        hello.set_worker_id("worker-1");
        hello.set_incarnation(incarnation);
        hello.set_slots(slots);
        hello.set_device("cpu");
        hello.set_fingerprint("fp-1");
        hello.set_software("fake");
        for (const auto& key : running)
            *hello.add_running() = key;
        for (const auto& key : outbox)
            *hello.add_outbox() = key;
        send(message);
        return take([id = last_id_](const v1::WorkerCommand& command) { return command.request_id() == id; });
    }
    std::optional<v1::StartTask> next_start(std::chrono::milliseconds patience = kPatience) {
        auto got = take([](const v1::WorkerCommand& command) { return command.has_start(); }, patience);
        if (!got) return std::nullopt;
        return got->message.start();
    }
    void beat(const std::vector<v1::AttemptKey>& running, double progress = 0.5) {
        v1::WorkerMessage message;
        message.set_request_id(++last_id_);
        message.mutable_heartbeat();
        for (const auto& key : running) {
            auto& task = *message.mutable_heartbeat()->add_running();
            *task.mutable_attempt() = key;
            task.set_progress(progress);
        }
        send(message);
    }
    void chunk(const v1::AttemptKey& attempt, const std::string& role, std::uint64_t offset,
               std::uint64_t total, std::string_view bytes) {
        v1::WorkerMessage message;
        auto& chunk = *message.mutable_output_chunk();
        *chunk.mutable_attempt() = attempt;
        chunk.set_role(role);
        chunk.set_offset(offset);
        chunk.set_total(total);
        send(message, bytes);
    }
    void report(const v1::AttemptKey& attempt, const std::map<std::string, std::string>& outputs) {
        v1::WorkerMessage message;
        *message.mutable_complete()->mutable_attempt() = attempt;
        for (const auto& [role, text] : outputs) {
            auto& artifact = *message.mutable_complete()->add_outputs();
            artifact.set_role(role);
            artifact.mutable_blob()->set_sha256(base::sha256_hex(text));
            artifact.mutable_blob()->set_size(text.size());
        }
        send(message);
    }
    std::optional<v1::Verdict> verdict(const v1::AttemptKey& attempt) {
        auto got = take([&](const v1::WorkerCommand& command) {
            return command.has_verdict() && command.verdict().attempt().epoch() == attempt.epoch();
        });
        if (!got) return std::nullopt;
        return got->message.verdict();
    }
    /// What this worker makes of a task: deterministic in its spec.
    static std::map<std::string, std::string> outputs_of(const v1::StartTask& start) {
        const std::string seed = base::sha256_hex(start.spec_json());
        switch (start.kind()) {
        case v1::TASK_KIND_COMPOSE:
            return {{"plan", "plan " + seed}};
        case v1::TASK_KIND_RENDER:
            return {{"audio", "audio " + seed}, {"midi", "midi " + seed}};
        case v1::TASK_KIND_TRACK:
            return {{"track", "track " + seed}};
        case v1::TASK_KIND_SUM:
            return {{"audio", "audio " + seed}, {"export-0", "export " + seed}};
        default:
            return {{"mix", "mix " + seed}, {"premaster", "pre " + seed}, {"session", "session " + seed}};
        }
    }
    std::optional<v1::Verdict> finish(const v1::StartTask& start) {
        const auto outputs = outputs_of(start);
        for (const auto& [role, text] : outputs)
            chunk(start.attempt(), role, 0, text.size(), text);
        report(start.attempt(), outputs);
        return verdict(start.attempt());
    }
    /// Does `count` tasks; the epochs it did.
    std::vector<std::uint64_t> work(int count) {
        std::vector<std::uint64_t> epochs;
        for (int i = 0; i < count; ++i) {
            const auto start = next_start();
            if (!start) {
                ADD_FAILURE() << "task " << i << " was not given";
                return epochs;
            }
            const auto verdict = finish(*start);
            EXPECT_TRUE(verdict && verdict->accepted())
                << (verdict ? verdict->error().message() : "no verdict");
            epochs.push_back(start->attempt().epoch());
        }
        return epochs;
    }
    void fail(const v1::AttemptKey& attempt, v1::FaultClass fault, const std::string& why) {
        v1::WorkerMessage message;
        *message.mutable_failed()->mutable_attempt() = attempt;
        message.mutable_failed()->set_fault(fault);
        message.mutable_failed()->mutable_error()->set_code(v1::ERROR_CODE_INTERNAL);
        message.mutable_failed()->mutable_error()->set_message(why);
        send(message);
    }

  private:
    std::uint64_t last_id_ = 0;
};

class ServiceTest : public ::testing::Test {
  protected:
    static constexpr const char* kParams =
        R"({"prompt":"dreamy lofi","bars":1,"stems":["drums","bass"],"fx":[],"seed":7})";
    static constexpr int kTasks = 4; // compose, drums, bass, finish

    void SetUp() override {
        home_ = std::filesystem::temp_directory_path() / ("loopmind-service-" + base::random_hex(8));
        std::filesystem::create_directories(home_);
        producer_ = enrol("producer", "studio");
        worker_keys_ = enrol("worker", "studio");
        start();
    }
    void TearDown() override {
        stop();
        std::error_code ignored;
        std::filesystem::remove_all(home_, ignored);
    }

    virtual ServerConfig config() {
        ServerConfig config;
        config.home = home_;
        config.client_endpoint = config.worker_endpoint = "tcp://127.0.0.1:*";
        return config;
    }
    void start() {
        auto opened = Server::open(config());
        ASSERT_TRUE(opened.ok()) << opened.error().text();
        server_ = std::move(*opened);
        thread_ = std::thread([this] { EXPECT_TRUE(server_->run().ok()); });
    }
    void stop() {
        if (!server_) return;
        server_->stop();
        thread_.join();
        server_.reset();
    }
    wire::KeyPair enrol(const std::string& role, const std::string& tenant, bool revoked = false,
                        std::optional<wire::KeyPair> keys = std::nullopt) {
        if (!keys) keys = *wire::generate_keys();
        std::filesystem::create_directories(home_ / "coordinator");
        const auto place = store::StorePlace::parse(config().store, home_ / "coordinator" / "coordinator.db");
        auto store = place->open();
        EXPECT_TRUE(store.ok());
        EXPECT_TRUE(
            (*store)->put_identity({keys->public_key, role, role + "-name", tenant, revoked, 1}).ok());
        return *keys;
    }
    std::unique_ptr<FakeClient> client(const wire::KeyPair& keys, bool hello = true) {
        auto made =
            std::make_unique<FakeClient>(context_, server_->client_endpoint(), server_->public_key(), keys);
        if (hello) {
            const auto welcome = made->hello();
            EXPECT_TRUE(welcome && welcome->message.has_welcome());
        }
        return made;
    }
    std::unique_ptr<FakeClient> client() { return client(producer_); }
    std::unique_ptr<FakeWorker> bare_worker(const wire::KeyPair& keys) {
        return std::make_unique<FakeWorker>(context_, server_->worker_endpoint(), server_->public_key(),
                                            keys);
    }
    std::unique_ptr<FakeWorker> worker(const std::string& incarnation = "first", std::uint32_t slots = 4,
                                       const std::vector<v1::AttemptKey>& running = {},
                                       const std::vector<v1::AttemptKey>& outbox = {}) {
        auto made = bare_worker(worker_keys_);
        const auto welcome = made->hello(incarnation, slots, running, outbox);
        EXPECT_TRUE(welcome && welcome->message.has_welcome());
        return made;
    }
    static std::string id(char digit) { return std::string(32, digit); }

    std::filesystem::path home_;
    zmq::context_t context_;
    wire::KeyPair producer_;
    wire::KeyPair worker_keys_;
    std::unique_ptr<Server> server_;
    std::thread thread_;
};

} // namespace loopmind::service
