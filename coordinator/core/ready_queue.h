// Which ready task is next: classes, then weighted fair shares of tenants, users and jobs, then priorities.
//
// The rules, in words:
//  - Interactive work goes before normal work, normal before bulk. A class that has had work waiting for its
//    starvation bound without a grant gets the next one.
//  - Inside a class, tenants share by weight; inside a tenant, its users; inside a user, the jobs of the
//    highest priority share equally. Priorities order the work of one user and never take from another.
//  - Inside a job, tasks go in order of their index.
//  - Shares are kept by start-time fair queueing (Goyal, Vin, Cheng: "Start-time Fair Queueing", SIGCOMM
//  1996)
//    at each level: a grant moves its account's virtual time on by cost / weight, the least time is next, and
//    an account that was idle starts at the level's present time, so that idling earns no claim on the past.
//  - An account at its cap is passed over until something of it ends.
//  - Tasks that the same workers could take have the same shape. A shape without room costs nothing: others
//  are
//    picked past it, in the same order.
// Picking, inserting, erasing and charging cost O(shapes + log n), not O(n).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "coordinator/core/records.h"
#include "coordinator/core/task_ref.h"

namespace loopmind::core {

inline constexpr std::size_t kJobClasses = 3;

/// Whose share a job counts against.
struct ShareOf {
    JobClass job_class = JobClass::kNormal;
    std::string tenant;
    std::string user;
    std::int32_t priority = 0; ///< of the job among its user's jobs; higher goes first
    bool operator==(const ShareOf&) const = default;
};

/// How an account takes part in its level. Unset caps are none.
struct ShareRule {
    double weight = 1;              ///< > 0
    std::uint32_t cap = UINT32_MAX; ///< grants at once
};

struct ReadyQueueConfig {
    /// Longest wait of a class for a grant while the classes before it have work, by JobClass.
    std::array<Millis, kJobClasses> starvation{Millis{0}, Millis{60'000}, Millis{300'000}};
};

/// Ready tasks and running counts. One thread. Times do not run backwards.
class ReadyQueue {
  public:
    using Shape = std::uint32_t;

    explicit ReadyQueue(ReadyQueueConfig config = {});
    ReadyQueue(const ReadyQueue&) = delete;
    ReadyQueue& operator=(const ReadyQueue&) = delete;
    ~ReadyQueue();

    void set_tenant_rule(const std::string& tenant, ShareRule rule);
    void set_user_rule(const std::string& tenant, const std::string& user, ShareRule rule);
    void set_job_cap(JobKey job, std::uint32_t cap);

    /// A job's tasks may come from now on. A job has one share as long as it lives here.
    void add_job(JobKey job, const ShareOf& share);
    /// Its tasks must have been erased and its grants ended.
    void remove_job(JobKey job);

    /// The task waits. False when it waits already or its job is unknown.
    bool insert(TaskRef task, Shape shape, Millis now);
    bool erase(TaskRef task);
    bool contains(TaskRef task) const { return waiting_.contains(task); }
    std::size_t size() const { return waiting_.size(); }

    /// The next task whose shape `has_room` accepts (asked once for each shape with waiting tasks at most);
    /// `only` limits it to one class. Nothing changes.
    std::optional<TaskRef> pick(const std::function<bool(Shape)>& has_room, Millis now,
                                std::optional<JobClass> only = std::nullopt) const;
    /// The task was granted: it waits no longer and its accounts are charged. `cost` in seconds of a slot,
    /// expected; > 0. count_running() counts it.
    void grant(TaskRef task, double cost, Millis now);
    /// A grant of the job ended: its caps have room again. `correction` is real less expected cost, seconds.
    void ended(JobKey job, double correction);
    /// A lease of the job began, by a grant or because it was restored.
    void count_running(JobKey job);

    std::uint32_t running(JobKey job) const;
    std::uint32_t tenant_running(const std::string& tenant) const;

  private:
    struct Account;
    struct Place;
    struct Usage;
    struct Books;

    Account& enter(Account& parent, const std::string& name, Usage& usage, const std::string& rule);
    void show(Account& account, Shape shape);
    void hide(Account& account, Shape shape);
    void refresh(Account& account);
    void move_on(Account& account, double cost);
    void count(Account& job, bool more);
    std::size_t class_of(const Account& job) const;
    Place first_of(const Account& root, Shape shape) const;

    ReadyQueueConfig config_;
    std::array<std::unique_ptr<Account>, kJobClasses> roots_;
    std::array<Millis, kJobClasses> waiting_since_{};  ///< the last grant, or since when work waits
    std::unordered_map<std::string, ShareRule> rules_; ///< by tenant, or tenant + '\n' + user
    std::unordered_map<TaskRef, Shape, TaskRefHash> waiting_;
    std::unique_ptr<Books> books_;
};

} // namespace loopmind::core
