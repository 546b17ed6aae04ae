// A chain of effects made from a list of inserts.
#pragma once

#include "engine/effects/effect.h"
#include "engine/graph/graph_spec.h"
#include "proto/base/result.h"

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace loopmind::graph {

/// Effects in signal order. A bypassed insert keeps its latency, so switching it does not move the track in
/// time. Threads: built on the message thread, processed by one thread.
class InsertChain {
  public:
    InsertChain() = default;
    /// Errors name `place` and the insert: unknown effect, unknown parameter, value that is not finite.
    static Result<InsertChain> make(std::span<const InsertSpec> inserts, const std::string& place,
                                    double rate, double tempo);

    int latency() const { return latency_; }
    /// Sum of the tails: the chain answers an impulse for at most this long.
    double tail_seconds() const { return tail_seconds_; }
    bool empty() const { return slots_.empty(); }
    void reset() noexcept;
    /// In place, real-time safe. An effect that gives something not finite is bypassed until reset().
    void process(float* left, float* right, int frames) noexcept;
    /// Id of the first insert that was bypassed because of what it gave; "" none.
    std::string faulty_insert() const;

  private:
    struct Slot {
        std::string id;
        std::unique_ptr<effects::Effect> effect;
        bool bypass = false;
        bool faulty = false;
        std::vector<float> dry_left, dry_right; ///< input delayed by the latency, for bypass
        size_t dry_at = 0;
        void delay_dry(float* left, float* right, int frames) noexcept;
    };
    std::vector<Slot> slots_;
    int latency_ = 0;
    double tail_seconds_ = 0;
};

} // namespace loopmind::graph
