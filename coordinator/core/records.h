// Plain data about jobs, tasks and workers that core, store and service hand to each other.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "proto/base/result.h"

namespace loopmind::core {

/// Monotonic time since any fixed start; passed into every decision, never read here.
using Millis = std::chrono::milliseconds;

inline double seconds_of(Millis time) {
    return std::chrono::duration<double>(time).count();
}

/// The store's number of a job (its order of submission). Previews are never stored: theirs have the top bit.
using JobKey = std::uint64_t;
inline constexpr JobKey kPreviewKeyBit = JobKey{1} << 63;

/// Values equal those of proto/loopmind/v1/job.proto (checked in service/convert.cpp).
enum class JobKind { kGenerate = 1, kPreview = 2, kMixdown = 3 };
/// How urgent: a hand that waits, a person's song, a catalogue of thousands.
enum class JobClass { kInteractive, kNormal, kBulk };
enum class JobState { kQueued = 1, kRunning, kDone, kFailed, kCancelled, kSuperseded };
enum class TaskKind { kCompose = 1, kRender, kFinish, kPreview, kTrack, kSum };
inline constexpr std::size_t kTaskKinds = 6;
enum class TaskState { kBlocked = 1, kReady, kLeased, kDone, kFailed, kCancelled };
enum class Fault { kTask = 1, kWorker, kShortage };

inline constexpr bool is_terminal(JobState s) {
    return s >= JobState::kDone;
}
inline constexpr bool is_terminal(TaskState s) {
    return s >= TaskState::kDone;
}

/// One named output or input of a task.
struct Artifact {
    std::string role;
    std::string sha256;     ///< 64 lower-case hexadecimal digits.
    std::uint64_t size = 0; ///< Bytes.
    bool operator==(const Artifact&) const = default;
};

/// One failed attempt that consumed a retry (never a shortage).
struct Failure {
    std::uint64_t epoch = 0;
    std::string worker;
    Fault fault = Fault::kTask;
    Error error;
};

/// A task as it is stored.
struct TaskRecord {
    std::uint32_t index = 0; ///< n of task id "<job_id>.<n>".
    TaskKind kind = TaskKind::kCompose;
    std::string stem; ///< Render tasks: the stem; track tasks: the track. Else empty.
    std::uint32_t variation = 0;
    TaskState state = TaskState::kBlocked;
    std::uint64_t epoch = 0; ///< Of the last grant; 0 before the first and for cached tasks.
    std::string worker;      ///< Key of the worker of the last grant.
    std::string incarnation; ///< Of that worker's process.
    std::string fingerprint; ///< Of the worker that produced the outputs.
    std::string spec_json;
    std::vector<std::uint32_t> needs; ///< Indices of tasks whose outputs it reads.
    std::vector<Artifact> outputs;
    bool cached = false;
    std::uint32_t attempts = 0; ///< Grants so far.
    std::uint32_t losses = 0;   ///< Attempts that ended without a word from the worker.
    std::vector<Failure> failures;
};

/// A job as it is stored.
struct JobRecord {
    JobKey key = 0;
    std::string tenant;
    std::string owner; ///< Public key of the submitter.
    std::string job_id;
    JobKind kind = JobKind::kGenerate;
    JobState state = JobState::kQueued;
    std::string prompt;
    std::string resolved_json;
    std::string request_digest;    ///< SHA-256 of the submission as it was sent; tells a repeat from a clash.
    std::string supersede_key;     ///< Previews only.
    std::uint64_t created_ms = 0;  ///< Unix time.
    std::uint64_t finished_ms = 0; ///< Unix time; 0 until terminal.
    bool cached = false;
    std::optional<Error> error;
    std::vector<TaskRecord> tasks;
};

/// "<job_id>.<n>", the name of a task on the wire.
std::string task_id(const std::string& job_id, std::uint32_t index);

} // namespace loopmind::core
