// Computes one attempt on a slot thread: spec, inputs, executor, outputs, report.
#pragma once

#include "proto/wire/mailbox.h"
#include "proto/wire/storage_probe.h"
#include "worker/outbox/outbox.h"
#include "worker/service/attempt_table.h"
#include "worker/service/input_store.h"
#include "worker/service/output_file.h"
#include "worker/tasks/executor.h"

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>

namespace loopmind::worker {

/// What slots tell the connection's thread.
struct OutputGrew {
    Attempt attempt;
    OutputGrowth growth;
};
struct InputWanted {
    Attempt attempt;
    std::string sha256;
    std::uint64_t size = 0;
    std::shared_ptr<PendingInput> pending;
};
/// The slot is free again. The report lies in the outbox, or here when it is not worth keeping (previews, and
/// failures that could not be stored), or there is none (cancelled).
struct AttemptEnded {
    Attempt attempt;
    bool in_outbox = false;
    std::optional<v1::WorkerMessage> report;
    std::string bytes;
};
using SlotEvent = std::variant<OutputGrew, InputWanted, AttemptEnded>;

/// The coordinator's blob folder, when this worker reaches it. Thread-safe.
class SharedStorage {
  public:
    void set(std::optional<wire::DirectStorage> storage);
    std::optional<wire::DirectStorage> get() const;

  private:
    mutable std::mutex mutex_;
    std::optional<wire::DirectStorage> storage_;
};

/// What every attempt uses. All members outlive the slots.
struct RunEnvironment {
    outbox::Outbox& outbox;
    const tasks::Executors& executors;
    SharedStorage& storage;
    wire::Mailbox<SlotEvent>& events;
    std::filesystem::path scratch; ///< made and emptied by the service; attempts get folders in it
};

/// Runs an attempt to its end and posts AttemptEnded. Never throws. Whose fault an error is follows from its
/// code: see tasks::Executor; memory and disk that ran out are a shortage.
void run_attempt(const RunEnvironment& environment, const std::shared_ptr<RunningAttempt>& attempt);

/// A spec's kind as messages name it.
v1::TaskKind wire_kind(request::SpecKind kind);

/// The fault class of an error code.
v1::FaultClass fault_of(ErrorCode code);

} // namespace loopmind::worker
