// Reverb: a sixteen-line feedback delay network, time-invariant so that loops wrap exactly.
#pragma once

#include "engine/effects/effect.h"

#include <array>
#include <vector>

namespace loopmind::effects {

/// Pre-delay, low cut, four all-pass diffusers a side, then sixteen delay lines through a Hadamard matrix
/// (Jot and Chaigne 1991). Each pass through line i loses 60 dB * length / decay; a one-pole filter in each
/// line makes the decay half as long at `damping_hz`. No modulation: the same input gives the same sound
/// every time. `size` takes effect at prepare().
class Reverb final : public Effect {
  public:
    enum Parameter { kWet, kDry, kDecaySeconds, kPredelayMs, kDampingHz, kLowCutHz, kWidth, kSize };

    Reverb();
    std::string_view type() const override { return "reverb"; }
    double tail_seconds() const override;

  private:
    static constexpr int kLines = 16;
    static constexpr int kDiffusers = 4;

    /// A delay line whose delays are all at least one tick.
    struct Line {
        std::vector<float> ring; ///< a power of two
        int mask = 0;
        int at = 0;
        int delay = 0;
        void allocate(int longest);
        void clear();
        void read(int delay_frames, float* out, int frames) const;
        void write(const float* in, int frames);
    };
    struct Levels {
        float wet = 0, dry = 1, width = 1;
        bool operator==(const Levels&) const = default;
    };

    void on_prepare(double rate) override;
    void on_reset() noexcept override;
    void on_tick(bool moved) noexcept override;
    void run(float* left, float* right, int frames, int phase) noexcept override;
    void diffuse(int side, float* io, int frames) noexcept;
    void run_network(const float* in_left, const float* in_right, float* left, float* right,
                     int frames) noexcept;

    std::array<Line, 2> predelay_;
    std::array<std::array<Line, kDiffusers>, 2> diffusers_;
    std::array<std::array<float, kDiffusers>, 2> diffusion_{}; ///< their coefficients
    std::array<Line, kLines> lines_;
    alignas(16) std::array<float, kLines> pass_gain_{}; ///< loss per pass times 1 - pole
    alignas(16) std::array<float, kLines> pole_{};
    alignas(16) std::array<float, kLines> damping_state_{};
    std::array<float, 2> low_cut_state_{};
    float low_cut_ = 0;
    float network_level_ = 1;
    int predelay_from_ = 0; ///< frames; a tick fades from the one to the other
    int predelay_to_ = 0;
    Levels from_;
    Levels to_;
};

} // namespace loopmind::effects
