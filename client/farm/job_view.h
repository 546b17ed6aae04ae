// The state of a watched job, put together from its snapshot and the events after it.
#pragma once

#include "loopmind/v1/job.pb.h"

#include <cstdint>

namespace loopmind::farm {

/// One thread at a time.
class JobView {
  public:
    enum class Outcome {
        kChanged, ///< job() is new
        kIgnored, ///< nothing that concerns the state (previews, repeats)
        kGap,     ///< an event is missing: ask for a new snapshot
    };
    Outcome apply(const v1::JobEvent& event);
    const v1::JobInfo& job() const { return job_; }

  private:
    v1::JobInfo job_;
    std::uint64_t last_seq_ = 0;
    bool has_snapshot_ = false;
};

/// True when nothing more will happen to the job by itself.
bool is_final(v1::JobState state);

} // namespace loopmind::farm
