// Progress of a job as text: bars for a terminal, lines for everything else. Pure: time and width are given.
#pragma once

#include "loopmind/v1/job.pb.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace loopmind::cli {

/// What is shown besides the job itself.
struct ProgressNotes {
    double elapsed_seconds = 0;
    std::string first_audio; ///< sentence about the first audio; empty until it came
    std::string link;        ///< sentence about the connection; empty while it is fine
};

struct ProgressStyle {
    int width = 80;      ///< columns
    bool colour = false; ///< ANSI colours
    int lines = 1000;    ///< at most so many; of more tasks only those at work are drawn
};

/// One line per task and one for the whole, none wider than `style.width` columns.
std::vector<std::string> draw_progress(const v1::JobInfo& job, const ProgressNotes& notes,
                                       const ProgressStyle& style);

/// For people: "drums", "bass 2" (second variation of several), "composition", "mix".
std::string task_label(const v1::TaskInfo& task, bool several_variations);

/// Lines for a log: one whenever a task or the job changes its state.
class PlainProgress {
  public:
    std::vector<std::string> lines_for(const v1::JobInfo& job, double elapsed_seconds);

  private:
    std::map<std::string, std::pair<v1::TaskState, std::string>> known_;
    v1::JobState state_ = v1::JOB_STATE_UNSPECIFIED;
};

/// "queued", "running", "done", ...
const char* job_state_name(v1::JobState state);
const char* task_state_name(v1::TaskState state);
const char* task_kind_name(v1::TaskKind kind);

} // namespace loopmind::cli
