// Plays a list of note events on a synthesiser in steps of 64 frames.
#pragma once

#include "engine/instruments/font_pool.h"

#include <cstdint>
#include <vector>

namespace loopmind::instruments {

/// FluidSynth computes in steps of 64 frames; events act on the next step.
inline constexpr std::int64_t kStepFrames = 64;

/// A note in frames of the loop, already on the grid of steps.
struct GridNote {
    std::int64_t on = 0;
    std::int64_t off = 0;
    int key = 60;
    int velocity = 100;
};

/// A pass over the loop on a synthesiser of its own: time starts at `start` (a step of the loop's grid).
class FontPass {
  public:
    FontPass(LoadedFont& font, int rate, int bank, int program);
    bool valid() const { return valid_; }
    /// Takes the notes with start <= on < end; others are left out. Releases follow whenever they are due.
    void begin(const std::vector<GridNote>& notes, std::int64_t start, std::int64_t end);
    /// Adds the next frames to both channels. Any block size gives the same samples.
    void add(float* left, float* right, int frames);
    /// True when no event is to come and nothing sounds.
    bool finished();

  private:
    struct Event {
        std::int64_t frame;
        int key;
        int velocity; ///< 0: release
    };
    FontSynth synth_;
    bool valid_ = false;
    std::vector<Event> events_;
    size_t next_ = 0;
    std::int64_t time_ = 0;
    std::vector<float> left_, right_;
    int buffered_ = 0;
};

} // namespace loopmind::instruments
