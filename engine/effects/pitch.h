// Pitch: shifts the pitch and keeps the time, by a phase vocoder that moves spectral peaks.
#pragma once

#include "engine/effects/effect.h"
#include "engine/effects/ramp.h"
#include "engine/effects/real_fft.h"

#include <array>
#include <complex>
#include <optional>
#include <vector>

namespace loopmind::effects {

/// After J. Laroche and M. Dolson, "New phase-vocoder techniques for pitch-shifting, harmonizing and other
/// exotic effects" (1999): in frames of about 64 ms, overlapped four times, every peak of the spectrum and
/// the bins around it move to ratio times its frequency, measured by the phase advance since the frame
/// before. Both sides share peaks and rotations, so the stereo image stays. Where the treble's power jumps up
/// fourfold from one frame to the next, rotations start from nothing, which keeps strokes together. Frames
/// begin at fixed distances from reset(), so results do not depend on block sizes. latency() is one frame
/// whatever the shift. Shift 0 gives the input back within rounding.
class Pitch final : public Effect {
  public:
    enum Parameter { kSemitones, kCents, kMix };

    Pitch();
    std::string_view type() const override { return "pitch"; }
    int latency() const override { return frame_; }
    double tail_seconds() const override { return 2.0 * frame_ / rate(); }

  private:
    static constexpr int kOverlap = 4;
    struct Side {
        std::vector<float> input;  ///< the last frame_ samples
        std::vector<float> output; ///< sums of frames; the first hop_ are finished
        std::vector<float> dry;    ///< ring of frame_ samples
        std::vector<float> re, im, former_re, former_im, shifted_re, shifted_im;
    };
    void on_prepare(double rate) override;
    void on_reset() noexcept override;
    void on_tick(bool moved) noexcept override;
    void run(float* left, float* right, int frames, int phase) noexcept override;
    void end_hop() noexcept;
    void analyse(Side& side) noexcept;
    void find_peaks() noexcept;
    bool is_onset() noexcept;
    void shift(double ratio, bool anew) noexcept;
    void synthesise(Side& side) noexcept;

    int frame_ = 3072;
    int hop_ = 768;
    int at_ = 0;
    int dry_at_ = 0;
    std::optional<RealFft> fft_;
    std::vector<float> window_, scratch_;
    std::vector<float> power_;
    double former_brightness_ = 0;     ///< power weighted by frequency, of the frame before
    std::vector<int> peaks_, borders_; ///< region i is bins borders_[i] .. borders_[i + 1] - 1
    int peak_count_ = 0;
    std::vector<double> rotation_, next_rotation_; ///< radians by which each bin's region has been turned
    std::array<Side, 2> sides_;
    Ramp mix_;
    bool started_ = false;
};

} // namespace loopmind::effects
