// Submissions kept on disk until the coordinator has acknowledged them.
#pragma once

#include "proto/base/result.h"

#include "loopmind/v1/job.pb.h"

#include <filesystem>
#include <string>
#include <vector>

namespace loopmind::farm {

/// One JSON file per submission in a folder. Several processes may share it: a job id is sent by whoever
/// finds it, and the same id twice is one job. Thread-safe for different job ids.
class SubmissionOutbox {
  public:
    explicit SubmissionOutbox(std::filesystem::path folder) : folder_(std::move(folder)) {}

    /// Makes the submission durable before it is sent.
    Status keep(const v1::SubmitJob& submission) const;
    /// Forgets an acknowledged (or finally refused) one.
    void forget(const std::string& job_id) const;
    /// Everything kept; files that do not parse are put aside as *.corrupt.
    std::vector<v1::SubmitJob> kept() const;

  private:
    std::filesystem::path file_of(const std::string& job_id) const { return folder_ / (job_id + ".json"); }
    std::filesystem::path folder_;
};

/// True for 32 lower-case hexadecimal digits.
bool is_job_id(const std::string& text);

} // namespace loopmind::farm
