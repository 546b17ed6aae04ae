// A finished job with real audio, MIDI and session documents in a cache, as the farm would leave it.
#pragma once

#include "client/farm/cache.h"

#include "loopmind/v1/job.pb.h"

namespace loopmind::testing {

/// `request_json` is resolved; every stem is a short loop of noise. Blobs are placed in `cache`.
v1::JobInfo make_finished_job(const farm::Cache& cache, const std::string& request_json);

} // namespace loopmind::testing
