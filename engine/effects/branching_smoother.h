// One-pole smoothing with one time constant on the way up and another on the way down.
#pragma once

#include <algorithm>
#include <cmath>

namespace loopmind::effects {

/// The smooth branching detector of Giannoulis, Massberg and Reiss (JAES 60(6), 2012, equation 16):
/// y += k (x - y), where k depends on whether x is above y. After a step, y has gone 1 - 1/e (63.2 %) of its
/// way within the time constant of that direction. In double precision: slow constants would stall in single.
///
/// The chosen branch is always the larger result of the two (the smaller one, when down is faster than up),
/// so next() takes a maximum instead of a branch that mispredicts; the slower-up case runs with all signs
/// turned.
class BranchingSmoother {
  public:
    /// Time constants in seconds; the state stays as it is.
    void set(double up_seconds, double down_seconds, double rate) {
        up_keep_ = keep(up_seconds, rate);
        down_keep_ = keep(down_seconds, rate);
        const double sign = up_keep_ <= down_keep_ ? 1 : -1;
        if (sign != sign_) state_ = -state_;
        sign_ = sign;
    }
    void reset(double value = 0) { state_ = sign_ * value; }
    double value() const { return sign_ * state_; }

    double next(double x) {
        const double turned = sign_ * x;
        const double up = up_keep_ * state_ + (1 - up_keep_) * turned;
        const double down = down_keep_ * state_ + (1 - down_keep_) * turned;
        state_ = up > down ? up : down;
        return sign_ * state_;
    }

    /// What one frame leaves of the distance.
    static double keep(double seconds, double rate) {
        return std::exp(-1.0 / (std::max(1e-6, seconds) * rate));
    }

  private:
    double up_keep_ = 0, down_keep_ = 0;
    double sign_ = 1;
    double state_ = 0; ///< times sign_
};

} // namespace loopmind::effects
