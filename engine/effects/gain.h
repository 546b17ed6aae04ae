// Gain: one level change in decibels.
#pragma once

#include "engine/effects/effect.h"

namespace loopmind::effects {

/// Parameter `gain_db`, -144..60 dB; -144 is silence and 0 passes every bit.
class Gain final : public Effect {
  public:
    enum Parameter { kGainDb };
    Gain();
    std::string_view type() const override { return "gain"; }

  private:
    void on_prepare(double) override {}
    void on_reset() noexcept override {}
    void on_tick(bool moved) noexcept override;
    void run(float* left, float* right, int frames, int phase) noexcept override;

    float from_ = 1;
    float to_ = 1;
};

/// Linear factor of a level in dB; at or below -144 dB it is 0.
float gain_from_db(float db);

} // namespace loopmind::effects
