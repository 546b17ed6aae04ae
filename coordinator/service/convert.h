// Between core's records and the wire's messages.
#pragma once

#include "coordinator/core/farm.h"
#include "loopmind/v1/blob.pb.h"
#include "loopmind/v1/job.pb.h"
#include "loopmind/v1/worker.pb.h"

namespace loopmind::service {

v1::Artifact to_proto(const core::Artifact& artifact);
core::Artifact from_proto(const v1::Artifact& artifact);
void fill(v1::AttemptKey& key, const core::AttemptName& attempt);
core::AttemptName from_proto(const v1::AttemptKey& key);

v1::TaskInfo task_info(const core::Farm& farm, const core::Job& job, const core::Task& task,
                       core::Millis now);
/// Without tasks unless `with_tasks`.
v1::JobInfo job_info(const core::Farm& farm, const core::Job& job, bool with_tasks, core::Millis now);
v1::WorkerList worker_list(const core::Farm& farm, const std::string& tenant, core::Millis now);

} // namespace loopmind::service
