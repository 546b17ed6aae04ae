// Plays the clips of one track: finds what sounds, reads it, applies gains and fades.
#pragma once

#include "engine/graph/render_plan.h"

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

namespace loopmind::graph {

/// Reads segments along session time. Going on where the last call ended costs nothing; a jump is a binary
/// search. Real-time safe when all media is in memory; media that is read from files may allocate and wait.
class ClipReader {
  public:
    ClipReader() = default;
    /// `segments` is sorted by start and outlives the reader.
    explicit ClipReader(const std::vector<Segment>& segments);

    bool empty() const { return segments_ == nullptr || segments_->empty(); }
    /// Whether some media is not in memory.
    bool streams() const { return streams_; }
    /// Adds what sounds at session time `time` .. `time` + `frames`.
    void add(std::int64_t time, float* left, float* right, int frames);
    /// The first error of reading; what could not be read is silence.
    const Status& status() const { return status_; }

  private:
    struct Active {
        const Segment* segment = nullptr;
        std::unique_ptr<MediaReader> reader; ///< only for media that is not in memory
    };
    void jump(std::int64_t time);
    void leave(std::size_t index);
    void add_segment(Active& active, std::int64_t time, float* left, float* right, int frames);
    bool fetch(Active& active, std::int64_t first, int frames);
    void mix(const Segment& segment, std::int64_t time, const float* in_left, const float* in_right,
             float* left, float* right, int frames) const noexcept;

    const std::vector<Segment>* segments_ = nullptr;
    std::vector<std::int64_t> latest_end_; ///< of all segments up to each
    std::vector<Active> active_;           ///< holds the most that ever sound together: never grows
    std::map<const Media*, std::vector<std::unique_ptr<MediaReader>>> idle_;
    std::vector<float> scratch_left_, scratch_right_;
    std::size_t next_ = 0;       ///< first segment that has not begun
    std::int64_t expected_ = -1; ///< time at which the next call goes on
    bool fresh_ = true;
    bool streams_ = false;
    Status status_;
};

} // namespace loopmind::graph
