// What the worker's service and the task executors know of each other: one small interface, no sockets, no
// engines.
#pragma once

#include "proto/base/result.h"
#include "proto/request/task_spec.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace loopmind::tasks {

/// One output under way. What was appended is on its way to the client and never changes.
class OutputStream {
  public:
    virtual ~OutputStream() = default;
    /// Appends bytes in order. Errors: resource_exhausted (disk full), unavailable; the executor ends with
    /// them.
    virtual Status append(std::span<const std::byte> bytes) = 0;
};

/// A blob that the task was given, on this machine's disk, verified.
struct Input {
    std::string role;
    std::string sha256;
    std::uint64_t size = 0;
    std::filesystem::path path;
};

/// Answer of a preview: peaks and low-rate audio, never a blob.
struct Preview {
    std::vector<float> peaks_min; ///< per column, -1..1
    std::vector<float> peaks_max;
    int sample_rate = 0;               ///< Hz
    std::vector<std::int16_t> samples; ///< mono
    double seconds = 0;                ///< length of the stretch that peaks and samples stand for
};

/// One attempt as its executor sees it. Used on the executor's thread only.
class TaskContext {
  public:
    virtual ~TaskContext() = default;
    virtual const request::TaskSpec& spec() const = 0;
    /// The input of a role; fetches it when it is not here yet. Errors: not_found (the task has no such
    /// input), data_corrupt, unavailable, cancelled.
    virtual Result<Input> input(const std::string& role) = 0;
    /// Roles of all inputs, in the order given.
    virtual std::vector<std::string> input_roles() const = 0;
    /// Opens the output of a role, once each. `total_bytes` is its final size when known, else 0.
    virtual Result<OutputStream*> output(const std::string& role, std::uint64_t total_bytes) = 0;
    /// A folder of this attempt for what is too large for memory; removed when the attempt ends.
    virtual Result<std::filesystem::path> scratch() = 0;
    virtual void set_preview(Preview preview) = 0;
    /// 0..1, never going back.
    virtual void progress(double done) = 0;
    /// True when the attempt was cancelled or its lease ran out: return ErrorCode::kCancelled soon (within 50
    /// ms).
    virtual bool cancelled() const = 0;
};

/// Does the tasks of one kind. run() is called from several threads at once.
class Executor {
  public:
    virtual ~Executor() = default;
    /// Writes all outputs of the kind or returns an error. Codes say whose fault it is: invalid_argument and
    /// not_found the task's; resource_exhausted and unavailable a shortage; the rest this worker's.
    virtual Status run(TaskContext& context) = 0;
};

using Executors = std::map<request::SpecKind, std::unique_ptr<Executor>>;

} // namespace loopmind::tasks
