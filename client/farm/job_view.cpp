// The state of a watched job, put together from its snapshot and the events after it.
#include "client/farm/job_view.h"

namespace loopmind::farm {

JobView::Outcome JobView::apply(const v1::JobEvent& event) {
    if (event.what_case() == v1::JobEvent::kSnapshot) {
        job_ = event.snapshot();
        has_snapshot_ = true;
        last_seq_ = event.seq();
        return Outcome::kChanged;
    }
    if (!has_snapshot_)
        return event.what_case() == v1::JobEvent::kPreview ? Outcome::kIgnored : Outcome::kGap;
    if (event.seq() <= last_seq_) return Outcome::kIgnored;
    if (event.seq() != last_seq_ + 1) return Outcome::kGap;
    last_seq_ = event.seq();
    switch (event.what_case()) {
    case v1::JobEvent::kTask:
        for (v1::TaskInfo& task : *job_.mutable_tasks()) {
            if (task.task_id() != event.task().task_id()) continue;
            task = event.task();
            return Outcome::kChanged;
        }
        *job_.add_tasks() = event.task();
        return Outcome::kChanged;
    case v1::JobEvent::kJob: {
        v1::JobInfo next = event.job();
        next.mutable_tasks()->Swap(job_.mutable_tasks());
        job_ = std::move(next);
        return Outcome::kChanged;
    }
    default:
        return Outcome::kIgnored;
    }
}

bool is_final(v1::JobState state) {
    return state == v1::JOB_STATE_DONE || state == v1::JOB_STATE_FAILED || state == v1::JOB_STATE_CANCELLED ||
           state == v1::JOB_STATE_SUPERSEDED;
}

} // namespace loopmind::farm
