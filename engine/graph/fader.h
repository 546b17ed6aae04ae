// The fader and pan of a track: fixed, moved by hand, or along automation exact at the sample.
#pragma once

#include "engine/graph/render_plan.h"

#include <array>

namespace loopmind::graph {

/// Belongs to the processing thread. What is set by hand moves there within one quantum.
class Fader {
  public:
    Fader() = default;
    explicit Fader(const PlanFader& plan);

    /// Stands where it is set, without a ramp.
    void reset() noexcept;
    /// out = in * gains; at most kQuantum frames. `running` is the time of the signal, its latency taken off.
    void process(const Timeline& timeline, std::int64_t running, const float* in_left, const float* in_right,
                 float* out_left, float* out_right, int frames) noexcept;

    /// By hand: takes the place of a lane until the next plan.
    void set_gain_db(double gain_db) noexcept;
    void set_pan(double pan) noexcept;
    void set_scale(float scale) noexcept { scale_ = scale; } ///< of the fader group; lanes stay
    /// Goes on from where `before` stands.
    void continue_from(const Fader& before) noexcept;

  private:
    void target() noexcept;
    void follow(const Timeline& timeline, std::int64_t running, int frames) noexcept;

    double gain_db_ = 0;
    double pan_ = 0;
    float scale_ = 1;
    PanLaw law_ = PanLaw::kConstantPower;
    LaneReader gain_lane_, pan_lane_, mute_lane_;
    float left_ = 1, right_ = 1;               ///< gains that sound now
    float target_left_ = 1, target_right_ = 1; ///< and where they go
    bool moves_ = false;                       ///< this quantum has a gain for each frame
    std::array<float, kQuantum> gains_left_{}, gains_right_{};
};

} // namespace loopmind::graph
