// Jobs and workers as JSON for --json.
#pragma once

#include "loopmind/v1/job.pb.h"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace loopmind::cli {

nlohmann::json job_json(const v1::JobInfo& job, bool with_tasks);
nlohmann::json worker_json(const v1::WorkerInfo& worker);
/// Unix milliseconds as "2026-11-23 21:30:00" in local time; "-" for 0.
std::string local_time_text(std::uint64_t unix_ms);

} // namespace loopmind::cli
