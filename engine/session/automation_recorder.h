// Turns the movements of a control during playback into automation points, by the lane's mode. JUCE-free.
#pragma once

#include "engine/session/automation_points.h"

namespace loopmind::session {

/// Records one lane through one run of the transport.
///
/// kWrite replaces everything from start() to stop() with where the control stands. kLatch replaces from the
/// first touch() on, and goes on with the last value after release() until stop(). kRead and kOff record
/// nothing. A beat that goes back (a loop, a jump) ends a pass and begins the next: a later pass goes over an
/// earlier one. In kLatch an untouched control stays untouched over the jump, a touched one goes on.
/// One thread.
class AutomationRecorder {
  public:
    /// `points`: the lane as it stands. `tolerance`: how far the recorded points may leave the movement, in
    /// the unit of the value; they are thinned to that.
    AutomationRecorder(AutomationMode mode, AutomationPoints points, double tolerance = 0);

    void start(double beat, double value); ///< the transport runs, the control stands at `value`
    void touch(double beat, double value);
    void move(double beat, double value); ///< counts as a touch when there was none
    void release(double beat);            ///< the hand leaves the control
    /// Time passes: call often. From the last earlier beat that was told to a move() the value runs in a
    /// line.
    void advance(double beat);
    void stop(double beat);

    bool recording() const { return recording_; } ///< whether what passes now is replaced
    /// The lane with everything recorded so far. Outside the passes it is what it was; an empty one stays at
    /// the value given to start() there.
    AutomationPoints result() const;

  private:
    void at(double beat); ///< time moves to `beat`; a jump back ends the pass
    void begin_pass(double beat);
    void end_pass(double beat);
    AutomationPoints merged(double end) const;

    AutomationMode mode_;
    AutomationPoints points_; ///< with the passes that ended
    double tolerance_;
    bool running_ = false, recording_ = false;
    double beat_ = 0, value_ = 0; ///< of now
    double rest_ = 0;             ///< where the control stood at start(): what an empty lane plays
    double known_ = 0;            ///< the last beat that was told before this one
    double pass_start_ = 0;
    AutomationPoints pass_;
};

} // namespace loopmind::session
