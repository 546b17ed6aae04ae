// A client: keeps each submission until it is acknowledged, and now and then cancels or asks again.
#pragma once

#include <map>
#include <string>

#include "tests/sim/sim_coordinator.h"

namespace loopmind::sim {

class SimClient {
  public:
    using Dial = std::function<SimCoordinator*()>;

    SimClient(World& world, std::string tenant, Dial dial);

    void submit();
    void cancel_one();
    void retry_one();
    /// Every job of its that ended otherwise than done is asked for again.
    void insist();

    /// Submissions that were acknowledged: never lost from then on.
    const std::map<std::string, store::NewJob>& acknowledged() const { return acknowledged_; }
    std::size_t kept() const { return kept_.size(); }

  private:
    void send(const std::string& job_id);
    void ask(ClientCall::What what, const std::string& job_id);
    void carry(ClientCall call);

    World& world_;
    const std::string tenant_;
    Dial dial_;
    int submitted_ = 0;
    std::map<std::string, store::NewJob> kept_; ///< on disk
    std::map<std::string, store::NewJob> acknowledged_;
};

} // namespace loopmind::sim
