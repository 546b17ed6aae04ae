// Tone of a stem after the instrument: punch, tilt, warmth, air, age and drive, as one streaming stage.
#pragma once

#include "engine/effects/drive.h"
#include "engine/effects/eq.h"
#include "engine/instruments/soundfont.h"

#include <array>
#include <cstdint>
#include <vector>

namespace loopmind::instruments {

/// Works at a nominal level of kNominalLufs. Block-size independent. Wow turns a whole number of times in the
/// loop, so that it meets itself at the seam.
class ToneShaper {
  public:
    static constexpr double kNominalLufs = -20;

    ToneShaper(const PartTone& tone, int rate, std::int64_t loop_frames);
    /// Frames by which the output lags.
    int latency() const { return latency_; }
    /// Frames of memory that matter: run this much of the loop's end before its start.
    std::int64_t memory_frames() const;
    /// In place; `time` is the loop time of the first frame (may be negative).
    void process(float* left, float* right, int frames, std::int64_t time);

  private:
    void punch(float* left, float* right, int frames);
    void wow(float* left, float* right, int frames, std::int64_t time);

    int rate_;
    std::int64_t loop_frames_;
    effects::Eq eq_;
    effects::Drive drive_;
    bool use_eq_ = false;
    bool use_drive_ = false;
    int latency_ = 0;

    float punch_ = 0; ///< -1..1
    float fast_ = 0, slow_ = 0;
    float fast_step_ = 0, slow_step_ = 0;

    float wow_depth_ = 0;  ///< frames
    double wow_turns_ = 0; ///< per loop
    static constexpr int kRing = 256;
    std::array<std::array<float, kRing>, 2> ring_{};
    int ring_at_ = 0;
};

} // namespace loopmind::instruments
