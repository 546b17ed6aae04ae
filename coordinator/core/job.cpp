// From the record of a job to what memory holds of it.
#include "coordinator/core/job.h"

#include <utility>

namespace loopmind::core {

Job make_job(JobRecord record) {
    Job job;
    job.tasks.reserve(record.tasks.size());
    for (TaskRecord& task : record.tasks) {
        Task entry;
        entry.record = std::move(task);
        for (const Failure& failure : entry.record.failures)
            if (failure.fault == Fault::kWorker) entry.excluded.insert(failure.worker);
        job.tasks.push_back(std::move(entry));
    }
    record.tasks.clear();
    job.record = std::move(record);
    return job;
}

} // namespace loopmind::core
