// Carries out what core decides: grants, results and failures through the store, then to workers and
// watchers.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "coordinator/blobs/blob_store.h"
#include "coordinator/blobs/slow_work.h"
#include "coordinator/core/farm.h"
#include "coordinator/service/clock.h"
#include "coordinator/store/store_runner.h"
#include "proto/wire/mailbox.h"

namespace loopmind::service {

/// Answers to a worker.
struct VerdictNews {
    core::AttemptName attempt;
    bool accepted = false;
    bool resend = false;
    std::optional<Error> error;
};

/// What the conductor needs of the workers' socket.
class WorkerOutlet {
  public:
    virtual ~WorkerOutlet() = default;
    /// False when the message cannot reach the worker.
    virtual bool start(std::uint64_t connection, const core::Job& job, const core::Task& task) = 0;
    virtual void cancel(std::uint64_t connection, const core::AttemptName& attempt,
                        const std::string& reason) = 0;
    virtual void verdict(std::uint64_t connection, const VerdictNews& news) = 0;
};

/// What the conductor needs of the clients' socket.
class ClientOutlet {
  public:
    virtual ~ClientOutlet() = default;
    virtual void changed(const core::ChangedAction& change) = 0;
    /// True while somebody streams from this job.
    virtual bool in_use(core::JobKey job) const = 0;
};

/// Lives on the socket thread; store and blob threads answer through `mailbox`.
class Conductor {
  public:
    using Inbox = wire::Mailbox<std::function<void()>>;

    Conductor(core::Farm& farm, store::StoreRunner& store, blobs::BlobStore& blobs, blobs::SlowWork& threads,
              Inbox& inbox, const Clock& clock = kMachineClock)
        : farm_(farm), store_(store), blobs_(blobs), threads_(threads), inbox_(inbox), clock_(clock) {}
    void connect(WorkerOutlet& workers, ClientOutlet& clients) {
        workers_ = &workers;
        clients_ = &clients;
    }

    core::Farm& farm() { return farm_; }
    store::StoreRunner& store() { return store_; }
    blobs::BlobStore& blobs() { return blobs_; }
    blobs::SlowWork& threads() { return threads_; }
    Inbox& inbox() { return inbox_; }

    /// Takes an accepted job into memory (instead of an older memory of it).
    void adopt_job(core::JobRecord job);
    /// Reads a job from the store again after memory and store disagreed; then does `then`.
    void resync(
        core::JobKey key, std::function<void()> then = [] {});

    void complete(std::uint64_t connection, const core::AttemptName& attempt,
                  std::vector<core::Artifact> outputs);
    void fail(std::uint64_t connection, const core::AttemptName& attempt, core::Fault fault, Error error);
    /// The store knows what became of an attempt that memory does not; the worker is told.
    void answer_from_store(std::uint64_t connection, const core::AttemptName& attempt);
    void remember_fingerprint(const std::string& fingerprint);
    void start_with_fingerprint(std::string fingerprint) { last_fingerprint_ = std::move(fingerprint); }
    /// Makes it durable that a worker gets nothing new (or may work again), then does it.
    void drain_worker(const std::string& key, bool on, std::function<void(Status)> done);
    /// As drain_worker() left it; `stored` is what the store keeps under kDrainedWorkers.
    void start_with_drained(const std::string& stored);
    static constexpr const char* kDrainedWorkers = "drained_workers";
    const std::string& last_fingerprint() const { return last_fingerprint_; }

    /// Does everything that is due; call once per turn of the loop.
    void turn();
    /// When turn() must be called again at the latest.
    core::Millis next_deadline() const;
    /// The store's trouble, while it lasts.
    const std::optional<Error>& trouble() const { return trouble_; }
    void store_failed(const Error& error);

    /// A cache entry counts while its bytes are there.
    store::BlobPresent blob_present();

  private:
    struct Result_ { // a result whose bytes are being verified or stored
        core::TaskRef task;
        core::AttemptName attempt;
        store::CompletionItem item;
    };

    void grant(std::vector<core::GrantAction> grants);
    void granted(const core::GrantAction& grant, const store::GrantVerdict& verdict);
    void push(const core::GrantAction& grant);
    void verify(std::shared_ptr<Result_> result);
    void verified(std::shared_ptr<Result_> result, Result<blobs::AdoptVerdict> verdict);
    void commit(std::shared_ptr<Result_> result);
    void committed(const Result_& result, store::CompletionVerdict::State state);
    void save_failure(const core::FailureAction& action);
    /// To whoever asked about the attempt last.
    void answer(const core::AttemptName& attempt, bool accepted, bool resend = false,
                std::optional<Error> error = std::nullopt);
    void tell(std::uint64_t connection, const core::AttemptName& attempt, bool accepted, bool resend = false,
              std::optional<Error> error = std::nullopt);
    void probe_store();
    void adopt_unknown_jobs();
    void forget_old_jobs();

    core::Farm& farm_;
    store::StoreRunner& store_;
    blobs::BlobStore& blobs_;
    blobs::SlowWork& threads_;
    Inbox& inbox_;
    const Clock& clock_;
    WorkerOutlet* workers_ = nullptr;
    ClientOutlet* clients_ = nullptr;

    std::string last_fingerprint_;
    std::set<std::string> drained_; ///< As wanted; the farm hears of it once it is durable.
    std::optional<Error> trouble_;
    bool probing_ = false;
    core::Millis next_probe_{0};
    std::vector<std::function<void()>> when_well_; ///< What the sick store could not take.
    std::map<core::AttemptName, int> mismatches_;
    /// Where the answer to a report that is dealt with goes: its worker may have come back on another
    /// connection.
    std::map<core::AttemptName, std::uint64_t> asked_;
    std::deque<core::JobKey> ended_;
    std::set<core::JobKey> ended_known_;
};

} // namespace loopmind::service
