// Tick cutting and parameter smoothing shared by all effects.
#include "engine/effects/effect.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace loopmind::effects {

namespace {
constexpr double kSmoothingSeconds = 0.02;
} // namespace

Effect::Effect(std::span<const ParameterInfo> infos)
    : infos_(infos), targets_(infos.size()), values_(infos.size()), previous_(infos.size()),
      followed_(infos.size()) {
    for (size_t i = 0; i < infos_.size(); ++i)
        targets_[i].store(infos_[i].initial);
}

int Effect::parameter_index(std::string_view name) const {
    for (size_t i = 0; i < infos_.size(); ++i) {
        if (name == infos_[i].name) return static_cast<int>(i);
    }
    return -1;
}

bool Effect::set(std::string_view name, double value) {
    return set(parameter_index(name), value);
}

bool Effect::set(int index, double value) {
    if (index < 0 || index >= static_cast<int>(infos_.size()) || !std::isfinite(value)) return false;
    const auto& info = infos_[static_cast<size_t>(index)];
    if (info.scale == Scale::kSwitch) value = std::round(value);
    const auto clamped = static_cast<float>(
        std::clamp(value, static_cast<double>(info.minimum), static_cast<double>(info.maximum)));
    auto& target = targets_[static_cast<size_t>(index)];
    if (target.load(std::memory_order_relaxed) == clamped) return true;
    target.store(clamped, std::memory_order_relaxed);
    changed_.store(true, std::memory_order_release);
    return true;
}

void Effect::follow(int index, float value) noexcept {
    if (set(index, value)) followed_[static_cast<size_t>(index)] = 1;
}

void Effect::prepare(double rate, int max_block) {
    rate_ = rate;
    smoothing_ = static_cast<float>(1.0 - std::exp(-kTick / (kSmoothingSeconds * rate)));
    on_prepare(rate);
    reset();
}

void Effect::reset() noexcept {
    std::fill(followed_.begin(), followed_.end(), char{0});
    phase_ = 0;
    fresh_ = true;
    on_reset();
}

void Effect::advance_parameters() noexcept {
    // Most ticks find nothing set and nothing under way; walking through all parameters would then cost more
    // than the sound of a light effect. The flag falls before targets are read: what is set meanwhile raises
    // it again.
    if (changed_.load(std::memory_order_relaxed)) {
        changed_.exchange(false, std::memory_order_acquire);
        settled_ = false;
    }
    if (settled_ && !fresh_) {
        on_tick(false);
        return;
    }
    bool moved = fresh_;
    for (size_t i = 0; i < infos_.size(); ++i) {
        const float target = targets_[i].load(std::memory_order_relaxed);
        if (fresh_) values_[i] = target;
        previous_[i] = values_[i];
        const bool followed = std::exchange(followed_[i], char{0}) != 0;
        if (values_[i] == target) continue;
        if (followed || infos_[i].scale == Scale::kSwitch) {
            values_[i] = target;
            moved = true;
            continue;
        }
        const float span = infos_[i].maximum - infos_[i].minimum;
        values_[i] += smoothing_ * (target - values_[i]);
        if (std::abs(target - values_[i]) < 1e-4f * span) values_[i] = target;
        moved = true;
    }
    fresh_ = false;
    settled_ = !moved; // a tick without movement has brought the previous values up too
    on_tick(moved);
}

/// Frames that the next run() gets, of the `left` that there are.
int Effect::frames_at_once(int left) const noexcept {
    if (phase_ == 0 && left >= 2 * kTick && settled_ && takes_ticks()) // settled: the next ticks change nothing
        return std::min(left / kTick * kTick, kMostFrames);
    return std::min(left, kTick - phase_);
}

void Effect::process(float* left, float* right, int frames, const float* key_left,
                     const float* key_right) noexcept {
    for (int at = 0; at < frames;) {
        if (phase_ == 0) advance_parameters();
        const int count = frames_at_once(frames - at);
        key_left_ = key_left != nullptr ? key_left + at : nullptr;
        key_right_ = key_right != nullptr ? key_right + at : nullptr;
        run(left + at, right + at, count, phase_);
        at += count;
        phase_ = (phase_ + count) % kTick;
    }
}

} // namespace loopmind::effects
