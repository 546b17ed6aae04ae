// The farm's decisions: open jobs, leases, workers and dispatch, as a function of what happened and the time.
//
// The rules, in words (DESIGN.md section 4):
//  - An epoch is (term << 32) | counter, unique and growing; the term grows at each start of a coordinator.
//  - A task is granted again only when its worker is known dead (a new process of the same worker says hello,
//  or it
//    said goodbye), says itself that the attempt failed or that it does not have it (a hello on a new
//    connection lists all it has; nothing pushed on an old connection arrives later), or its lease has run
//    out. A lease that ran out leaves its epoch current until the next grant: a late result is still accepted
//    until then.
//  - Nothing expires for one full lease after a start, after the store came back, or after this process
//  itself
//    stood still: jobs restored as leased keep a full lease, and grace() renews all.
//  - A result belongs to the worker of the grant: epoch and worker must both match.
//  - Equal work (same tenant, same spec) is not granted twice at once: the second waits and finds it in the
//  cache.
//  - Who is next is ready_queue.h's to say, who gets it workers.h's.
//  - The store has the last word: grants are pushed, and results count, only after commit_* was called.
#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "coordinator/core/actions.h"
#include "coordinator/core/equal_work.h"
#include "coordinator/core/estimates.h"
#include "coordinator/core/leases.h"
#include "coordinator/core/ready_queue.h"
#include "coordinator/core/records.h"
#include "coordinator/core/retry_policy.h"
#include "coordinator/core/task_shapes.h"
#include "coordinator/core/workers.h"

namespace loopmind::core {

struct FarmConfig {
    Millis lease{10'000};
    Millis heartbeat{1'000};
    std::uint32_t preview_extra_slots = 1;
    RetryPolicy retry;
};

/// What a worker reports of a running attempt.
struct RunningReport {
    AttemptName attempt;
    double progress = 0;
    std::uint64_t eta_ms = 0;
    std::string note;
};

struct HeartbeatAnswer {
    bool known = false; ///< false: the worker must say hello first.
    std::vector<AttemptName> renewed;
    std::vector<AttemptName> cancelled;
};

enum class AttemptVerdict {
    kCurrent, ///< Go on.
    kBusy,    ///< A result of this attempt is being dealt with already.
    kStale,   ///< Another epoch, another worker, or closed.
    kNewer,   ///< Granted in a later term: another coordinator leads, and this one must not speak of it.
    kUnknown, ///< No open job has this task: the store knows whether it was accepted before.
};

/// One thread owns it. All times are monotonic and must not run backwards.
class Farm {
  public:
    Farm(FarmConfig config, std::uint32_t term);

    // --- jobs
    /// An accepted, restored or retried job that is not terminal. Leased tasks wait one full lease for their
    /// worker. A preview ends older previews with the same tenant, owner and key.
    void add_job(JobRecord job, Millis now);
    /// After the store cancelled it (previews: at once).
    void commit_cancel(JobKey key, JobState how, Millis now);
    const Job* find_job(JobKey key) const;
    const Job* find_job(const std::string& tenant, const std::string& job_id) const;
    /// Takes a terminal job out of memory.
    void forget_job(JobKey key, Millis now);
    const std::map<JobKey, Job>& jobs() const { return jobs_; }

    // --- workers
    /// Returns attempts the worker must stop: not current, or not its own.
    std::vector<AttemptName> hello(WorkerFacts facts, std::uint64_t connection,
                                   const std::vector<AttemptName>& running,
                                   const std::vector<AttemptName>& outbox, std::uint64_t unix_ms, Millis now);
    HeartbeatAnswer heartbeat(std::uint64_t connection, const std::vector<RunningReport>& running,
                              Millis now);
    /// Any message of a worker shows that it lives; leases are renewed by heartbeats only. False: it must say
    /// hello.
    bool heard(std::uint64_t connection, Millis now);
    /// The worker ended in order: all it had is free again.
    void goodbye(std::uint64_t connection, Millis now);
    /// Its messages no longer arrive; no proof that it stopped, so its leases run on.
    void unreachable(std::uint64_t connection);
    /// A person wants this worker to get nothing new, or lets it work again.
    void drain_worker(const std::string& key, bool on) { workers_.drain(key, on); }
    const Workers& workers() const { return workers_; }

    // --- attempts
    void commit_grant(TaskRef task, std::uint64_t epoch, Millis now);
    /// The grant was not made durable (`stale`: the task is no longer open) or never reached the worker.
    void refuse_grant(TaskRef task, std::uint64_t epoch, bool stale, Millis now);
    /// Is this the current attempt of this connection's worker? For growth and for input reads.
    const Task* current_attempt(std::uint64_t connection, const AttemptName& attempt) const;
    std::optional<TaskRef> find_task(const std::string& task_id, std::uint64_t epoch) const;
    AttemptVerdict output_grew(std::uint64_t connection, const AttemptName& attempt, const std::string& role,
                               Growth growth, Millis now);

    /// A result arrived: from here until commit_completion or reopen the lease cannot expire.
    AttemptVerdict begin_completion(std::uint64_t connection, const AttemptName& attempt, Millis now);
    /// The result could not be taken (bytes missing): the worker has a full lease to send it again.
    void reopen(TaskRef task, std::uint64_t epoch, Millis now);
    /// The store accepted the result (or the recipe cache answered: `cached`).
    void commit_completion(TaskRef task, std::uint64_t epoch, std::vector<Artifact> outputs,
                           const std::string& fingerprint, bool cached, Millis now);
    /// The store refused it: the task was closed meanwhile.
    void drop_attempt(TaskRef task, std::uint64_t epoch, Millis now);

    AttemptVerdict report_failure(std::uint64_t connection, const AttemptName& attempt, Fault fault,
                                  Error error, Millis now);
    void commit_failure(const FailureAction& action, Millis now);

    // --- time
    void tick(Millis now);
    /// Epochs whose result would still be accepted, and the newest epoch drawn: older ones not listed are
    /// over.
    std::set<std::uint64_t> open_epochs() const;
    std::uint64_t newest_epoch() const { return (term_ << 32) | counter_; }
    Millis next_deadline(Millis now) const;
    /// Every lease gets a full lease from now.
    void grace(Millis now);
    /// Stops granting with a reason for people (the store cannot write), or goes on.
    void pause(std::optional<std::string> reason, Millis now);

    // --- what people are told
    double job_progress(const Job& job) const;
    Millis job_eta(const Job& job, Millis now) const;
    std::string task_note(const Job& job, const Task& task, Millis now) const;
    std::string job_note(const Job& job, Millis now) const;
    /// One plain sentence for whoever asks why: also of a job that ended, and of one not in memory.
    std::string job_why(const Job& job, Millis now) const;
    const Estimates& estimates() const { return estimates_; }

    /// Grants what can be granted now and hands over everything to do since the last call.
    std::vector<Action> take_actions(Millis now);

  private:
    Task* find(TaskRef ref) { return const_cast<Task*>(std::as_const(*this).find(ref)); }
    const Task* find(TaskRef ref) const;
    Task* find_attempt(TaskRef ref, std::uint64_t epoch);
    Task* current(std::uint64_t connection, const AttemptName& attempt, TaskRef& ref,
                  AttemptVerdict& verdict);
    void move_task(Job& job, Task& task, TaskState to);
    void settle_job(Job& job, Millis now);
    void release(Job& job, Task& task, Millis now, Millis wait);
    void lose(Job& job, Task& task, Millis now, const std::string& why);
    void free_slot(Task& task);
    Lease& open_lease(Job& job, Task& task, const std::string& worker, Millis deadline);
    void take_back(Job& job, Task& task, Worker& worker, Millis now);
    void end_lease(Job& job, Task& task, Millis now);
    void cancel_lease(Job& job, Task& task, const std::string& reason, Millis now);
    void make_ready(Job& job, Task& task, Millis now);
    void enqueue(Job& job, Task& task, Millis now);
    void unready(Job& job, Task& task);
    void park(Job& job, Task& task);
    void unpark(const Job& job, const Task& task, Millis now);
    void dispatch(Millis now);
    void grant(Job& job, Task& task, Worker& worker, Millis now);
    void changed(const Job& job, const Task* task, bool progress_only = false);
    std::string wanted_fingerprint(const Job& job, const Task& task) const;
    bool same_work_in_flight(const Job& job, const Task& task) const;
    void note_work(const Job& job, const Task& task);
    static TaskRef ref_of(const Job& job, const Task& task) { return {job.record.key, task.record.index}; }

    FarmConfig config_;
    std::uint64_t term_;
    std::uint64_t counter_ = 0;
    Workers workers_;
    Estimates estimates_;
    std::map<JobKey, Job> jobs_;
    std::unordered_map<std::string, JobKey> by_id_;       ///< tenant + '\n' + job id
    std::unordered_map<std::uint64_t, TaskRef> by_epoch_; ///< Every epoch that is still open.
    ReadyQueue queue_;
    TaskShapes shapes_;
    std::set<std::pair<Millis, TaskRef>> deferred_;
    Leases leases_;
    EqualWork equal_;
    std::vector<Action> actions_;
    std::optional<std::string> paused_;
    std::optional<Millis> last_tick_;
};

} // namespace loopmind::core
