// One turn follows another as in service/server.cpp; what workers say is taken as in service/worker_desk.cpp.
#include "tests/sim/sim_coordinator.h"

#include <utility>

#include "coordinator/core/task_graph.h"

namespace loopmind::sim {
namespace {

constexpr Millis kPause{500}; // as in service/leadership.cpp
constexpr Millis kTtl{3000};

core::AttemptName name_of(const v1::AttemptKey& key) {
    return {key.task_id(), key.epoch()};
}

void fill(v1::AttemptKey& key, const core::AttemptName& name) {
    key.set_task_id(name.task_id);
    key.set_epoch(name.epoch);
}

class VirtualClock : public service::Clock {
  public:
    explicit VirtualClock(const World& world) : world_(world) {}
    Millis boot() const override { return world_.time.now(); }
    std::uint64_t unix_ms() const override {
        return static_cast<std::uint64_t>((world_.wall + world_.time.now()).count());
    }

  private:
    const World& world_;
};

} // namespace

struct SimCoordinator::Leading {
    // The store's thread: takes what has piled up, some time later.
    class Runner : public store::StoreRunner {
      public:
        Runner(SimCoordinator& owner, std::unique_ptr<store::Store> store)
            : owner_(owner), store_(std::move(store)) {}
        std::size_t waiting() const { return waiting_.size(); }

      private:
        void push(Request request) override {
            waiting_.push_back(std::move(request));
            if (waiting_.size() > 1 || busy_) return;
            plan();
        }
        void plan() {
            busy_ = true;
            owner_.later(owner_.time_.delay(), [this] {
                Requests batch = std::exchange(waiting_, {});
                // Committed now, answered later: in between the process may die.
                auto answers = std::make_shared<std::vector<std::function<void()>>>();
                serve(*store_, std::move(batch),
                      [&answers](std::function<void()> answer) { answers->push_back(std::move(answer)); });
                owner_.later(owner_.time_.between(0, 20), [this, answers] {
                    for (auto& answer : *answers)
                        owner_.leading_->inbox.push(std::move(answer));
                    busy_ = false;
                    if (!waiting_.empty()) plan();
                    owner_.plan_turn(Millis{0});
                });
            });
        }

        SimCoordinator& owner_;
        std::unique_ptr<store::Store> store_;
        Requests waiting_;
        bool busy_ = false;
    };

    class Work : public blobs::SlowWork {
      public:
        explicit Work(SimCoordinator& owner) : owner_(owner) {}
        void run(std::function<void()> work) override {
            owner_.later(owner_.time_.chance(80) ? owner_.time_.delay() : owner_.time_.between(500, 8000),
                         [this, work = std::move(work)] {
                             work();
                             owner_.plan_turn(Millis{0});
                         });
        }

      private:
        SimCoordinator& owner_;
    };

    Leading(SimCoordinator& owner, std::uint32_t new_term, std::unique_ptr<store::Store> store,
            core::FarmConfig config)
        : term(new_term), farm(config, new_term), runner(owner, std::move(store)), work(owner),
          clock(owner.world_), conductor(farm, runner, owner.world_.blobs, work, inbox, clock) {}

    std::uint32_t term;
    core::Farm farm;
    Runner runner;
    Work work;
    service::Conductor::Inbox inbox;
    VirtualClock clock;
    service::Conductor conductor;
};

SimCoordinator::SimCoordinator(World& world, std::string name)
    : Process(world.time), world_(world), name_(std::move(name)) {}

SimCoordinator::~SimCoordinator() = default;

// --- life

void SimCoordinator::start() {
    begin_life();
    time_.trace([&] { return name_ + " starts"; });
    later(time_.between(10, 400), [this] { try_to_lead(); });
}

void SimCoordinator::kill() {
    time_.trace([&] { return name_ + " dies"; });
    end_life();
    for (auto& [number, session] : sessions_)
        session.link->break_off();
    sessions_.clear();
    leading_.reset();
    keeper_.reset();
    next_turn_ = Millis::max();
}

void SimCoordinator::try_to_lead() {
    auto store = open_memory_store(world_.database);
    const auto verdict = store->acquire_leadership(name_, kTtl);
    if (!verdict.ok() || !verdict->acquired) return later(kPause, [this] { try_to_lead(); });
    auto jobs = store->load_open_jobs();
    if (!jobs.ok()) return later(kPause, [this] { try_to_lead(); });
    core::FarmConfig config;
    config.lease = world_.plant == Plant::kLeaseExpiry ? world_.lease / 4 : world_.lease;
    config.heartbeat = world_.heartbeat;
    config.retry.max_losses = 1'000'000; // faults here come by the dozen
    config.retry.max_failures = 1'000;
    leading_ = std::make_unique<Leading>(*this, verdict->leader.term, std::move(store), config);
    leading_->conductor.connect(*this, *this);
    world_.terms[verdict->leader.term] = time_.now();
    time_.trace([&] { return name_ + " leads, term " + std::to_string(verdict->leader.term); });
    for (core::JobRecord& job : *jobs)
        leading_->conductor.adopt_job(std::move(job));
    keeper_ = open_memory_store(world_.database);
    later(kTtl / 3, [this] { keep_leading(); });
    plan_turn(Millis{0});
}

void SimCoordinator::keep_leading() {
    const auto renewed = keeper_->renew_leadership(leading_->term, kTtl);
    if (renewed.ok() && !*renewed) {
        time_.trace([&] { return name_ + " no longer leads"; });
        kill();
        start();
        return;
    }
    later(kTtl / 3, [this] { keep_leading(); });
}

const core::Farm* SimCoordinator::farm() const {
    return leading_ ? &leading_->farm : nullptr;
}

std::size_t SimCoordinator::backlog() const {
    return leading_ ? leading_->runner.waiting() : 0;
}

void SimCoordinator::plan_turn(Millis delay) {
    const Millis when = time_.now() + delay;
    if (when >= next_turn_) return;
    next_turn_ = when;
    later(delay, [this, when] {
        if (next_turn_ == when) turn();
    });
}

void SimCoordinator::turn() {
    next_turn_ = Millis::max();
    for (auto& work : leading_->inbox.take_all())
        work();
    leading_->conductor.turn();
    plan_turn(std::max(Millis{1}, leading_->conductor.next_deadline() - time_.now()));
}

// --- clients

void SimCoordinator::call(ClientCall call) {
    later(Millis{0}, [this, call = std::move(call)] {
        if (!leading_) return;
        service::Conductor& conductor = leading_->conductor;
        if (call.what == ClientCall::What::kSubmit) {
            store::NewJob job = call.job;
            job.blob_present = conductor.blob_present();
            conductor.store().run<store::SubmitVerdict>(
                [job](store::Store& store) { return store.submit_job(job); },
                [&conductor, answer = call.answer](Result<store::SubmitVerdict> verdict) {
                    if (!verdict.ok())
                        conductor.store_failed(verdict.error());
                    else if (!verdict->existed && !core::is_terminal(verdict->job.state))
                        conductor.adopt_job(verdict->job);
                    answer(verdict.ok() ? Status() : Status(verdict.error()));
                });
        } else {
            const bool cancels = call.what == ClientCall::What::kCancel;
            conductor.store().run<core::JobRecord>(
                [cancels, tenant = call.job.job.tenant, id = call.job.job.job_id,
                 now = leading_->clock.unix_ms()](store::Store& store) {
                    return cancels ? store.cancel_job(tenant, id, now) : store.retry_job(tenant, id);
                },
                [this, &conductor, cancels, answer = call.answer](Result<core::JobRecord> record) {
                    if (!record.ok())
                        conductor.store_failed(record.error());
                    else if (!cancels)
                        conductor.adopt_job(*record);
                    else if (record->state == core::JobState::kCancelled)
                        conductor.farm().commit_cancel(record->key, core::JobState::kCancelled, time_.now());
                    answer(record.ok() ? Status() : Status(record.error()));
                });
        }
        plan_turn(Millis{0});
    });
}

// --- workers

void SimCoordinator::connect(const std::shared_ptr<Link>& link, WorkerEnd& worker, const std::string& key) {
    sessions_[link->number()] = {link, &worker, key, 0};
}

void SimCoordinator::receive(std::uint64_t connection, const v1::WorkerMessage& message) {
    later(Millis{0}, [this, connection, message] {
        if (!leading_ || !sessions_.contains(connection)) return;
        handle(connection, message);
        plan_turn(Millis{0});
    });
}

void SimCoordinator::send(std::uint64_t connection, v1::WorkerCommand command) {
    const auto found = sessions_.find(connection);
    if (found == sessions_.end()) return;
    const Session session = found->second;
    session.link->to_worker(
        [session, command = std::move(command)] { session.worker->receive(session.link, command); });
}

bool SimCoordinator::start(std::uint64_t connection, const core::Job& job, const core::Task& task) {
    const auto found = sessions_.find(connection);
    if (found == sessions_.end()) return false;
    if (found->second.link->broken() && time_.chance(50)) { // noticed
        sessions_.erase(found);
        return false;
    }
    v1::WorkerCommand command;
    v1::StartTask& start = *command.mutable_start();
    fill(*start.mutable_attempt(), {core::task_id(job.record.job_id, task.record.index), task.record.epoch});
    start.set_kind(static_cast<v1::TaskKind>(task.record.kind));
    start.set_spec_json(task.record.spec_json);
    start.set_lease_ms(static_cast<std::uint32_t>(world_.lease.count()));
    start.set_heard(found->second.heard);
    send(connection, std::move(command));
    return true;
}

void SimCoordinator::cancel(std::uint64_t connection, const core::AttemptName& attempt,
                            const std::string& reason) {
    v1::WorkerCommand command;
    fill(*command.mutable_cancel()->mutable_attempt(), attempt);
    command.mutable_cancel()->set_reason(reason);
    send(connection, std::move(command));
}

void SimCoordinator::verdict(std::uint64_t connection, const service::VerdictNews& news) {
    v1::WorkerCommand command;
    fill(*command.mutable_verdict()->mutable_attempt(), news.attempt);
    command.mutable_verdict()->set_accepted(news.accepted);
    command.mutable_verdict()->set_resend(news.resend);
    time_.trace([&] {
        return name_ + " answers on " + std::to_string(connection) + ": " + command.ShortDebugString();
    });
    send(connection, std::move(command));
}

void SimCoordinator::handle(std::uint64_t connection, const v1::WorkerMessage& message) {
    time_.trace([&] {
        return name_ + " hears from " + sessions_.at(connection).key + " on " + std::to_string(connection) +
               ": " + message.ShortDebugString();
    });
    service::Conductor& conductor = leading_->conductor;
    if (message.has_hello() || message.has_heartbeat()) sessions_.at(connection).heard = message.request_id();
    if (message.has_hello()) return hello(connection, message.hello());
    if (!conductor.farm().heard(connection, time_.now())) {
        v1::WorkerCommand command;
        command.mutable_error()->set_code(v1::ERROR_CODE_UNAVAILABLE);
        return send(connection, std::move(command));
    }
    if (message.has_heartbeat()) {
        beat(connection, message.request_id(), message.heartbeat());
    } else if (message.has_output_chunk()) {
        const core::AttemptName attempt = name_of(message.output_chunk().attempt());
        if (conductor.farm().current_attempt(connection, attempt) == nullptr) {
            if (!conductor.farm().find_task(attempt.task_id, attempt.epoch))
                conductor.answer_from_store(connection, attempt);
            return;
        }
        const std::string& bytes = message.output_chunk().role(); // the virtual farm's bytes travel as text
        (void)world_.blobs.write_attempt({attempt.task_id, attempt.epoch, "audio"}, 0,
                                         std::as_bytes(std::span(bytes)));
    } else if (message.has_complete()) {
        std::vector<core::Artifact> outputs;
        for (const v1::Artifact& output : message.complete().outputs())
            outputs.push_back({output.role(), output.blob().sha256(), output.blob().size()});
        conductor.complete(connection, name_of(message.complete().attempt()), std::move(outputs));
    } else if (message.has_failed()) {
        conductor.fail(connection, name_of(message.failed().attempt()),
                       static_cast<core::Fault>(message.failed().fault()),
                       {ErrorCode::kInternal, "", "broke", ""});
    } else if (message.has_goodbye()) {
        conductor.farm().goodbye(connection, time_.now());
        sessions_.erase(connection);
    }
}

void SimCoordinator::hello(std::uint64_t connection, const v1::WorkerHello& hello) {
    core::WorkerFacts facts;
    facts.key = sessions_.at(connection).key;
    facts.worker_id = hello.worker_id();
    facts.incarnation = hello.incarnation();
    facts.fingerprint = hello.fingerprint();
    facts.slots = hello.slots();
    v1::WorkerCommand command;
    command.mutable_welcome()->set_lease_ms(static_cast<std::uint32_t>(world_.lease.count()));
    send(connection, std::move(command));
    leading_->conductor.remember_fingerprint(facts.fingerprint);
    std::vector<core::AttemptName> running, outbox;
    for (const v1::AttemptKey& key : hello.running())
        running.push_back(name_of(key));
    for (const v1::AttemptKey& key : hello.outbox())
        outbox.push_back(name_of(key));
    for (const core::AttemptName& attempt :
         leading_->farm.hello(std::move(facts), connection, running, outbox, 0, time_.now()))
        cancel(connection, attempt, "no longer wanted");
}

void SimCoordinator::beat(std::uint64_t connection, std::uint64_t request, const v1::Heartbeat& beat) {
    std::vector<core::RunningReport> running;
    for (const v1::RunningTask& task : beat.running())
        running.push_back({name_of(task.attempt()), task.progress(), 0, ""});
    const core::HeartbeatAnswer answer = leading_->farm.heartbeat(connection, running, time_.now());
    v1::WorkerCommand command;
    command.set_request_id(request);
    for (const core::AttemptName& attempt : answer.renewed)
        fill(*command.mutable_heartbeat_ack()->add_renewed(), attempt);
    for (const core::AttemptName& attempt : answer.cancelled)
        fill(*command.mutable_heartbeat_ack()->add_cancelled(), attempt);
    command.mutable_heartbeat_ack();
    send(connection, std::move(command));
}

} // namespace loopmind::sim
