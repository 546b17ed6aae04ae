// One pass at a time, each merged into the lane when it ends.
#include "engine/session/automation_recorder.h"

#include <algorithm>
#include <utility>

namespace loopmind::session {

AutomationRecorder::AutomationRecorder(AutomationMode mode, AutomationPoints points, double tolerance)
    : mode_(mode), points_(std::move(points)), tolerance_(tolerance) {}

void AutomationRecorder::start(double beat, double value) {
    running_ = true;
    beat_ = known_ = std::max(0.0, beat);
    value_ = rest_ = value;
    if (mode_ == AutomationMode::kWrite) begin_pass(beat_);
}

void AutomationRecorder::begin_pass(double beat) {
    recording_ = true;
    pass_start_ = beat;
    pass_ = {{beat, value_}};
}

AutomationPoints AutomationRecorder::merged(double end) const {
    AutomationPoints pass = pass_;
    if (pass.back().beat < end) pass.push_back({end, pass.back().value});
    const AutomationPoints lane = points_.empty() ? AutomationPoints{{0, rest_}} : points_;
    return replace_range(lane, pass_start_, end, simplified(pass, tolerance_));
}

void AutomationRecorder::end_pass(double beat) {
    if (recording_ && beat > pass_start_) points_ = merged(beat);
    recording_ = false;
    pass_.clear();
}

void AutomationRecorder::at(double beat) {
    beat = std::max(0.0, beat);
    if (beat < beat_) {
        const bool goes_on = recording_;
        end_pass(beat_);
        if (goes_on) begin_pass(beat);
        known_ = beat;
    } else if (beat > beat_) {
        known_ = beat_;
    }
    beat_ = beat;
}

void AutomationRecorder::advance(double beat) {
    if (running_) at(beat);
}

void AutomationRecorder::touch(double beat, double value) {
    move(beat, value);
}

void AutomationRecorder::move(double beat, double value) {
    if (!running_) return;
    at(beat);
    value_ = value;
    if (!recording_) {
        if (mode_ == AutomationMode::kLatch) begin_pass(beat_);
        return;
    }
    // Until the time before this the control stood still.
    if (pass_.back().beat < known_ && known_ < beat_) pass_.push_back({known_, pass_.back().value});
    if (pass_.size() > 1 && pass_.back().beat == beat_ && pass_[pass_.size() - 2].beat == beat_) {
        pass_.back().value = value;
    } else {
        pass_.push_back({beat_, value});
    }
}

void AutomationRecorder::release(double beat) {
    advance(beat);
}

void AutomationRecorder::stop(double beat) {
    if (!running_) return;
    at(beat);
    end_pass(beat_);
    running_ = false;
}

AutomationPoints AutomationRecorder::result() const {
    return recording_ && beat_ > pass_start_ ? merged(beat_) : points_;
}

} // namespace loopmind::session
