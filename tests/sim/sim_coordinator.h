// A coordinator process: the real farm, conductor and group commit; sockets, threads and clocks are virtual.
#pragma once

#include <map>
#include <memory>

#include "coordinator/service/conductor.h"
#include "tests/sim/link.h"

#include "loopmind/v1/worker.pb.h"

namespace loopmind::sim {

/// What a coordinator's messages are for.
class WorkerEnd {
  public:
    virtual ~WorkerEnd() = default;
    virtual void receive(const std::shared_ptr<Link>& link, const v1::WorkerCommand& command) = 0;
};

/// What a client asks; answered by whether it is durable.
struct ClientCall {
    enum class What { kSubmit, kCancel, kRetry } what = What::kSubmit;
    store::NewJob job;
    std::function<void(const Status&)> answer;
};

class SimCoordinator : public Process, service::WorkerOutlet, service::ClientOutlet {
  public:
    SimCoordinator(World& world, std::string name);
    ~SimCoordinator() override;

    const std::string& name() const { return name_; }
    void start();
    void kill();
    /// Connections are accepted.
    bool serves() const { return up() && leading_ != nullptr; }
    /// Its farm, while it leads.
    const core::Farm* farm() const;
    /// Answers and requests that wait; bounded, as everything is.
    std::size_t backlog() const;

    void connect(const std::shared_ptr<Link>& link, WorkerEnd& worker, const std::string& key);
    /// Both arrive from outside, after the network.
    void receive(std::uint64_t connection, const v1::WorkerMessage& message);
    void call(ClientCall call);

  private:
    struct Leading;
    struct Session {
        std::shared_ptr<Link> link;
        WorkerEnd* worker = nullptr;
        std::string key;
        std::uint64_t heard = 0; ///< Request id of its last hello or heartbeat.
    };

    bool start(std::uint64_t connection, const core::Job& job, const core::Task& task) override;
    void cancel(std::uint64_t connection, const core::AttemptName& attempt,
                const std::string& reason) override;
    void verdict(std::uint64_t connection, const service::VerdictNews& news) override;
    void changed(const core::ChangedAction&) override {}
    bool in_use(core::JobKey) const override { return false; }

    void try_to_lead();
    void keep_leading();
    void turn();
    void plan_turn(Millis delay);
    void handle(std::uint64_t connection, const v1::WorkerMessage& message);
    void hello(std::uint64_t connection, const v1::WorkerHello& hello);
    void beat(std::uint64_t connection, std::uint64_t request, const v1::Heartbeat& beat);
    void send(std::uint64_t connection, v1::WorkerCommand command);

    World& world_;
    const std::string name_;
    std::unique_ptr<Leading> leading_;
    std::unique_ptr<store::Store> keeper_; ///< The connection that renews.
    std::map<std::uint64_t, Session> sessions_;
    Millis next_turn_ = Millis::max();
};

} // namespace loopmind::sim
