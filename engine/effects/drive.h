// Drive: soft saturation, four times oversampled.
#pragma once

#include "engine/effects/effect.h"
#include "engine/effects/oversample_kernel.h"

#include <array>

namespace loopmind::effects {

/// y = x / sqrt(1 + x^2) around a drive gain, level-compensated for small signals at half; linear-phase 4x
/// oversampling, latency kLatency frames. `amount` 0 passes every bit (delayed), 1 is 24 dB into the curve.
class Drive final : public Effect {
  public:
    enum Parameter { kAmount, kMix, kOutputDb };
    static constexpr int kLatency = 2 * OversampleKernel::kDelay;

    Drive();
    std::string_view type() const override { return "drive"; }
    int latency() const override { return kLatency; }
    double tail_seconds() const override { return 2.0 * kLatency / rate(); }

  private:
    static constexpr int kHistory = OversampleKernel::kTaps;
    struct Channel {
        std::array<float, kHistory + kTick> input;                 ///< for interpolation
        std::array<std::array<float, kHistory + kTick>, 4> shaped; ///< per phase, for decimation
        std::array<float, kLatency + kTick> dry;
    };
    struct Curve {
        float gain = 1, makeup = 1, wet = 0, output = 1;
        bool operator==(const Curve&) const = default;
    };
    Curve curve_at(float amount, float mix, float output_db) const;
    void on_prepare(double) override { OversampleKernel::shared(); }
    void on_reset() noexcept override;
    void on_tick(bool moved) noexcept override;
    void run(float* left, float* right, int frames, int phase) noexcept override;
    void run_channel(Channel& channel, float* io, int frames, int phase) noexcept;

    std::array<Channel, 2> channels_;
    Curve from_;
    Curve to_;
};

} // namespace loopmind::effects
