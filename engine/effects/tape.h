// Tape and vinyl: saturation, wow and flutter, head bump, lost treble, hiss, crackle and hum.
#pragma once

#include "engine/effects/biquad.h"
#include "engine/effects/delay_ring.h"
#include "engine/effects/effect.h"
#include "engine/effects/noise.h"
#include "engine/effects/oversampler.h"
#include "engine/effects/ramp.h"

#include <array>

namespace loopmind::effects {

/// In signal order, at four times the rate (twice from 64 kHz): y = x / sqrt(1 + x^2) around a drive of 0..18
/// dB with the level of a sine at -12 dBFS kept; a delay of kDelayMs that swings: `wow` 1 bends the pitch by
/// +-1 % at 0.6 Hz and 0.85 Hz, `flutter` 1 by +-0.5 % at 7.3 Hz and 11.9 Hz. Then at the base rate: head
/// bump (peak at 80 Hz, Q 0.9, and a 25 Hz high-pass with it), a 12 dB/octave low-pass, and the noises. Those
/// come from generators that reset() begins anew, so renders repeat. `hiss_db` is the noise's RMS level,
/// `hum_db` the peak of the mains tone with its 2nd and 3rd harmonics; -120 is off. At defaults of 0 the
/// sound passes late and otherwise unchanged within the oversampling filters.
class Tape final : public Effect {
  public:
    enum Parameter {
        kDrive,
        kWow,
        kFlutter,
        kHeadBumpDb,
        kToneHz,
        kHissDb,
        kCrackle,
        kHumDb,
        kHum60,
        kOutputDb
    };
    static constexpr double kDelayMs = 5.0;

    Tape();
    std::string_view type() const override { return "tape"; }
    int latency() const override { return latency_; }
    double tail_seconds() const override { return latency_ / rate() + 0.5; }

  private:
    struct Side {
        Oversampler oversampler;
        DelayRing ring;
        Noise hiss;
        float hiss_state = 0;
        float crackle_state[2] = {0, 0};
    };
    void on_prepare(double rate) override;
    void on_reset() noexcept override;
    void on_tick(bool moved) noexcept override;
    void run(float* left, float* right, int frames, int phase) noexcept override;
    void run_motion(Side& side, float* io, int frames, int phase) noexcept;
    void add_noise(float* left, float* right, int frames, int phase) noexcept;
    double swing_at(double seconds) const;

    std::array<Side, 2> sides_;
    StereoBiquad bump_, rumble_, treble_;
    bool bump_on_ = false, treble_on_ = false;
    Noise dust_;
    double delay_ = 0; ///< in oversampled frames
    double from_ = 0, to_ = 0;
    std::array<double, 2> wow_phase_{}, flutter_phase_{};
    double hum_phase_ = 0;
    int latency_ = 0;
    Ramp gain_, makeup_, wet_, hiss_, crackle_, hum_, output_;
    bool started_ = false;
};

} // namespace loopmind::effects
