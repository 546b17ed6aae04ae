// From float to whole numbers: TPDF dither and noise shaping from a generator that always draws the same.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace loopmind::files {

enum class Dither {
    kNone,   ///< rounds to nearest, halves up, as StreamingWavWriter does
    kTpdf,   ///< triangular noise of +-1 step: the error is noise of constant power, whatever the signal
    kShaped, ///< TPDF, and the error fed back so that it lies where hearing is dull
};

/// Turns planar float into whole numbers of `bits` (8..32), full scale 2^(bits-1).
///
/// Dither starts with the first frame that does not fit the steps already: a source that was made with these
/// or fewer bits passes bit for bit, digital silence ahead of the first sound stays silent, and what a block
/// is does not matter. Noise of channel c and frame n is a hash of (seed, c, n): equal input, equal bytes.
/// Shaping at 44.1 and 48 kHz uses the five coefficients of Lipshitz, Vanderkooy and Wannamaker ("Minimally
/// audible noise shaping", JAES 39/11, 1991), above that (1 - z^-1)^2; below 40 kHz there is no place to move
/// noise to and plain TPDF is used. NaN becomes 0; beyond full scale is clamped. One thread at a time.
class Quantiser {
  public:
    Quantiser(int bits, int channels, int sample_rate, Dither dither, std::uint64_t seed = 0);

    /// Interleaves `planes` (one per channel, equal lengths) as whole numbers into `out`.
    void run(std::span<const std::span<const float>> planes, std::vector<std::int32_t>& out);
    bool clipped() const { return clipped_; }
    bool dithered() const { return active_; } ///< a sample that did not fit has come by

  private:
    double noise(std::size_t channel) const;
    std::int32_t round(double scaled);

    double scale_;
    Dither dither_;
    std::uint64_t seed_;
    std::vector<double> shaper_;
    std::vector<std::array<double, 5>> errors_; ///< newest first, per channel
    std::int64_t frame_ = 0;
    bool active_ = false;
    bool clipped_ = false;
};

} // namespace loopmind::files
