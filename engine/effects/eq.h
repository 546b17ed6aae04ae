// EQ: high-pass, eight bands (low shelf, six peaks, high shelf) and low-pass in series.
#pragma once

#include "engine/effects/biquad.h"
#include "engine/effects/effect.h"

#include <array>

namespace loopmind::effects {

/// Ten sections of the Audio EQ Cookbook. Band 1 is a low shelf, 2..7 peaks, 8 a high shelf, with the
/// parameters bandN_db, bandN_hz and bandN_q; `amount` scales all band gains. What is at 0 dB or off passes
/// every bit.
class Eq final : public Effect {
  public:
    static constexpr int kBands = 8;
    enum Parameter { kAmount, kHighPassHz, kLowPassHz, kFirstBand }; ///< then db, hz, q per band
    Eq();
    std::string_view type() const override { return "eq"; }
    double tail_seconds() const override { return 0.25; }
    /// Magnitude in dB at `frequency` Hz for the parameters set now (for displays).
    double magnitude_db(double frequency) const;

  private:
    static constexpr int kSections = kBands + 2;
    struct Section {
        bool active = false;
        BiquadCoefficients coefficients;
    };
    template <typename Read> std::array<Section, kSections> design(Read read) const;
    void on_prepare(double) override {}
    void on_reset() noexcept override;
    void on_tick(bool moved) noexcept override;
    bool takes_ticks() const noexcept override { return true; }
    void run(float* left, float* right, int frames, int phase) noexcept override;

    std::array<StereoBiquad, kSections> sections_;
    std::array<bool, kSections> active_{};
    std::array<StereoBiquad*, kSections> running_{}; ///< the active ones in their order
    int running_count_ = 0;
};

} // namespace loopmind::effects
