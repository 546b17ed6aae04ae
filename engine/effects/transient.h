// Transient shaper: turns onsets and decays up or down, whatever their level.
#pragma once

#include "engine/effects/branching_smoother.h"
#include "engine/effects/effect.h"

namespace loopmind::effects {

/// Compares three envelopes of the level in dB (louder channel, both get the same gain). `brief` rises within
/// kFastSeconds and falls within kBriefSeconds; `slow` differs by rising within `attack_ms`, `lasting` by
/// falling within `sustain_ms` (all time constants). brief - slow stands above zero during an onset, lasting
/// - brief during a decay. The gain in dB is attack_db times the former plus sustain_db times the latter,
/// each over kFullDb and at most 1. A steady sound passes unchanged; with both at 0 dB every bit passes.
/// Levels below -80 dBFS count as -80.
class Transient final : public Effect {
  public:
    enum Parameter { kAttackDb, kSustainDb, kAttackMs, kSustainMs, kOutputDb, kMix };
    static constexpr double kFastSeconds = 0.0007;
    static constexpr double kBriefSeconds = 0.02;
    static constexpr double kFullDb = 12;

    Transient();
    std::string_view type() const override { return "transient"; }

  private:
    void on_prepare(double rate) override;
    void on_reset() noexcept override;
    void on_tick(bool moved) noexcept override;
    void run(float* left, float* right, int frames, int phase) noexcept override;

    struct Amounts {
        float attack = 0, sustain = 0, output = 0; ///< octaves
        float mix = 1;
    };
    Amounts from_, to_;
    float decay_ = 0;
    float peak_ = 0; ///< power
    BranchingSmoother brief_, slow_, lasting_;
};

} // namespace loopmind::effects
