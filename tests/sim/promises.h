// The promises of DESIGN.md section 4, checked against what really happened and not what anybody believes.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "tests/sim/sim_client.h"
#include "tests/sim/sim_worker.h"

namespace loopmind::sim {

/// Throws Broken with words for what it saw.
class Promises {
  public:
    Promises(World& world, const std::vector<std::unique_ptr<SimWorker>>& workers,
             const std::vector<std::unique_ptr<SimClient>>& clients,
             const std::vector<std::unique_ptr<SimCoordinator>>& coordinators);

    /// A worker was told that its result counts, or that it does not.
    void told(const worker::Attempt& attempt, bool accepted) const;
    /// What must hold between any two events.
    void check_moment() const;
    /// What must hold in the tables.
    void check_tables() const;
    /// What must hold some time after the last fault. Empty when it does, else words.
    std::string unfinished() const;

  private:
    /// What is known of a task from the grants and results that became durable.
    struct Ledger {
        std::uint64_t epoch = 0;
        std::string worker;
        int accepted = 0;
        std::uint64_t excused = 0; ///< Attempts up to this epoch were ended by a person.
    };

    void committed(const std::vector<StoreEvent>& events);
    void granted(const StoreEvent& event, Ledger& ledger);
    void accepted(const StoreEvent& event, Ledger& ledger);
    bool may_not_follow(const worker::Attempt& attempt, const StoreEvent& grant) const;
    std::string task_name(core::TaskRef task) const;
    [[noreturn]] void broken(const std::string& words) const;

    World& world_;
    const std::vector<std::unique_ptr<SimWorker>>& workers_;
    const std::vector<std::unique_ptr<SimClient>>& clients_;
    const std::vector<std::unique_ptr<SimCoordinator>>& coordinators_;
    std::map<core::TaskRef, Ledger> ledger_;
    std::set<worker::Attempt> answered_; ///< Their results or failures are durable.
};

} // namespace loopmind::sim
