// Phaser: a chain of swinging all-passes against the input.
#pragma once

#include "engine/effects/effect.h"
#include "engine/effects/lfo.h"
#include "engine/effects/ramp.h"

#include <array>

namespace loopmind::effects {

/// `stages` first-order all-passes A(z) = (c + z^-1) / (1 + c z^-1), c = (tan(pi f / rate) - 1) / (tan + 1),
/// 90 degrees at f each; f swings `depth` octaves to each side of `centre_hz`. What comes out is fed back one
/// frame later: out = (1 - mix) x + mix * A^n / (1 - feedback z^-1 A^n). Two stages make one notch. The right
/// side swings `spread` half periods ahead.
class Phaser final : public Effect {
  public:
    enum Parameter {
        kRateHz,
        kSync,
        kBeats,
        kCentreHz,
        kDepthOctaves,
        kStages,
        kFeedback,
        kSpread,
        kMix,
        kTempo
    };
    static constexpr int kMaxStages = 12;

    Phaser();
    std::string_view type() const override { return "phaser"; }
    double tail_seconds() const override;

  private:
    using Pair = float __attribute__((vector_size(16))); ///< left, right, two idle lanes
    void on_prepare(double) override {}
    void on_reset() noexcept override;
    void on_tick(bool moved) noexcept override;
    void run(float* left, float* right, int frames, int phase) noexcept override;

    std::array<Pair, kMaxStages> state_{};
    Pair back_{};
    std::array<Ramp, 2> coefficient_;
    Ramp feedback_;
    Ramp mix_;
    int old_stages_ = 4; ///< a tick fades from the one number to the other
    int stages_ = 4;
    bool started_ = false;
    Lfo lfo_;
};

} // namespace loopmind::effects
