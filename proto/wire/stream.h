// Credit arithmetic of byte streams: how much a sender may have on the way, when a receiver gives more.
#pragma once

#include "proto/wire/limits.h"

#include <algorithm>
#include <cstdint>

namespace loopmind::wire {

/// Sending end where the receiver adds credit (GetBlob/OpenStream/PutBlobReady then Credit). The receiver
/// gives it for every message that it read, at once: credit that is saved up in many streams would be missing
/// where all of them together are bounded. What is outstanding never exceeds kCreditWindow, whatever the peer
/// grants.
class CreditWindow {
  public:
    explicit CreditWindow(std::uint64_t initial = 0) { grant(initial); }
    void grant(std::uint64_t bytes) {
        left_ = std::min(kCreditWindow, left_ + std::min(bytes, kCreditWindow));
    }
    /// Bytes that may be sent now.
    std::uint64_t available() const { return left_; }
    /// Bytes to put in the next message: at most one chunk.
    std::uint64_t next_chunk(std::uint64_t remaining) const {
        return std::min({left_, remaining, static_cast<std::uint64_t>(kChunkBytes)});
    }
    void sent(std::uint64_t bytes) { left_ -= std::min(left_, bytes); }

  private:
    std::uint64_t left_ = 0;
};

/// Sending end where the receiver reports the total it has taken (OutputChunk with OutputCredit): at most a
/// window lies between what was sent and what was taken.
class TakenWindow {
  public:
    std::uint64_t sent() const { return sent_; }
    std::uint64_t available() const { return taken_ + kCreditWindow - sent_; }
    std::uint64_t next_chunk(std::uint64_t remaining) const {
        return std::min({available(), remaining, static_cast<std::uint64_t>(kChunkBytes)});
    }
    void add_sent(std::uint64_t bytes) { sent_ += std::min(bytes, available()); }
    /// A report that goes back is ignored. One beyond what was sent means that the receiver has these bytes
    /// from an earlier connection: sending goes on behind them. `size` is all there is to send.
    void taken(std::uint64_t total, std::uint64_t size) {
        taken_ = std::max(taken_, std::min(total, size));
        sent_ = std::max(sent_, taken_);
    }

  private:
    std::uint64_t sent_ = 0;
    std::uint64_t taken_ = 0;
};

} // namespace loopmind::wire
