// Outputs on their way to the coordinator: growth announced (direct) or bytes sent within a window.
#pragma once

#include "proto/base/result.h"
#include "proto/wire/stream.h"
#include "worker/outbox/outbox.h"
#include "worker/service/output_file.h"

#include "loopmind/v1/worker.pb.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>

namespace loopmind::worker {

using outbox::Attempt;

/// Owned by the connection's thread. Reads what slots wrote; sends nothing while disconnected.
class Uploads {
  public:
    using Send = std::function<Status(const v1::WorkerMessage&, std::span<const std::byte>)>;

    /// An output grew: tells it (direct) or queues its bytes.
    void grew(const Attempt& attempt, const OutputGrowth& growth);
    /// Outputs of a finished attempt, to be sent from the start.
    void add(const outbox::Entry& entry);
    /// What the coordinator has of an output.
    void taken(const Attempt& attempt, const std::string& role, std::uint64_t bytes);
    /// Sends as far as the windows allow.
    void pump();
    /// True when every byte of the attempt's outputs was sent on this connection (or lies in the folder
    /// itself).
    bool all_sent(const Attempt& attempt) const;
    void forget(const Attempt& attempt);
    /// The coordinator lost bytes of the attempt: sends all its outputs from the start.
    void restart(const Attempt& attempt);

    /// A connection is ready: tells and sends everything from the start; the coordinator skips what it has.
    void connected(Send send);
    void disconnected() { send_ = nullptr; }

  private:
    struct Output {
        OutputGrowth growth;
        wire::TakenWindow window;
    };
    void tell(const Attempt& attempt, const Output& output);
    bool send_chunk(const Attempt& attempt, Output& output);

    Send send_;
    std::map<Attempt, std::map<std::string, Output>> outputs_;
};

} // namespace loopmind::worker
