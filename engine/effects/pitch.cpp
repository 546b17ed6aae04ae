// One analysis, peak shift and synthesis per hop.
#include "engine/effects/pitch.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

namespace loopmind::effects {

namespace {
constexpr double kPi = std::numbers::pi;
constexpr ParameterInfo kInfos[] = {
    {"semitones", "semitones", -24, 24, 0, "Shift in semitones", Scale::kLinear, -12, 12},
    {"cents", "cents", -100, 100, 0, "Fine shift", Scale::kLinear, -12, 12},
    {"mix", "ratio", 0, 1, 1, "Shifted sound against the input, which is as late", Scale::kLinear, 0.4f, 1},
};

/// An angle in -pi..pi.
double wrapped(double angle) {
    return angle - 2.0 * kPi * std::nearbyint(angle / (2.0 * kPi));
}
} // namespace

Pitch::Pitch() : Effect(kInfos) {}

void Pitch::on_prepare(double rate) {
    // Three times a power of two: 64 ms at 48 kHz, enough to tell the tones of a chord above middle C apart.
    frame_ = 384;
    while (frame_ < 0.06 * rate)
        frame_ *= 2;
    hop_ = frame_ / kOverlap;
    fft_.emplace(frame_);
    const auto size = static_cast<size_t>(frame_);
    const auto bins = static_cast<size_t>(fft_->bins());
    window_.resize(size);
    for (size_t i = 0; i < size; ++i) {
        window_[i] = static_cast<float>(
            0.5 - 0.5 * std::cos(2.0 * kPi * static_cast<double>(i) / static_cast<double>(frame_)));
    }
    scratch_.assign(size, 0.0f);
    power_.assign(bins, 0.0f);
    peaks_.assign(bins, 0);
    borders_.assign(bins + 1, 0);
    rotation_.assign(bins, 0.0);
    next_rotation_.assign(bins, 0.0);
    for (Side& side : sides_) {
        side.input.assign(size, 0.0f);
        side.output.assign(size, 0.0f);
        side.dry.assign(size, 0.0f);
        for (auto* spectrum :
             {&side.re, &side.im, &side.former_re, &side.former_im, &side.shifted_re, &side.shifted_im})
            spectrum->assign(bins, 0.0f);
    }
}

void Pitch::on_reset() noexcept {
    at_ = dry_at_ = 0;
    peak_count_ = 0;
    std::fill(rotation_.begin(), rotation_.end(), 0.0);
    former_brightness_ = 0;
    for (Side& side : sides_) {
        for (auto* values :
             {&side.input, &side.output, &side.dry, &side.re, &side.im, &side.former_re, &side.former_im})
            std::fill(values->begin(), values->end(), 0.0f);
    }
    started_ = false;
}

void Pitch::on_tick(bool moved) noexcept {
    if (!started_) mix_.jump(value(kMix));
    started_ = true;
    mix_.move(value(kMix));
}

void Pitch::analyse(Side& side) noexcept {
    side.re.swap(side.former_re);
    side.im.swap(side.former_im);
    for (size_t i = 0; i < scratch_.size(); ++i)
        scratch_[i] = side.input[i] * window_[i];
    fft_->forward(scratch_.data(), side.re.data(), side.im.data());
}

void Pitch::find_peaks() noexcept {
    const int bins = fft_->bins();
    auto power = [this](int k) { return power_[static_cast<size_t>(k)]; };
    peak_count_ = 0;
    for (int k = 2; k < bins - 2; ++k) {
        const float p = power(k);
        if (p > power(k - 1) && p >= power(k + 1) && p > power(k - 2) && p >= power(k + 2) && p > 1e-16f)
            peaks_[static_cast<size_t>(peak_count_++)] = k;
    }
    // Regions meet at the weakest bin between two peaks.
    borders_[0] = 0;
    for (int i = 1; i < peak_count_; ++i) {
        const int from = peaks_[static_cast<size_t>(i - 1)];
        const int to = peaks_[static_cast<size_t>(i)];
        int weakest = from + 1;
        for (int k = from + 2; k < to; ++k) {
            if (power(k) < power(weakest)) weakest = k;
        }
        borders_[static_cast<size_t>(i)] = weakest;
    }
    borders_[static_cast<size_t>(peak_count_)] = bins;
}

bool Pitch::is_onset() noexcept {
    double brightness = 0;
    for (size_t k = 0; k < power_.size(); ++k)
        brightness += static_cast<double>(k) * power_[k];
    const bool onset = brightness > 4.0 * former_brightness_;
    former_brightness_ = brightness;
    return onset;
}

void Pitch::shift(double ratio, bool anew) noexcept {
    const int bins = fft_->bins();
    for (Side& side : sides_) {
        std::fill(side.shifted_re.begin(), side.shifted_re.end(), 0.0f);
        std::fill(side.shifted_im.begin(), side.shifted_im.end(), 0.0f);
    }
    if (peak_count_ == 0) std::fill(next_rotation_.begin(), next_rotation_.end(), 0.0);
    const double per_bin = 2.0 * kPi / frame_; // radians per sample
    for (int i = 0; i < peak_count_; ++i) {
        const int peak = peaks_[static_cast<size_t>(i)];
        const auto p = static_cast<size_t>(peak);
        // Phase advance of the peak since the last hop, both sides by their power.
        double re = 0, im = 0;
        for (const Side& side : sides_) {
            re += static_cast<double>(side.re[p]) * side.former_re[p] +
                  static_cast<double>(side.im[p]) * side.former_im[p];
            im += static_cast<double>(side.im[p]) * side.former_re[p] -
                  static_cast<double>(side.re[p]) * side.former_im[p];
        }
        const double expected = per_bin * peak * hop_;
        const double frequency = per_bin * peak + wrapped(std::atan2(im, re) - expected) / hop_;
        const double change = (ratio - 1.0) * frequency;
        const int bins_up = static_cast<int>(std::lround(change / per_bin));
        const double turned = ratio == 1.0 || anew ? 0.0 : wrapped(rotation_[p] + change * hop_);
        // Turned about the middle of the frame: half a frame of a shift by whole bins is pi each.
        const double angle = turned + ((bins_up & 1) != 0 ? kPi : 0.0);
        const auto c = static_cast<float>(std::cos(angle));
        const auto s = static_cast<float>(std::sin(angle));
        const int begin = borders_[static_cast<size_t>(i)];
        const int end = borders_[static_cast<size_t>(i) + 1];
        for (int k = begin; k < end; ++k)
            next_rotation_[static_cast<size_t>(k)] = turned;
        const int first = std::max(begin, -bins_up);
        const int last = std::min(end, bins - bins_up);
        for (Side& side : sides_) {
            for (int k = first; k < last; ++k) {
                const auto from = static_cast<size_t>(k);
                const auto to = static_cast<size_t>(k + bins_up);
                side.shifted_re[to] += side.re[from] * c - side.im[from] * s;
                side.shifted_im[to] += side.re[from] * s + side.im[from] * c;
            }
        }
    }
    rotation_.swap(next_rotation_);
}

void Pitch::synthesise(Side& side) noexcept {
    fft_->inverse(side.shifted_re.data(), side.shifted_im.data(), scratch_.data());
    // The sum of squared Hann windows at a quarter's distance is 3 / 2.
    constexpr float kScale = 2.0f / 3.0f;
    for (size_t i = 0; i < scratch_.size(); ++i)
        side.output[i] += kScale * window_[i] * scratch_[i];
}

void Pitch::end_hop() noexcept {
    for (Side& side : sides_) {
        // What was finished has been played.
        std::memmove(side.output.data(), side.output.data() + hop_,
                     sizeof(float) * static_cast<size_t>(frame_ - hop_));
        std::fill(side.output.end() - hop_, side.output.end(), 0.0f);
        analyse(side);
    }
    for (size_t k = 0; k < power_.size(); ++k) {
        power_[k] = sides_[0].re[k] * sides_[0].re[k] + sides_[0].im[k] * sides_[0].im[k] +
                    sides_[1].re[k] * sides_[1].re[k] + sides_[1].im[k] * sides_[1].im[k];
    }
    find_peaks();
    const double semitones = value(kSemitones) + value(kCents) / 100.0;
    shift(semitones == 0 ? 1.0 : std::exp2(semitones / 12.0), is_onset());
    for (Side& side : sides_) {
        synthesise(side);
        std::memmove(side.input.data(), side.input.data() + hop_,
                     sizeof(float) * static_cast<size_t>(frame_ - hop_));
    }
}

void Pitch::run(float* left, float* right, int frames, int phase) noexcept {
    float* channels[2] = {left, right};
    for (size_t s = 0; s < 2; ++s) {
        Side& side = sides_[s];
        float* io = channels[s];
        float* fresh = side.input.data() + frame_ - hop_ + at_;
        for (int i = 0; i < frames; ++i) {
            float& late = side.dry[static_cast<size_t>(dry_at_ + i)];
            fresh[i] = io[i];
            io[i] = late + mix_.at(phase + i) * (side.output[static_cast<size_t>(at_ + i)] - late);
            late = fresh[i];
        }
    }
    dry_at_ = (dry_at_ + frames) % frame_; // a tick never crosses the end: frames are whole ticks
    at_ += frames;
    if (at_ == hop_) {
        at_ = 0;
        end_hop();
    }
}

} // namespace loopmind::effects
