// The whole protocol of a worker against a fake coordinator on real ZeroMQ sockets, with executors that do as
// told.
#include "proto/base/durable_file.h"
#include "proto/base/random_id.h"
#include "proto/base/sha256.h"
#include "proto/wire/attempt_file.h"
#include "proto/wire/limits.h"
#include "proto/wire/listener.h"
#include "proto/wire/storage_probe.h"
#include "proto/wire/wait.h"
#include "proto/wire/zap.h"
#include "worker/service/service.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace loopmind::worker {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

/// What an executor does; the test may change it while the service runs.
class Deed {
  public:
    using Function = std::function<Status(tasks::TaskContext&)>;
    Deed& operator=(Function function) {
        const std::lock_guard lock(mutex_);
        function_ = std::move(function);
        return *this;
    }
    Function get() const {
        const std::lock_guard lock(mutex_);
        return function_;
    }

  private:
    mutable std::mutex mutex_;
    Function function_ = [](tasks::TaskContext&) { return Status(); };
};

/// Executor that does what the test says.
class Told final : public tasks::Executor {
  public:
    Deed does;
    std::atomic<int> runs{0};
    Status run(tasks::TaskContext& context) override {
        ++runs;
        return does.get()(context);
    }
};

/// Texts that executors leave for the test.
class Notes {
  public:
    void add(std::string text) {
        const std::lock_guard lock(mutex_);
        texts_.push_back(std::move(text));
    }
    std::vector<std::string> all() const {
        const std::lock_guard lock(mutex_);
        return texts_;
    }

  private:
    mutable std::mutex mutex_;
    std::vector<std::string> texts_;
};

std::string spec(request::SpecKind kind) {
    request::Request request;
    request.prompt = "warm keys";
    request::TaskSpec out;
    out.kind = kind;
    out.params = *request::resolve(request, 1);
    if (kind == request::SpecKind::kRender) out.stem = out.params.stems.at(0);
    return request::spec_json(out);
}

class ServiceTest : public testing::Test {
  protected:
    fs::path root = fs::path(testing::TempDir()) / ("service-" + base::random_hex(8));
    fs::path blobs = root / "blobs";
    zmq::context_t context;
    zmq::context_t worker_context;
    wire::KeyPair server_keys = *wire::generate_keys();
    wire::KeyPair worker_keys = *wire::generate_keys();
    std::unique_ptr<wire::ZapHandler> zap;
    std::unique_ptr<wire::Listener> listener;
    std::string endpoint;

    tasks::Executors executors;
    Told* told = nullptr; ///< does all kinds but previews
    Told* previews = nullptr;
    std::unique_ptr<outbox::Outbox> kept;
    std::unique_ptr<Service> service;
    std::thread thread;
    Status outcome;

    std::string peer; ///< routing id of the worker's newest connection
    wire::Incoming incoming;
    std::uint64_t beat_answers = 0;
    bool answer_beats = true;
    std::uint32_t lease_ms = 60000;
    std::atomic<bool> stopped{false}; ///< what executors of the tests set and wait for
    std::atomic<bool> go{false};
    Notes seen;

    void SetUp() override {
        fs::create_directories(blobs / "incoming");
        zap = std::move(*wire::ZapHandler::start(context, {{"workers", [this](const std::string& key) {
                                                                return key == worker_keys.public_key
                                                                           ? std::optional(wire::Identity{
                                                                                 "w", "worker", ""})
                                                                           : std::nullopt;
                                                            }}}));
        listen("tcp://127.0.0.1:*");
        endpoint = listener->endpoint();
        auto ordinary = std::make_unique<Told>();
        auto quick = std::make_unique<Told>();
        told = ordinary.get();
        previews = quick.get();
        executors[request::SpecKind::kRender] = std::move(ordinary);
        executors[request::SpecKind::kPreview] = std::move(quick);
    }
    void TearDown() override {
        stop();
        fs::remove_all(root);
    }

    void listen(const std::string& where) {
        for (int attempt = 0; attempt < 500;
             ++attempt) { // a port is free again a moment after its listener closed
            auto bound = wire::Listener::bind(context, where, server_keys, "workers");
            if (bound) {
                listener = std::move(*bound);
                return;
            }
            std::this_thread::sleep_for(milliseconds(10));
        }
        FAIL() << "cannot listen at " << where;
    }
    void start(bool direct = false) {
        kept = std::move(*outbox::Outbox::open(root / "home" / "outbox"));
        ServiceConfig config;
        config.home = root / "home";
        config.worker_id = "0123456789abcdef";
        config.keys = worker_keys;
        config.endpoints = {endpoint};
        config.coordinator_key = server_keys.public_key;
        config.slots = 2;
        config.software = "test";
        config.fingerprint = "fingerprint";
        config.allow_direct = direct;
        config.ready_file = root / "ready";
        auto created = Service::create(worker_context, config, *kept, executors);
        ASSERT_TRUE(created) << created.error().text();
        service = std::move(*created);
        thread = std::thread([this] { outcome = service->run(); });
    }
    void stop() {
        if (!thread.joinable()) return;
        service->stop();
        thread.join();
        service.reset();
    }

    /// The next message that `wanted` accepts; heartbeats are answered on the way. Fails after 20 s.
    v1::WorkerMessage expect(const std::function<bool(const v1::WorkerMessage&)>& wanted) {
        const auto end = Steady::now() + std::chrono::seconds(20);
        v1::WorkerMessage message;
        while (Steady::now() < end) {
            std::vector<zmq::pollitem_t> items{listener->poll_item()};
            wire::wait(items, milliseconds(100));
            while (listener->receive(message, incoming)) {
                if (message.has_hello()) peer = incoming.routing_id;
                if (message.has_heartbeat() && answer_beats) answer(message);
                if (wanted(message)) return message;
            }
        }
        ADD_FAILURE() << "the message did not come";
        return {};
    }
    v1::WorkerMessage expect(v1::WorkerMessage::BodyCase body) {
        return expect([&](const v1::WorkerMessage& message) { return message.body_case() == body; });
    }
    void answer(const v1::WorkerMessage& beat) {
        v1::WorkerCommand command;
        command.set_request_id(beat.request_id());
        auto* ack = command.mutable_heartbeat_ack();
        for (const auto& running : beat.heartbeat().running())
            *ack->add_renewed() = running.attempt();
        if (tell(command)) ++beat_answers;
    }
    bool tell(const v1::WorkerCommand& command, std::string_view bytes = {}) {
        return listener->send(peer, command, std::as_bytes(std::span(bytes))).ok();
    }
    /// True when two heartbeats pass without a message that `unwanted` names.
    bool quiet(const std::function<bool(const v1::WorkerMessage&)>& unwanted) {
        int beats = 0;
        bool broken = false;
        expect([&](const v1::WorkerMessage& message) {
            broken = broken || unwanted(message);
            return broken || (message.has_heartbeat() && ++beats == 2);
        });
        return !broken;
    }
    /// An executor is at work, and a heartbeat says so.
    void expect_running() {
        expect([&](const v1::WorkerMessage& message) {
            return told->runs > 0 && message.has_heartbeat() && message.heartbeat().running_size() == 1;
        });
    }
    static bool is_report(const v1::WorkerMessage& message) {
        return message.has_complete() || message.has_failed();
    }

    v1::WorkerMessage welcome(const v1::StorageLocation* storage = nullptr) {
        auto hello = expect(v1::WorkerMessage::kHello);
        v1::WorkerCommand command;
        command.set_request_id(hello.request_id());
        auto* body = command.mutable_welcome();
        body->set_protocol(1);
        body->set_software("fake");
        body->set_lease_ms(lease_ms);
        body->set_heartbeat_ms(50);
        if (storage) *body->mutable_storage() = *storage;
        EXPECT_TRUE(tell(command));
        return hello;
    }
    void push(const std::string& task, std::uint64_t epoch = 1, v1::TaskKind kind = v1::TASK_KIND_RENDER,
              const std::vector<std::pair<std::string, std::string>>& inputs = {}, std::uint64_t heard = 0) {
        v1::WorkerCommand command;
        auto* body = command.mutable_start();
        fill(*body->mutable_attempt(), {task, epoch});
        body->set_heard(heard);
        body->set_kind(kind);
        body->set_lease_ms(lease_ms);
        body->set_spec_json(
            spec(kind == v1::TASK_KIND_PREVIEW ? request::SpecKind::kPreview : request::SpecKind::kRender));
        for (const auto& [role, bytes] : inputs) {
            auto* input = body->add_inputs();
            input->set_role(role);
            input->mutable_blob()->set_sha256(base::sha256_hex(bytes));
            input->mutable_blob()->set_size(bytes.size());
        }
        ASSERT_TRUE(tell(command));
    }
    void verdict(const Attempt& attempt, bool accepted, bool resend = false) {
        v1::WorkerCommand command;
        fill(*command.mutable_verdict()->mutable_attempt(), attempt);
        command.mutable_verdict()->set_accepted(accepted);
        command.mutable_verdict()->set_resend(resend);
        EXPECT_TRUE(tell(command));
    }
    void credit(const v1::OutputChunk& chunk, std::size_t size) {
        v1::WorkerCommand command;
        *command.mutable_output_credit()->mutable_attempt() = chunk.attempt();
        command.mutable_output_credit()->set_role(chunk.role());
        command.mutable_output_credit()->set_bytes(chunk.offset() + size);
        EXPECT_TRUE(tell(command));
    }
    /// Takes chunks with credit until the report; returns it and what arrived.
    std::pair<v1::WorkerMessage, std::string> take_output(bool give_credit = true) {
        std::string bytes;
        auto report = expect([&](const v1::WorkerMessage& message) {
            if (message.has_output_chunk()) {
                const auto& chunk = message.output_chunk();
                EXPECT_EQ(chunk.offset(), bytes.size());
                bytes += incoming.text();
                if (give_credit) credit(chunk, incoming.payload.size());
            }
            return is_report(message);
        });
        return {report, bytes};
    }
    static Deed::Function writes(const std::string& content) {
        return [content](tasks::TaskContext& task) -> Status {
            auto output = task.output("audio", content.size());
            if (!output) return output.error();
            for (std::size_t at = 0; at < content.size(); at += 100'000) {
                const auto piece = std::string_view(content).substr(at, 100'000);
                if (auto status = (*output)->append(std::as_bytes(std::span(piece))); !status) return status;
            }
            return {};
        };
    }
    Deed::Function waits_until_stopped() {
        return [this](tasks::TaskContext& task) -> Status {
            while (!task.cancelled())
                std::this_thread::sleep_for(milliseconds(1));
            stopped = true;
            return Error{ErrorCode::kCancelled, "", "cancelled", ""};
        };
    }
    void wait_empty_outbox() {
        const auto end = Steady::now() + std::chrono::seconds(20);
        while (!kept->attempts().empty() && Steady::now() < end)
            std::this_thread::sleep_for(milliseconds(1));
        EXPECT_TRUE(kept->attempts().empty());
    }
};

const std::string kContent = [] {
    std::string text(6'000'000, 0);
    for (std::size_t i = 0; i < text.size(); ++i)
        text[i] = static_cast<char>(i * 7 >> 2);
    return text;
}();

TEST_F(ServiceTest, HelloSaysWhoAndWhatAndTheReadyFileAppears) {
    start();
    const auto hello = welcome().hello();
    EXPECT_EQ(hello.protocol().min(), 1u);
    EXPECT_EQ(hello.worker_id(), "0123456789abcdef");
    EXPECT_EQ(hello.incarnation().size(), 32u);
    EXPECT_EQ(hello.slots(), 2u);
    EXPECT_EQ(hello.fingerprint(), "fingerprint");
    EXPECT_EQ(hello.kinds_size(), 2);
    EXPECT_EQ(incoming.user_id, worker_keys.public_key);
    const auto beat = expect(v1::WorkerMessage::kHeartbeat);
    EXPECT_EQ(beat.heartbeat().free_slots(), 2u);
    EXPECT_TRUE(fs::exists(root / "ready"));
}

TEST_F(ServiceTest, OutputsTravelThroughTheConnectionWithinTheWindow) {
    told->does = writes(kContent);
    start();
    welcome();
    push("t.1", 9);
    // No credit: exactly a window arrives, and no report.
    std::string bytes;
    v1::OutputChunk last;
    expect([&](const v1::WorkerMessage& message) {
        if (message.has_output_chunk()) {
            bytes += incoming.text();
            last = message.output_chunk();
        }
        EXPECT_FALSE(is_report(message));
        return bytes.size() == wire::kCreditWindow;
    });
    EXPECT_TRUE(quiet([](const auto& message) { return message.has_output_chunk() || is_report(message); }));
    EXPECT_EQ(last.total(), kContent.size());
    credit(last, bytes.size() - last.offset());
    const auto report = expect([&](const v1::WorkerMessage& message) {
        if (message.has_output_chunk()) bytes += incoming.text();
        return is_report(message);
    });
    EXPECT_TRUE(bytes == kContent);
    ASSERT_EQ(report.complete().outputs_size(), 1);
    EXPECT_EQ(report.complete().outputs(0).role(), "audio");
    EXPECT_EQ(report.complete().outputs(0).blob().sha256(), base::sha256_hex(kContent));
    EXPECT_EQ(report.complete().outputs(0).blob().size(), kContent.size());
    EXPECT_EQ(kept->attempts().size(), 1u) << "kept until the verdict";
    verdict({"t.1", 9}, true);
    wait_empty_outbox();
    EXPECT_TRUE(fs::is_empty(root / "home" / "outbox"));
}

TEST_F(ServiceTest, OnTheSameMachineTheWorkerWritesTheAttemptFileItself) {
    told->does = writes(kContent);
    start(true);
    const auto storage = *wire::publish_probe(blobs);
    welcome(&storage);
    push("t.1", 9);
    std::uint64_t grown = 0;
    const auto report = expect([&](const v1::WorkerMessage& message) {
        EXPECT_FALSE(message.has_output_chunk());
        if (message.has_output_grew()) {
            EXPECT_GE(message.output_grew().bytes(), grown);
            grown = message.output_grew().bytes();
            EXPECT_EQ(message.output_grew().total(), kContent.size());
            EXPECT_LE(grown, fs::file_size(wire::attempt_file_path(blobs, "t.1", 9, "audio")));
        }
        return is_report(message);
    });
    EXPECT_EQ(grown, kContent.size());
    EXPECT_EQ(report.complete().outputs(0).blob().sha256(), base::sha256_hex(kContent));
    EXPECT_TRUE(*base::read_file(wire::attempt_file_path(blobs, "t.1", 9, "audio"), kContent.size()) ==
                kContent);
    verdict({"t.1", 9}, true);
    wait_empty_outbox();
    EXPECT_TRUE(fs::exists(wire::attempt_file_path(blobs, "t.1", 9, "audio"))) << "the coordinator's to move";
}

TEST_F(ServiceTest, ResendsWhatDidNotArrive) {
    told->does = writes(kContent);
    start();
    welcome();
    push("t.1");
    EXPECT_TRUE(take_output().second == kContent);
    verdict({"t.1", 1}, false, true);
    const auto [report, bytes] = take_output();
    EXPECT_TRUE(report.has_complete());
    EXPECT_TRUE(bytes == kContent);
    verdict({"t.1", 1}, true);
    wait_empty_outbox();
    EXPECT_EQ(told->runs, 1);
}

TEST_F(ServiceTest, ARunningAttemptSendsAgainWhatTheCoordinatorLost) {
    told->does = [&](tasks::TaskContext& task) -> Status {
        auto output = task.output("audio", 200'000);
        const std::string half(100'000, 'h');
        if (auto status = (*output)->append(std::as_bytes(std::span(half))); !status) return status;
        while (!go && !task.cancelled())
            std::this_thread::sleep_for(milliseconds(1));
        return (*output)->append(std::as_bytes(std::span(half)));
    };
    start();
    welcome();
    push("t.1");
    EXPECT_EQ(expect(v1::WorkerMessage::kOutputChunk).output_chunk().offset(), 0u);
    verdict({"t.1", 1}, false, true);
    EXPECT_EQ(expect(v1::WorkerMessage::kOutputChunk).output_chunk().offset(), 0u);
    go = true;
    const auto rest = expect(v1::WorkerMessage::kOutputChunk).output_chunk();
    EXPECT_EQ(rest.offset(), 100'000u);
    EXPECT_TRUE(expect(v1::WorkerMessage::kComplete).has_complete());
}

TEST_F(ServiceTest, DirectOutputsThatWereLostBecomeAFailureOfTheWorker) {
    told->does = writes(kContent);
    start(true);
    const auto storage = *wire::publish_probe(blobs);
    welcome(&storage);
    push("t.1");
    expect(v1::WorkerMessage::kComplete);
    fs::remove(wire::attempt_file_path(blobs, "t.1", 1, "audio"));
    verdict({"t.1", 1}, false, true);
    EXPECT_EQ(expect(v1::WorkerMessage::kFailed).failed().fault(), v1::FAULT_CLASS_WORKER);
    verdict({"t.1", 1}, true);
    wait_empty_outbox();
}

TEST_F(ServiceTest, ReportsAgainToARestartedCoordinatorUntilTheVerdict) {
    told->does = writes(kContent);
    start();
    const auto first = welcome().hello();
    push("t.1", 4);
    take_output();
    listener.reset();
    listen(endpoint);
    const auto second = welcome().hello();
    EXPECT_EQ(second.incarnation(), first.incarnation());
    ASSERT_EQ(second.outbox_size(), 1);
    EXPECT_EQ(second.outbox(0).task_id(), "t.1");
    EXPECT_EQ(second.outbox(0).epoch(), 4u);
    EXPECT_EQ(second.running_size(), 0);
    const auto [report, bytes] = take_output();
    EXPECT_TRUE(report.has_complete());
    EXPECT_TRUE(bytes == kContent);
    verdict({"t.1", 4}, true);
    wait_empty_outbox();
}

TEST_F(ServiceTest, ANewProcessReportsWhatAnEarlierOneFinished) {
    told->does = writes(kContent);
    start();
    const auto first = welcome().hello();
    push("t.1", 4);
    take_output();
    stop(); // the verdict never came
    start();
    const auto second = welcome().hello();
    EXPECT_NE(second.incarnation(), first.incarnation());
    ASSERT_EQ(second.outbox_size(), 1);
    EXPECT_TRUE(take_output().second == kContent);
    EXPECT_EQ(told->runs, 1);
    verdict({"t.1", 4}, true);
    wait_empty_outbox();
}

TEST_F(ServiceTest, RunningAttemptsGoOnThroughAReconnect) {
    told->does = [&](tasks::TaskContext& task) -> Status {
        while (!go) {
            if (task.cancelled()) return Error{ErrorCode::kCancelled, "", "", ""};
            std::this_thread::sleep_for(milliseconds(1));
        }
        return writes("hello")(task);
    };
    start();
    welcome();
    push("t.1", 4);
    expect_running();
    listener.reset();
    listen(endpoint);
    const auto hello = welcome().hello();
    ASSERT_EQ(hello.running_size(), 1);
    EXPECT_EQ(hello.running(0).epoch(), 4u);
    go = true;
    EXPECT_EQ(take_output().second, "hello");
    EXPECT_EQ(told->runs, 1);
}

TEST_F(ServiceTest, AnAttemptStopsWhenItsLeaseRunsOutAndReportsNothing) {
    told->does = waits_until_stopped();
    answer_beats = false;
    lease_ms = 300;
    start();
    welcome();
    push("t.1");
    expect_running();
    expect([&](const auto& message) {
        EXPECT_FALSE(is_report(message));
        return stopped && message.has_heartbeat() && message.heartbeat().running_size() == 0;
    });
    EXPECT_TRUE(quiet(is_report));
    EXPECT_TRUE(kept->attempts().empty());
}

TEST_F(ServiceTest, APushThatWasLongOnItsWayHasNoLeaseLeft) {
    // The coordinator's lease runs from before the push; one that ran from the arrival would outlive it.
    told->does = waits_until_stopped();
    answer_beats = false;
    lease_ms = 300;
    start();
    const std::uint64_t heard = welcome().request_id();
    int beats = 0;
    expect([&](const auto& message) { return message.has_heartbeat() && ++beats == 10; });
    push("t.1", 1, v1::TASK_KIND_RENDER, {}, heard);
    EXPECT_TRUE(quiet([](const auto& message) {
        return is_report(message) || (message.has_heartbeat() && message.heartbeat().running_size() > 0);
    }));
    EXPECT_EQ(told->runs, 0);
    push("t.2");
    expect_running();
}

TEST_F(ServiceTest, RenewalsKeepALeaseAlive) {
    told->does = waits_until_stopped();
    lease_ms = 1500; // long against the machine's hiccups, short against the 40 heartbeats below
    start();
    welcome();
    push("t.1");
    int beats = 0;
    expect([&](const auto& message) { return message.has_heartbeat() && ++beats == 40; });
    EXPECT_FALSE(stopped);
}

TEST_F(ServiceTest, CancelStopsAndReportsNothing) {
    told->does = waits_until_stopped();
    start();
    welcome();
    push("t.1");
    expect_running();
    v1::WorkerCommand command;
    fill(*command.mutable_cancel()->mutable_attempt(), {"t.1", 1});
    ASSERT_TRUE(tell(command));
    expect([&](const auto& message) {
        EXPECT_FALSE(is_report(message));
        return stopped && message.has_heartbeat();
    });
    EXPECT_TRUE(quiet(is_report));
    EXPECT_TRUE(kept->attempts().empty());
}

TEST_F(ServiceTest, ARepeatedPushRunsOnceAndAFinishedOneIsReportedAgain) {
    told->does = writes("hello");
    start();
    welcome();
    push("t.1");
    push("t.1");
    take_output();
    push("t.1");
    expect(v1::WorkerMessage::kComplete);
    EXPECT_EQ(told->runs, 1);
}

TEST_F(ServiceTest, FailuresSayWhoseFaultTheyAre) {
    const std::vector<std::pair<ErrorCode, v1::FaultClass>> cases{
        {ErrorCode::kInvalidArgument, v1::FAULT_CLASS_TASK},
        {ErrorCode::kResourceExhausted, v1::FAULT_CLASS_SHORTAGE},
        {ErrorCode::kInternal, v1::FAULT_CLASS_WORKER},
    };
    std::atomic<ErrorCode> code{};
    told->does = [&](tasks::TaskContext& task) -> Status {
        auto output = task.output("audio", 0);
        if (auto status = (*output)->append(std::as_bytes(std::span("half", 4))); !status) return status;
        return Error{code, "tempo", "is odd", "change it"};
    };
    start();
    welcome();
    std::uint64_t epoch = 1;
    for (const auto& [given, fault] : cases) {
        code = given;
        push("t.1", ++epoch);
        const auto report = take_output().first;
        EXPECT_EQ(report.failed().fault(), fault);
        EXPECT_EQ(report.failed().error().field(), "tempo");
        verdict({"t.1", epoch}, true);
        wait_empty_outbox();
        EXPECT_TRUE(fs::is_empty(root / "home" / "outbox")) << "nothing half-written stays";
    }
}

TEST_F(ServiceTest, ExceptionsAndBadSpecsAreFailuresAndTheWorkerGoesOn) {
    told->does = [](tasks::TaskContext&) -> Status { throw std::runtime_error("boom"); };
    start();
    welcome();
    push("t.1");
    EXPECT_NE(take_output().first.failed().error().message().find("boom"), std::string::npos);
    v1::WorkerCommand command;
    fill(*command.mutable_start()->mutable_attempt(), {"t.2", 1});
    command.mutable_start()->set_kind(v1::TASK_KIND_RENDER);
    command.mutable_start()->set_lease_ms(60000);
    command.mutable_start()->set_spec_json("{");
    ASSERT_TRUE(tell(command));
    EXPECT_EQ(take_output().first.failed().fault(), v1::FAULT_CLASS_TASK);
    told->does = writes("hello");
    push("t.3");
    EXPECT_TRUE(take_output().first.has_complete());
}

TEST_F(ServiceTest, InputsAreFetchedVerifiedAndGivenToTheExecutor) {
    const std::string plan = "the plan";
    told->does = [&](tasks::TaskContext& task) -> Status {
        auto input = task.input("plan");
        if (!input) return input.error();
        seen.add(*base::read_file(input->path, 100));
        EXPECT_EQ(task.input("other").error().code, ErrorCode::kNotFound);
        return writes("hello")(task);
    };
    start();
    welcome();
    push("t.1", 1, v1::TASK_KIND_RENDER, {{"plan", plan}});
    const auto get = expect(v1::WorkerMessage::kGetBlob).get_blob();
    EXPECT_EQ(get.sha256(), base::sha256_hex(plan));
    v1::WorkerCommand command;
    command.mutable_chunk()->set_stream_id(get.stream_id());
    command.mutable_chunk()->set_last(true);
    ASSERT_TRUE(tell(command, plan));
    EXPECT_TRUE(take_output().first.has_complete());
    EXPECT_EQ(seen.all(), std::vector{plan});
}

TEST_F(ServiceTest, InputsOnTheSameMachineAreReadInPlaceAndADamagedOneIsFetched) {
    const std::string plan = "the plan";
    const auto path = wire::blob_path(blobs, base::sha256_hex(plan));
    fs::create_directories(path.parent_path());
    ASSERT_TRUE(base::write_durably(path, plan));
    told->does = [&](tasks::TaskContext& task) -> Status {
        auto input = task.input("plan");
        if (!input) return input.error();
        seen.add(input->path);
        return writes("hello")(task);
    };
    start(true);
    const auto storage = *wire::publish_probe(blobs);
    welcome(&storage);
    push("t.1", 1, v1::TASK_KIND_RENDER, {{"plan", plan}});
    EXPECT_TRUE(expect(v1::WorkerMessage::kComplete).has_complete());
    ASSERT_TRUE(base::write_durably(path, "damaged!"));
    push("t.2", 1, v1::TASK_KIND_RENDER, {{"plan", plan}});
    const auto get = expect(v1::WorkerMessage::kGetBlob).get_blob();
    v1::WorkerCommand command;
    command.mutable_chunk()->set_stream_id(get.stream_id());
    command.mutable_chunk()->set_last(true);
    ASSERT_TRUE(tell(command, plan));
    expect([](const auto& message) {
        return message.has_complete() && message.complete().attempt().task_id() == "t.2";
    });
    const auto paths = seen.all();
    ASSERT_EQ(paths.size(), 2u);
    EXPECT_EQ(paths[0], path);
    EXPECT_NE(paths[1], path);
}

TEST_F(ServiceTest, APreviewIsAnsweredAtOnceAndNeverKept) {
    told->does = waits_until_stopped();
    previews->does = [](tasks::TaskContext& task) -> Status {
        tasks::Preview preview;
        preview.peaks_min = {-0.5f};
        preview.peaks_max = {0.25f};
        preview.sample_rate = 12000;
        preview.samples = {1, -2, 300};
        preview.seconds = 1.5;
        task.set_preview(preview);
        return {};
    };
    start();
    welcome();
    for (int i = 0; i < 4; ++i)
        push("t." + std::to_string(i)); // both slots busy, two more wait
    push("p.1", 1, v1::TASK_KIND_PREVIEW);
    const auto done = expect(v1::WorkerMessage::kPreviewDone).preview_done();
    EXPECT_EQ(done.result().audio_frames(), 3u);
    EXPECT_EQ(done.result().peaks_max(0), 0.25f);
    EXPECT_EQ(incoming.text(), std::string("\x01\x00\xfe\xff\x2c\x01", 6));
    EXPECT_TRUE(kept->attempts().empty());
    EXPECT_FALSE(stopped);
}

TEST_F(ServiceTest, AnotherProtocolVersionEndsTheWorkerWithAClearError) {
    start();
    const auto hello = expect(v1::WorkerMessage::kHello);
    v1::WorkerCommand command;
    command.set_request_id(hello.request_id());
    command.mutable_error()->set_code(v1::ERROR_CODE_VERSION_MISMATCH);
    command.mutable_error()->set_field("protocol");
    command.mutable_error()->set_message("this coordinator speaks 2 to 3");
    ASSERT_TRUE(tell(command));
    thread.join();
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::kVersionMismatch);
    service.reset();
}

TEST_F(ServiceTest, AWelcomeOfAnotherVersionIsNotTaken) {
    start();
    const auto hello = expect(v1::WorkerMessage::kHello);
    v1::WorkerCommand command;
    command.set_request_id(hello.request_id());
    command.mutable_welcome()->set_protocol(7);
    ASSERT_TRUE(tell(command));
    thread.join();
    EXPECT_EQ(outcome.error().code, ErrorCode::kVersionMismatch);
    service.reset();
}

TEST_F(ServiceTest, StoppingSaysGoodbyeAndEndsWhatRuns) {
    told->does = waits_until_stopped();
    start();
    welcome();
    push("t.1");
    expect_running();
    service->stop();
    expect(v1::WorkerMessage::kGoodbye);
    stop();
    EXPECT_TRUE(stopped);
    EXPECT_TRUE(outcome);
}

TEST_F(ServiceTest, StoppingWhileASlotWaitsForAnInputDoesNotHang) {
    told->does = [](tasks::TaskContext& task) -> Status { return task.input("plan").error(); };
    start();
    welcome();
    push("t.1", 1, v1::TASK_KIND_RENDER, {{"plan", "never sent"}});
    expect(v1::WorkerMessage::kGetBlob);
    stop();
    EXPECT_TRUE(outcome);
}

TEST_F(ServiceTest, NonsenseFromTheCoordinatorHarmsNothing) {
    told->does = writes("hello");
    start();
    welcome();
    verdict({"nobody", 1}, true);
    verdict({"nobody", 1}, false, true);
    v1::WorkerCommand command;
    command.mutable_chunk()->set_stream_id(99);
    ASSERT_TRUE(tell(command, "bytes"));
    command.mutable_output_credit()->set_bytes(~0ull);
    ASSERT_TRUE(tell(command));
    command.mutable_heartbeat_ack()->add_cancelled()->set_task_id("nobody");
    ASSERT_TRUE(tell(command));
    ASSERT_TRUE(tell(v1::WorkerCommand()));
    push("t.1");
    EXPECT_TRUE(take_output().first.has_complete());
}

} // namespace
} // namespace loopmind::worker
