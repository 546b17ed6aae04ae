// One attempt from push to report.
#include "worker/service/attempt_run.h"

#include "proto/base/durable_file.h"
#include "proto/base/sha256.h"
#include "proto/wire/attempt_file.h"
#include "proto/wire/convert.h"

#include <spdlog/spdlog.h>

#include <cmath>
#include <exception>
#include <map>
#include <new>
#include <system_error>
#include <vector>

namespace loopmind::worker {
namespace {

/// The context of one attempt.
class Context final : public tasks::TaskContext {
  public:
    Context(const RunEnvironment& environment, RunningAttempt& attempt, request::TaskSpec spec)
        : environment_(environment), attempt_(attempt), spec_(std::move(spec)) {}
    ~Context() override {
        std::error_code ignored;
        if (!scratch_.empty()) std::filesystem::remove_all(scratch_, ignored);
    }

    const request::TaskSpec& spec() const override { return spec_; }
    Result<tasks::Input> input(const std::string& role) override;
    std::vector<std::string> input_roles() const override;
    Result<tasks::OutputStream*> output(const std::string& role, std::uint64_t total_bytes) override;
    Result<std::filesystem::path> scratch() override;
    void set_preview(tasks::Preview preview) override { preview_ = std::move(preview); }
    void progress(double done) override {
        if (done > attempt_.progress && done <= 1) attempt_.progress = done;
    }
    bool cancelled() const override { return attempt_.must_stop(); }

    /// Closes all outputs and writes the report. Errors: of the disk, or an output that is not whole.
    Result<outbox::Entry> finish();
    /// Removes whatever was written.
    void discard();
    const std::optional<tasks::Preview>& preview() const { return preview_; }

  private:
    Result<std::filesystem::path> fetch(const v1::BlobRef& blob);
    std::optional<std::filesystem::path> direct_input(const v1::BlobRef& blob) const;
    OutputGrowth place(const std::string& role, std::uint64_t total) const;

    const RunEnvironment& environment_;
    RunningAttempt& attempt_;
    const request::TaskSpec spec_;
    std::vector<std::shared_ptr<const CachedInput>> held_; ///< keeps fetched inputs on disk
    std::vector<std::unique_ptr<OutputFile>> outputs_;
    std::optional<tasks::Preview> preview_;
    std::filesystem::path scratch_; ///< empty until it is asked for
};

std::vector<std::string> Context::input_roles() const {
    std::vector<std::string> roles;
    for (const auto& input : attempt_.start.inputs())
        roles.push_back(input.role());
    return roles;
}

std::optional<std::filesystem::path> Context::direct_input(const v1::BlobRef& blob) const {
    const auto storage = environment_.storage.get();
    if (!storage || !base::is_sha256_hex(blob.sha256())) return std::nullopt;
    const auto path = wire::blob_path(storage->root, blob.sha256());
    const auto digest = base::sha256_file(path);
    if (!digest || digest->sha256 != blob.sha256()) return std::nullopt; // the coordinator may know better
    return path;
}

Result<std::filesystem::path> Context::fetch(const v1::BlobRef& blob) {
    auto pending = std::make_shared<PendingInput>();
    if (!environment_.events.push(InputWanted{attempt_.name, blob.sha256(), blob.size(), pending})) {
        return Error{ErrorCode::kCancelled, "", "the worker stops", ""};
    }
    auto outcome = pending->wait();
    if (!outcome) return outcome.error();
    held_.push_back(*outcome);
    return held_.back()->path;
}

Result<tasks::Input> Context::input(const std::string& role) {
    for (const auto& artifact : attempt_.start.inputs()) {
        if (artifact.role() != role) continue;
        tasks::Input input{role, artifact.blob().sha256(), artifact.blob().size(), {}};
        if (const auto path = direct_input(artifact.blob())) {
            input.path = *path;
            return input;
        }
        auto path = fetch(artifact.blob());
        if (!path) return path.error();
        input.path = *path;
        return input;
    }
    return Error{ErrorCode::kNotFound, "inputs", "the task was given no input \"" + role + "\"", ""};
}

OutputGrowth Context::place(const std::string& role, std::uint64_t total) const {
    const auto storage = environment_.storage.get();
    if (storage && storage->writable) {
        return {role,
                wire::attempt_file_path(storage->root, attempt_.name.task_id, attempt_.name.epoch, role),
                true, 0, total};
    }
    return {role, environment_.outbox.part_path(attempt_.name, role), false, 0, total};
}

Result<tasks::OutputStream*> Context::output(const std::string& role, std::uint64_t total_bytes) {
    auto file = OutputFile::create(
        place(role, total_bytes),
        [this](const OutputGrowth& growth) {
            environment_.events.push(OutputGrew{attempt_.name, growth});
        },
        [this] { return attempt_.must_stop(); });
    if (!file) return file.error();
    outputs_.push_back(std::move(*file));
    return static_cast<tasks::OutputStream*>(outputs_.back().get());
}

Result<std::filesystem::path> Context::scratch() {
    if (!scratch_.empty()) return scratch_;
    const auto folder =
        environment_.scratch / wire::attempt_file_name(attempt_.name.task_id, attempt_.name.epoch, "scratch");
    std::error_code failed;
    std::filesystem::create_directories(folder, failed);
    if (failed)
        return Error{ErrorCode::kUnavailable, folder.string(), "cannot be made: " + failed.message(),
                     "check the disk of this worker"};
    scratch_ = folder;
    return folder;
}

Result<outbox::Entry> Context::finish() {
    outbox::Entry entry{attempt_.name, {}, {}};
    auto* complete = entry.report.mutable_complete();
    fill(*complete->mutable_attempt(), attempt_.name);
    for (const auto& output : outputs_) {
        const auto digest = output->finish();
        if (!digest) return digest.error();
        const auto& growth = output->growth();
        entry.files.push_back({growth.role, growth.path, growth.bytes, growth.direct});
        auto* artifact = complete->add_outputs();
        artifact->set_role(growth.role);
        artifact->mutable_blob()->set_sha256(digest->sha256);
        artifact->mutable_blob()->set_size(digest->size);
    }
    const auto spent = attempt_.clock() - attempt_.started;
    complete->set_compute_ms(static_cast<std::uint64_t>(spent.count()));
    return entry;
}

void Context::discard() {
    for (const auto& output : outputs_) {
        std::error_code ignored;
        std::filesystem::remove(output->growth().path, ignored);
    }
}

v1::WorkerMessage preview_report(const Attempt& attempt, const tasks::Preview& preview) {
    v1::WorkerMessage report;
    auto* done = report.mutable_preview_done();
    fill(*done->mutable_attempt(), attempt);
    auto* result = done->mutable_result();
    result->mutable_peaks_min()->Add(preview.peaks_min.begin(), preview.peaks_min.end());
    result->mutable_peaks_max()->Add(preview.peaks_max.begin(), preview.peaks_max.end());
    result->set_sample_rate(static_cast<std::uint32_t>(preview.sample_rate));
    result->set_audio_frames(static_cast<std::uint32_t>(preview.samples.size()));
    result->set_seconds(preview.seconds);
    return report;
}

std::string little_endian(const std::vector<std::int16_t>& samples) {
    std::string bytes;
    bytes.reserve(2 * samples.size());
    for (const auto sample : samples) {
        const auto value = static_cast<std::uint16_t>(sample);
        bytes += static_cast<char>(value & 0xff);
        bytes += static_cast<char>(value >> 8);
    }
    return bytes;
}

} // namespace

v1::TaskKind wire_kind(request::SpecKind kind) {
    switch (kind) {
    case request::SpecKind::kCompose:
        return v1::TASK_KIND_COMPOSE;
    case request::SpecKind::kRender:
        return v1::TASK_KIND_RENDER;
    case request::SpecKind::kFinish:
        return v1::TASK_KIND_FINISH;
    case request::SpecKind::kPreview:
        return v1::TASK_KIND_PREVIEW;
    case request::SpecKind::kTrack:
        return v1::TASK_KIND_TRACK;
    case request::SpecKind::kSum:
        return v1::TASK_KIND_SUM;
    }
    return v1::TASK_KIND_UNSPECIFIED;
}

namespace {

Status execute(tasks::Executor& executor, Context& context) {
    try {
        return executor.run(context);
    } catch (const std::bad_alloc&) {
        return Error{ErrorCode::kResourceExhausted, "memory", "there is not enough for this task",
                     "use fewer slots or shorter requests"};
    } catch (const std::exception& problem) {
        return Error{ErrorCode::kInternal, "", std::string("the executor failed: ") + problem.what(), ""};
    }
}

/// Computes; the report for the outbox, or the error.
Result<AttemptEnded> compute(const RunEnvironment& environment, RunningAttempt& attempt) {
    auto spec = request::parse_spec(attempt.start.spec_json());
    if (!spec) return spec.error();
    if (wire_kind(spec->kind) != attempt.start.kind()) {
        return Error{ErrorCode::kInvalidArgument, "kind", "the task's kind is not that of its spec", ""};
    }
    const auto executor = environment.executors.find(spec->kind);
    if (executor == environment.executors.end()) {
        return Error{ErrorCode::kInternal, "kind", "this worker does no tasks of this kind", ""};
    }
    Context context(environment, attempt, std::move(*spec));
    AttemptEnded ended{attempt.name, false, std::nullopt, {}};
    auto status = execute(*executor->second, context);
    if (status && attempt.cancelled)
        status = Error{ErrorCode::kCancelled, "", "the attempt was cancelled", ""};
    if (status && context.preview()) {
        ended.report = preview_report(attempt.name, *context.preview());
        ended.bytes = little_endian(context.preview()->samples);
        return ended;
    }
    if (status) {
        auto entry = context.finish();
        if (entry) {
            status = environment.outbox.put(*entry);
            if (!status && status.error().code != ErrorCode::kResourceExhausted) {
                auto error = status.error();
                error.code = ErrorCode::kUnavailable; // trouble of this machine's disk, not of the task
                status = error;
            }
        } else {
            status = entry.error();
        }
    }
    if (!status) {
        context.discard();
        return status.error();
    }
    ended.in_outbox = true;
    return ended;
}

AttemptEnded failure(const RunEnvironment& environment, const RunningAttempt& attempt, const Error& error) {
    AttemptEnded ended{attempt.name, false, std::nullopt, {}};
    if (error.code == ErrorCode::kCancelled) return ended;
    outbox::Entry entry{attempt.name, {}, {}};
    auto* failed = entry.report.mutable_failed();
    fill(*failed->mutable_attempt(), attempt.name);
    failed->set_fault(fault_of(error.code));
    *failed->mutable_error() = wire::to_proto(error);
    ended.in_outbox = environment.outbox.put(entry).ok();
    if (!ended.in_outbox) ended.report = entry.report;
    return ended;
}

} // namespace

void SharedStorage::set(std::optional<wire::DirectStorage> storage) {
    const std::lock_guard lock(mutex_);
    storage_ = std::move(storage);
}

std::optional<wire::DirectStorage> SharedStorage::get() const {
    const std::lock_guard lock(mutex_);
    return storage_;
}

v1::FaultClass fault_of(ErrorCode code) {
    switch (code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kNotFound:
        return v1::FAULT_CLASS_TASK;
    case ErrorCode::kResourceExhausted:
    case ErrorCode::kUnavailable:
        return v1::FAULT_CLASS_SHORTAGE;
    default:
        return v1::FAULT_CLASS_WORKER;
    }
}

void run_attempt(const RunEnvironment& environment, const std::shared_ptr<RunningAttempt>& attempt) {
    if (attempt->must_stop()) {
        environment.events.push(AttemptEnded{attempt->name, false, std::nullopt, {}});
        return;
    }
    auto ended = compute(environment, *attempt);
    if (!ended && ended.error().code != ErrorCode::kCancelled) {
        spdlog::warn("task {} failed: {}", attempt->name.task_id, ended.error().text());
    }
    environment.events.push(ended ? std::move(*ended) : failure(environment, *attempt, ended.error()));
}

} // namespace loopmind::worker
