// Band-limited wavetables: for each (wave, pitch) a stack of single cycles along the wave's timbre axis.
#pragma once

#include "models/synth/stem_engine.h"
#include "models/synth/voice_patches.h"

#include <map>
#include <vector>

namespace loopmind::synth {

/// All tables one stem needs, in one image for bilinear look-up: x is the phase, y the timbre.
class Wavetables {
  public:
    /// Points of one cycle; a power of two, so that a 32-bit phase maps to it without rounding.
    static constexpr std::int64_t kCycle = 4096;

    /// Builds the tables of every oscillator of `patch` for `pitches` (MIDI notes). `resonance` and `drive`
    /// replace the patch's own.
    Wavetables(const StemContext& context, const VoicePatch& patch, const std::vector<int>& pitches,
               double resonance, double drive);

    /// The image: [1, 1, rows, kCycle + 1], the last column repeats the first.
    const at::Tensor& image() const { return image_; }
    /// First row of the tables of oscillator `index` at `pitch`.
    std::int64_t first_row(std::size_t index, int pitch) const;
    /// Rows from one timbre unit (octave, FM index, ...) to the next.
    double rows_per_unit(std::size_t index) const { return layouts_[index].rows_per_unit; }
    /// Rows along the timbre axis of one pitch.
    std::int64_t rows(std::size_t index) const { return layouts_[index].rows; }

  private:
    struct Layout {
        std::int64_t first = 0;
        std::int64_t rows = 1;
        double rows_per_unit = 1;
    };
    std::vector<Layout> layouts_;
    std::map<int, std::int64_t> pitch_index_;
    at::Tensor image_;
};

/// Frequency of a MIDI note, A4 = 440 Hz.
inline double note_hz(double pitch) {
    return 440.0 * std::exp2((pitch - 69.0) / 12.0);
}

/// Lowest cutoff of the filter axis in Hz; the axis counts octaves above it.
inline constexpr double kLowestCutoff = 60.0;

} // namespace loopmind::synth
