// A chain of effects made from a list of inserts.
#pragma once

#include "engine/effects/effect.h"
#include "engine/graph/render_plan.h"
#include "proto/base/result.h"

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace loopmind::graph {

/// Makes the effect of an insert, sets its parameters and prepares it. A parameter `tempo` that the insert
/// does not set is the session's. Plug-ins come from `plugins`, which may be null. Errors name `place` and
/// the insert: unknown effect or plug-in, unknown parameter, value that is not finite.
Result<std::unique_ptr<effects::Effect>> make_insert_effect(const InsertSpec& spec, const std::string& place,
                                                            double rate, double tempo, InsertFactory* plugins,
                                                            InsertFactory::Use use);

/// An insert that was bypassed, and what it did.
struct InsertFault {
    std::string insert; ///< id
    std::string reason; ///< for people
};

/// Why an effect's insert is bypassed, when it is.
std::string fault_reason(const effects::Effect& effect);

/// Effects in signal order. A bypassed insert keeps its latency, so switching it does not move the track in
/// time. Threads: built on the message thread, processed by one thread.
class InsertChain {
  public:
    /// Where a quantum lies, for automation and tempo.
    struct Position {
        const Timeline* timeline = nullptr;
        const TempoMap* tempo = nullptr;
        std::int64_t running = 0; ///< of the first frame; on a border of ticks
    };
    /// Side-chain input of one insert for the frames being processed; null: none.
    struct Key {
        const float* left = nullptr;
        const float* right = nullptr;
    };

    InsertChain() = default;
    static Result<InsertChain> make(std::span<const PlanInsert> inserts, const std::string& place,
                                    double rate, double tempo, InsertFactory* plugins = nullptr,
                                    InsertFactory::Use use = InsertFactory::Use::kPlay);
    static Result<InsertChain> make(std::span<const InsertSpec> inserts, const std::string& place,
                                    double rate, double tempo);

    int latency() const { return latency_; }
    /// Sum of the tails: the chain answers an impulse for at most this long.
    double tail_seconds() const { return tail_seconds_; }
    bool empty() const { return slots_.empty(); }
    int size() const { return static_cast<int>(slots_.size()); }
    /// Silences all memory and gives faulty inserts another try. Real-time safe.
    void reset() noexcept;
    /// In place, real-time safe, without automation. An effect that gives something not finite, or that has
    /// failed, is bypassed until reset().
    void process(float* left, float* right, int frames) noexcept;
    /// One quantum (at most kQuantum frames) with automation. `keys` has one entry an insert, or is empty.
    void process(float* left, float* right, int frames, const Position& position,
                 std::span<const Key> keys) noexcept;
    /// Id of the first insert that was bypassed because of what it gave; "" none.
    std::string faulty_insert() const;
    /// All of them, with reasons. Not on an audio thread.
    std::vector<InsertFault> faults() const;
    /// Index of an insert that has failed since this was last asked, -1 none. Processing thread.
    int new_fault() noexcept;

    const effects::Effect& effect(int insert) const { return *slots_[static_cast<size_t>(insert)].effect; }

    /// What changes while it plays; real-time safe, on the processing thread. A bypass fades over one
    /// quantum.
    void set_bypass(int insert, bool bypass) noexcept;
    void set_parameter(int insert, int parameter, float value) noexcept;
    /// Takes lanes, delays, bypass and parameter targets of `other`, which was made from the same effects for
    /// the plan that follows (its effects are not used). Swaps memory, so nothing is allocated or freed.
    void adopt_settings(InsertChain& other) noexcept;

  private:
    struct Slot {
        std::string id;
        std::unique_ptr<effects::Effect> effect; ///< null in a chain of settings only
        std::vector<std::pair<int, LaneReader>> lanes;
        std::vector<std::pair<int, float>> targets; ///< parameters as the session sets them
        int lag = 0;
        int tempo_parameter = -1;
        bool bypass = false;
        bool wanted_bypass = false;
        bool faulty = false;
        bool told = false;                      ///< by new_fault()
        std::vector<float> dry_left, dry_right; ///< input delayed by the latency, for bypass
        size_t dry_at = 0;
        std::vector<float> wait_left, wait_right; ///< signal that waits for its key
        size_t wait_at = 0;
        void run(float* left, float* right, int frames, const Position& position, const Key& key) noexcept;
        void process(float* left, float* right, int frames, const Position& position,
                     const Key& key) noexcept;
    };
    std::vector<Slot> slots_;
    int latency_ = 0;
    double tail_seconds_ = 0;
};

} // namespace loopmind::graph
