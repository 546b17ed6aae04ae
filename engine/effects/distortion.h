// Distortion: four curves, oversampled and antialiased.
#pragma once

#include "engine/effects/effect.h"
#include "engine/effects/oversampler.h"
#include "engine/effects/ramp.h"
#include "engine/effects/shaper.h"

#include <array>

namespace loopmind::effects {

/// out = (1 - mix) x + mix * tone(makeup * f(gain * x)), f of shaper.h at eight times the rate (four times
/// from 64 kHz, twice from 128 kHz): with any curve and drive, aliases of a full-scale sine up to 10 kHz stay
/// under -80 dB. `drive_db` is the gain; the fold takes half as many dB. Makeup keeps the peak level of a
/// sine at -12 dBFS (for the fold: its power). A 5 Hz high-pass takes out what the tube curve rectifies;
/// `tone_hz` is a one-pole low-pass after it.
class Distortion final : public Effect {
  public:
    enum Parameter { kCurve, kDriveDb, kToneHz, kMix, kOutputDb };

    Distortion();
    std::string_view type() const override { return "distortion"; }
    int latency() const override { return latency_; }
    double tail_seconds() const override { return 2.0 * latency_ / rate() + 0.4; }
    /// Gain and makeup for a setting.
    static double gain_of(Curve curve, double drive_db);
    static double makeup_of(Curve curve, double gain);

  private:
    struct Side {
        Oversampler oversampler;
        Shaper shaper;
        std::array<float, 8 + Oversampler::kMaxFrames> late; ///< makes the curve's lag a whole frame
        std::array<float, 64 + kTick> dry;
        float dc = 0;
        float tone = 0;
    };
    void on_prepare(double rate) override;
    void on_reset() noexcept override;
    void on_tick(bool moved) noexcept override;
    void run(float* left, float* right, int frames, int phase) noexcept override;
    void run_side(Side& side, float* io, int frames, int phase) noexcept;
    void shape(Side& side, float* io, int frames, int phase) noexcept;

    std::array<Side, 2> sides_;
    int latency_ = 0;
    Curve old_curve_ = Curve::kTanh; ///< a tick fades from the one to the other
    Curve curve_ = Curve::kTanh;
    Ramp gain_;
    Ramp makeup_;
    Ramp tone_;
    Ramp mix_;
    Ramp output_;
    float dc_step_ = 0;
    bool started_ = false;
};

} // namespace loopmind::effects
