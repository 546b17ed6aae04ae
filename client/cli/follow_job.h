// Follows one job to its end on the screen, bringing its audio into the local cache while it is made.
#pragma once

#include "client/cli/invocation.h"

#include <chrono>

namespace loopmind::cli {

struct FollowOptions {
    bool bring_blobs = true; ///< stream stems while they are rendered and fetch all outputs into the cache
    bool cancel_on_interrupt = true; ///< Ctrl-C cancels the job; else it only stops watching
    std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
};

struct Followed {
    v1::JobInfo job;
    double seconds = 0;
    double first_audio_seconds = -1; ///< negative: none was heard before the end
};

/// Blocks until the job is done and, with `bring_blobs`, everything is in the cache. A job that failed or was
/// cancelled is a failure. The farm may be away for a minute before this gives up.
Attempt<Followed> follow_job(const Invocation& invocation, farm::FarmClient& client,
                             const std::string& job_id, const FollowOptions& options);

/// The failure that a finished job stands for, if any.
std::optional<Failure> failure_of(const v1::JobInfo& job);

/// Adds the job's blobs to the cache's metadata and keeps the cache within its limit.
void describe_blobs(const farm::Cache& cache, const v1::JobInfo& job);

} // namespace loopmind::cli
