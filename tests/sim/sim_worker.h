// A worker process: the real table of leases, and the rules of worker/service/service.h around it.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "tests/sim/sim_coordinator.h"
#include "worker/service/attempt_table.h"

namespace loopmind::sim {

/// What an attempt makes: other bytes each time, so that it shows whose result was published.
std::string output_of(const std::string& task_id, std::uint64_t epoch);
core::Artifact artifact_of(const std::string& task_id, std::uint64_t epoch);

class SimWorker : public Process, public WorkerEnd {
  public:
    using Attempt = worker::Attempt;
    /// Finds somebody to connect to; null when nobody listens.
    using Dial = std::function<SimCoordinator*()>;

    SimWorker(World& world, std::string key, std::uint32_t slots, Dial dial);
    ~SimWorker() override = default;

    void start();
    void kill();             ///< What it computed is gone, its outbox is not.
    void stop();             ///< In order: it says goodbye.
    void cut();              ///< Its connection breaks; it notices now or late.
    void hold(Millis until); ///< Its connection is there and nothing gets through.

    const std::string& key() const { return key_; }
    /// What it computes at this moment.
    std::vector<Attempt> computing() const;
    const std::map<Attempt, v1::WorkerMessage>& outbox() const { return outbox_; }

    /// From now on nothing that it does goes wrong.
    void behave() { behaves_ = true; }

    void receive(const std::shared_ptr<Link>& link, const v1::WorkerCommand& command) override;

  private:
    enum class State { kAway, kGreeting, kServing };
    using Running = std::shared_ptr<worker::RunningAttempt>;

    void connect();
    void say_hello();
    void lost();
    void tick();
    void send(v1::WorkerMessage message);
    void on_start(const v1::StartTask& start);
    void on_heartbeat_ack(std::uint64_t request, const v1::HeartbeatAck& ack);
    void on_verdict(const v1::Verdict& verdict);
    void drop(const Attempt& attempt);
    void fill_slots();
    void finish(const Running& attempt);
    void report();

    World& world_;
    const std::string key_;
    const std::uint32_t slots_;
    Dial dial_;
    bool behaves_ = false;
    std::uint64_t incarnation_ = 0;
    std::map<Attempt, v1::WorkerMessage> outbox_; ///< on disk

    std::shared_ptr<Link> link_;
    SimCoordinator* coordinator_ = nullptr;
    State state_ = State::kAway;
    Millis lease_{0};
    Millis next_beat_{0};
    Millis answer_due_{0};
    std::uint64_t next_request_ = 1;
    std::map<std::uint64_t, Millis> beats_;
    worker::AttemptTable attempts_;
    std::deque<Running> queued_;
    std::set<Running> busy_; ///< in slots
    std::set<Attempt> dropped_;
    std::set<Attempt> to_report_;
    std::map<Attempt, int> resends_;
};

} // namespace loopmind::sim
