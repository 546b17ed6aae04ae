// A low-frequency oscillator read once per tick, in Hertz or in beats of the tempo.
#pragma once

#include <cmath>
#include <numbers>

namespace loopmind::effects {

/// Shapes in -1..1 that start at 0 and rise (the square starts high, the saw at -1).
enum class LfoShape { kSine, kTriangle, kSquare, kSaw };
constexpr int kLfoShapes = 4;

/// Value of a shape at a phase in periods (any number).
inline double lfo_value(LfoShape shape, double phase) {
    const double p = phase - std::floor(phase);
    switch (shape) {
    case LfoShape::kSine:
        return std::sin(2.0 * std::numbers::pi * p);
    case LfoShape::kTriangle:
        return p < 0.25 ? 4.0 * p : p < 0.75 ? 2.0 - 4.0 * p : 4.0 * p - 4.0;
    case LfoShape::kSquare:
        return p < 0.5 ? 1.0 : -1.0;
    case LfoShape::kSaw:
        return 2.0 * p - 1.0;
    }
    return 0;
}

/// Periods per second of a modulation that lasts `beats` quarter notes.
inline double hertz_of_beats(double beats, double tempo) {
    return tempo / (60.0 * beats);
}

/// Counts periods since reset().
class Lfo {
  public:
    void reset() { phase_ = 0; }
    /// Goes on by `frames` at `hertz` and gives the phase reached, in 0..1.
    double advance(double hertz, double rate, int frames) {
        phase_ += hertz * frames / rate;
        phase_ -= std::floor(phase_);
        return phase_;
    }
    double phase() const { return phase_; }

  private:
    double phase_ = 0;
};

} // namespace loopmind::effects
