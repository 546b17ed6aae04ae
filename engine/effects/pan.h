// Pan: constant-power balance of a stereo signal, unity in the middle.
#pragma once

#include "engine/effects/effect.h"

namespace loopmind::effects {

/// Parameters `pan` -1 (left) .. 1 (right) and `width` 0 (mono) .. 2.
/// Gains are sqrt(2) cos and sqrt(2) sin of (pan + 1) pi / 4: the middle passes every bit, an end is +3 dB on
/// one side and silence on the other, and the summed power of equal channels stays the same. Width scales the
/// side signal (L - R) / 2 before.
class Pan final : public Effect {
  public:
    enum Parameter { kPan, kWidth };
    Pan();
    std::string_view type() const override { return "pan"; }

  private:
    void on_prepare(double) override {}
    void on_reset() noexcept override {}
    void on_tick(bool moved) noexcept override;
    void run(float* left, float* right, int frames, int phase) noexcept override;

    struct Gains {
        float left = 1, right = 1, width = 1;
        bool operator==(const Gains&) const = default;
    };
    static Gains gains_at(float pan, float width);
    Gains from_;
    Gains to_;
};

} // namespace loopmind::effects
