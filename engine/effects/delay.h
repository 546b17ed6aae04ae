// Delay: tempo-synced echoes with a filtered feedback path and ping-pong.
#pragma once

#include "engine/effects/effect.h"

#include <array>
#include <vector>

namespace loopmind::effects {

/// Echo every `beats` quarter notes of `tempo`, rounded to a frame. The feedback path passes a one-pole
/// low-pass at `tone_hz` and a high-pass at `low_cut_hz`; the first echo is unfiltered. With ping-pong the
/// sum of the input enters on the left and echoes change sides. A new delay time is faded in over 50 ms. The
/// graph sets `tempo`.
class Delay final : public Effect {
  public:
    enum Parameter { kWet, kDry, kBeats, kFeedback, kToneHz, kPingPong, kLowCutHz, kTempo };

    Delay();
    std::string_view type() const override { return "delay"; }
    double tail_seconds() const override;
    /// Frames between echoes at the parameters set now.
    int delay_frames() const;

  private:
    static constexpr double kLongestSeconds = 12.0; ///< 4 beats at 20 BPM
    struct Settings {
        float wet = 0, dry = 1, feedback = 0, cross = 0, tone = 1, low_cut = 0;
    };
    int frames_of(double beats, double tempo) const;
    Settings settings_at(bool begin) const;
    void on_prepare(double rate) override;
    void on_reset() noexcept override;
    void on_tick(bool moved) noexcept override;
    void run(float* left, float* right, int frames, int phase) noexcept override;

    std::array<std::vector<float>, 2> ring_;
    int mask_ = 0;
    int at_ = 0;
    int delay_ = 0;      ///< the time that sounds
    int next_delay_ = 0; ///< the time that fades in
    int fade_ = 0;       ///< frames of the fade still to come; 0: none
    int fade_length_ = 1;
    bool started_ = false;
    std::array<float, 2> tone_state_{};
    std::array<float, 2> low_cut_state_{};
    Settings from_;
    Settings to_;
};

} // namespace loopmind::effects
