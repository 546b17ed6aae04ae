// The worker's side of the farm: one thread that owns the connection, and slots that compute.
#pragma once

#include "proto/base/result.h"
#include "proto/wire/connection.h"
#include "proto/wire/keys.h"
#include "proto/wire/mailbox.h"
#include "proto/wire/wakeup.h"
#include "worker/outbox/outbox.h"
#include "worker/service/attempt_run.h"
#include "worker/service/attempt_table.h"
#include "worker/service/input_store.h"
#include "worker/service/slots.h"
#include "worker/service/uploads.h"
#include "worker/tasks/executor.h"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace loopmind::worker {

/// What a worker is and where it belongs.
struct ServiceConfig {
    std::filesystem::path home;
    std::string worker_id;
    wire::KeyPair keys;
    std::vector<std::string> endpoints; ///< coordinators, tried in turn
    std::string coordinator_key;        ///< Z85
    std::uint32_t slots = 1;
    std::string device = "cpu";
    std::uint64_t memory_bytes = 0;
    std::string software;    ///< "loopmind-worker 0.1.0"
    std::string fingerprint; ///< part of each recipe
    std::vector<std::string> warm_models;
    bool allow_direct = true;                   ///< use the coordinator's folder when it is in reach
    std::filesystem::path ready_file;           ///< written when connected; empty: none
    std::function<void()> prepare_slot = [] {}; ///< runs first on each computing thread
};

/// Rules it keeps: a lease is measured from the moment the heartbeat (or hello) that the coordinator had
/// heard last before its push or renewal was sent; an attempt whose lease ran out stops and reports nothing;
/// a finished result is in the outbox before it is reported, is reported again on each new connection, and
/// leaves the outbox only by a verdict or a cancel.
class Service {
  public:
    /// Errors: of the home's folders, or a malformed endpoint or key. `outbox` and `executors` outlive the
    /// service.
    static Result<std::unique_ptr<Service>> create(zmq::context_t& context, ServiceConfig config,
                                                   outbox::Outbox& outbox, const tasks::Executors& executors);
    ~Service();

    /// Serves until stop(); then cancels what runs, says goodbye and returns. While the coordinator is away
    /// it waits and says so in the log. Errors: version_mismatch and others when the coordinator refuses this
    /// worker.
    Status run();
    /// From any thread or signal handler.
    void stop() noexcept;

  private:
    using SteadyTime = std::chrono::steady_clock::time_point;
    enum class State { kAway, kGreeting, kServing };

    Service(ServiceConfig config, outbox::Outbox& outbox, const tasks::Executors& executors);

    // Connection.
    void watch_connection();
    void say_hello();
    void lost();
    void complain();
    void read_commands();
    void on_command(const v1::WorkerCommand& command, const wire::Incoming& incoming);
    void on_welcome(const v1::WorkerWelcome& welcome);
    void on_error(std::uint64_t request_id, const v1::Error& error);
    Status send(const v1::WorkerMessage& message, std::span<const std::byte> bytes = {});

    // Attempts.
    void on_start(const v1::StartTask& start);
    void drop(const Attempt& attempt, const std::string& why);
    void on_heartbeat_ack(std::uint64_t request_id, const v1::HeartbeatAck& ack);
    void on_verdict(const v1::Verdict& verdict);
    void resend(const Attempt& attempt);
    void expire_leases();
    void read_slot_events();
    void on_event(const OutputGrew& event);
    void on_event(const InputWanted& event);
    void on_event(AttemptEnded& event);
    void report_finished();
    void close_slots();

    // Time.
    void beat();
    std::chrono::milliseconds time_to_wait() const;
    std::chrono::milliseconds silence_limit() const;

    ServiceConfig config_;
    outbox::Outbox& outbox_;
    SharedStorage storage_;
    wire::Mailbox<SlotEvent> events_;
    wire::Wakeup stop_wakeup_;
    std::atomic<bool> stopping_{false};
    std::optional<Error> refusal_;
    const std::string incarnation_;

    std::unique_ptr<wire::Connection> connection_;
    std::unique_ptr<InputStore> inputs_;
    Uploads uploads_;
    AttemptTable attempts_;
    State state_ = State::kAway;
    std::chrono::milliseconds lease_{10000};
    std::chrono::milliseconds heartbeat_{1000};
    std::uint64_t next_request_ = 1;
    std::uint64_t hello_request_ = 0;
    std::map<std::uint64_t, BootTime>
        beats_; ///< the last answered heartbeat or hello and those after it: when they were sent
    SteadyTime next_beat_ = SteadyTime::max();
    SteadyTime answer_due_ = SteadyTime::max();
    SteadyTime next_complaint_{};
    SteadyTime next_hello_{};

    std::set<Attempt> dropped_;   ///< cancelled here, their slot not yet free
    std::set<Attempt> computing_; ///< given to a slot
    std::set<Attempt> to_report_; ///< in the outbox, not yet told on this connection
    struct Resends {
        int count = 0;
        SteadyTime next{};
    };
    std::map<Attempt, Resends> resends_;
    RunEnvironment environment_;
    std::unique_ptr<Slots> slots_; ///< last: its threads use everything above
};

} // namespace loopmind::worker
