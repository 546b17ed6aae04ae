// Gains of one quantum and their product with the signal.
#include "engine/graph/fader.h"

#include "engine/graph/exact_math.h"

namespace loopmind::graph {

Fader::Fader(const PlanFader& plan)
    : gain_db_(plan.gain_db), pan_(plan.pan), scale_(plan.scale), law_(plan.law), gain_lane_(plan.gain_lane),
      pan_lane_(plan.pan_lane), mute_lane_(plan.mute_lane) {
    reset();
}

void Fader::target() noexcept {
    const PanGains pan = pan_gains(law_, pan_);
    const float gain = exact_gain(gain_db_) * scale_;
    target_left_ = gain * pan.left;
    target_right_ = gain * pan.right;
}

void Fader::reset() noexcept {
    target();
    left_ = target_left_;
    right_ = target_right_;
}

void Fader::set_gain_db(double gain_db) noexcept {
    gain_db_ = gain_db;
    gain_lane_ = {};
}

void Fader::set_pan(double pan) noexcept {
    pan_ = pan;
    pan_lane_ = {};
}

void Fader::continue_from(const Fader& before) noexcept {
    left_ = before.left_;
    right_ = before.right_;
}

/// Gains of each frame from the lanes; sets moves_ or, when they all stand still, the target.
void Fader::follow(const Timeline& timeline, std::int64_t running, int frames) noexcept {
    std::array<float, kQuantum> gain, pan, mute;
    gain[0] = static_cast<float>(gain_db_);
    pan[0] = static_cast<float>(pan_);
    mute[0] = 0;
    const bool still_gain = !gain_lane_ || gain_lane_.fill(timeline, running, frames, gain.data());
    const bool still_pan = !pan_lane_ || pan_lane_.fill(timeline, running, frames, pan.data());
    const bool still_mute = !mute_lane_ || mute_lane_.fill(timeline, running, frames, mute.data());
    PanGains sides = pan_gains(law_, pan[0]);
    float level = exact_gain(gain[0]) * scale_;
    if (still_gain && still_pan && still_mute) {
        const float on = mute[0] >= 0.5f ? 0.0f : level;
        target_left_ = on * sides.left;
        target_right_ = on * sides.right;
        return;
    }
    moves_ = true;
    for (size_t i = 0; i < static_cast<size_t>(frames); ++i) {
        if (!still_gain) level = exact_gain(gain[i]) * scale_;
        if (!still_pan) sides = pan_gains(law_, pan[i]);
        const float on = mute[still_mute ? 0 : i] >= 0.5f ? 0.0f : level;
        gains_left_[i] = on * sides.left;
        gains_right_[i] = on * sides.right;
    }
}

void Fader::process(const Timeline& timeline, std::int64_t running, const float* in_left,
                    const float* in_right, float* out_left, float* out_right, int frames) noexcept {
    const bool lanes = gain_lane_ || pan_lane_ || mute_lane_;
    moves_ = false;
    if (lanes) {
        follow(timeline, running, frames);
    } else {
        target();
    }
    if (moves_) {
        for (int i = 0; i < frames; ++i)
            out_left[i] = in_left[i] * gains_left_[static_cast<size_t>(i)];
        for (int i = 0; i < frames; ++i)
            out_right[i] = in_right[i] * gains_right_[static_cast<size_t>(i)];
        left_ = gains_left_[static_cast<size_t>(frames - 1)];
        right_ = gains_right_[static_cast<size_t>(frames - 1)];
        return;
    }
    if (lanes || // a step of a curve is exact, a hand is smoothed
        (left_ == target_left_ && right_ == target_right_)) {
        left_ = target_left_;
        right_ = target_right_;
        for (int i = 0; i < frames; ++i)
            out_left[i] = in_left[i] * left_;
        for (int i = 0; i < frames; ++i)
            out_right[i] = in_right[i] * right_;
        return;
    }
    const float step = 1.0f / static_cast<float>(frames);
    for (int i = 0; i < frames; ++i) {
        const float way = static_cast<float>(i + 1) * step;
        out_left[i] = in_left[i] * (left_ + way * (target_left_ - left_));
        out_right[i] = in_right[i] * (right_ + way * (target_right_ - right_));
    }
    left_ = target_left_;
    right_ = target_right_;
}

} // namespace loopmind::graph
