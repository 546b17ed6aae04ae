// The attempts this worker is at, and how long it may go on with each.
#pragma once

#include "worker/outbox/outbox.h"
#include "worker/service/boot_clock.h"

#include "loopmind/v1/worker.pb.h"

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace loopmind::worker {

using outbox::Attempt;

Attempt attempt_of(const v1::AttemptKey& key);
void fill(v1::AttemptKey& key, const Attempt& attempt);

/// One attempt, shared by the connection's thread and the slot that computes it.
struct RunningAttempt {
    RunningAttempt(v1::StartTask task, BootClock boot_clock)
        : name(attempt_of(task.attempt())), start(std::move(task)), clock(std::move(boot_clock)),
          started(clock()) {}

    const Attempt name;
    const v1::StartTask start;
    const BootClock clock;
    const BootTime started;
    std::atomic<double> progress{0};        ///< 0..1
    std::atomic<bool> cancelled{false};     ///< by the coordinator, by shutdown, or because the lease ran out
    std::atomic<BootTime::rep> deadline{0}; ///< of the lease, ms since boot

    /// The slot asks this: also true between the deadline and the moment the connection's thread notices it.
    bool must_stop() const { return cancelled || clock().count() >= deadline; }
};

/// Leases of this worker. Owned by the connection's thread; time is passed in.
///
/// Rules: an attempt may compute until its deadline; a deadline moves only forwards and only by a renewal; an
/// attempt whose deadline has come is cancelled and forgotten, and nothing is reported of it.
class AttemptTable {
  public:
    /// Enters an attempt with a lease from `now`. Null when it is known already (a repeated push).
    std::shared_ptr<RunningAttempt> add(const v1::StartTask& start, BootTime now, BootClock clock = boot_now);
    /// Moves the deadline of an attempt to `deadline` unless it is later already; unknown attempts are
    /// ignored.
    void renew(const Attempt& attempt, BootTime deadline);
    /// Cancels and forgets; null when unknown.
    std::shared_ptr<RunningAttempt> cancel(const Attempt& attempt);
    /// Forgets a finished attempt. False when it is not here: it was cancelled or its lease ran out.
    bool finish(const Attempt& attempt);
    /// Cancels and forgets all whose deadline has come.
    std::vector<std::shared_ptr<RunningAttempt>> expire(BootTime now);
    /// The earliest deadline, if any.
    std::optional<BootTime> next_deadline() const;

    std::shared_ptr<RunningAttempt> find(const Attempt& attempt) const;
    std::vector<std::shared_ptr<RunningAttempt>> all() const;
    std::size_t size() const { return running_.size(); }

  private:
    std::map<Attempt, std::shared_ptr<RunningAttempt>> running_;
};

} // namespace loopmind::worker
