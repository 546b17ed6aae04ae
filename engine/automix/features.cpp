// Loudness per channel, spectra in rows, and what is read from them.
#include "engine/automix/features.h"

#include "engine/automix/masking.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace loopmind::automix {
namespace {

constexpr int kWindow = 4096;
constexpr int kHop = 2048;
constexpr std::int64_t kMaxRows = 8192;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

metering::SpectrumSettings spectrum_settings(int rate) {
    return {.sample_rate = static_cast<double>(rate),
            .fft_size = kWindow,
            .bands_per_octave = kBandsPerOctave,
            .lowest_hz = 20,
            .highest_hz = 20000,
            .fall_db_per_s = 0};
}

double lufs_of(double mean_square) {
    return mean_square > 0 ? -0.691 + 10 * std::log10(mean_square) : -kInfinity;
}

} // namespace

double Features::lufs(double left, double right) const {
    const std::size_t count = steps[0].size();
    const double a = left * left, b = right * right;
    const auto step = [&](std::size_t i) { return a * steps[0][i] + b * steps[1][i]; };
    const std::size_t blocks = count < 4 ? 1 : count - 3;
    const std::size_t length = std::min<std::size_t>(count, 4);
    if (count == 0) return -kInfinity;
    const auto mean_above = [&](double gate) {
        double sum = 0;
        std::size_t passed = 0;
        for (std::size_t i = 0; i < blocks; ++i) {
            double z = 0;
            for (std::size_t k = 0; k < length; ++k)
                z += step(i + k);
            z /= static_cast<double>(length) * step_frames;
            if (z < gate) continue;
            sum += z;
            ++passed;
        }
        return passed ? sum / static_cast<double>(passed) : 0.0;
    };
    const double absolute = std::pow(10.0, (-70.0 + 0.691) / 10.0);
    return lufs_of(mean_above(std::max(absolute, 0.1 * mean_above(absolute))));
}

double Features::peak_db(double left, double right) const {
    const double highest = std::max(peak[0] * std::abs(left), peak[1] * std::abs(right));
    return highest > 0 ? 20 * std::log10(highest) : -kInfinity;
}

bool Features::silent() const {
    return !(lufs() > -kInfinity);
}

double position(const Features& features, double left, double right) {
    const double l = left * std::sqrt(features.energy[0]), r = right * std::sqrt(features.energy[1]);
    return l <= 0 && r <= 0 ? 0 : 4 / std::numbers::pi * std::atan2(r, l) - 1;
}

std::vector<double> mean_spectrum(const Features& features) {
    const std::size_t bands = features.bands(), rows = features.rows();
    std::vector<double> out(bands, 0);
    for (std::size_t row = 0; row < rows; ++row)
        for (std::size_t band = 0; band < bands; ++band)
            out[band] += features.cells[row * bands + band];
    for (double& power : out)
        power =
            rows && power > 0 ? std::max(-144.0, 10 * std::log10(power / static_cast<double>(rows))) : -144;
    return out;
}

double band_share(const Features& features, double low_hz, double high_hz) {
    const std::vector<double> levels = mean_spectrum(features);
    double inside = 0, all = 0;
    for (std::size_t band = 0; band < levels.size(); ++band) {
        const double power = std::pow(10.0, levels[band] / 10);
        all += power;
        if (features.centres[band] >= low_hz && features.centres[band] < high_hz) inside += power;
    }
    return all > 0 ? inside / all : 0;
}

Slope slope_of(std::span<const double> centres, std::span<const double> levels) {
    constexpr double kLowest = 50, kHighest = 16000, kRange = 45, kFade = 15, kLeastOctaves = 3;
    double top = -144;
    for (std::size_t i = 0; i < centres.size(); ++i)
        if (centres[i] >= kLowest && centres[i] <= kHighest) top = std::max(top, levels[i]);
    double n = 0, sx = 0, sy = 0, sxx = 0, sxy = 0, first = 0, last = 0;
    for (std::size_t i = 0; i < centres.size(); ++i) {
        if (centres[i] < kLowest || centres[i] > kHighest || levels[i] < top - kRange || levels[i] <= -143)
            continue;
        const double x = std::log2(centres[i]);
        const double weight = std::min(1.0, (levels[i] - (top - kRange)) / kFade);
        if (n == 0) first = x;
        last = x;
        n += weight;
        sx += weight * x;
        sy += weight * levels[i];
        sxx += weight * x * x;
        sxy += weight * x * levels[i];
    }
    const double spread = n * sxx - sx * sx;
    if (last - first < kLeastOctaves || spread <= 0) return {};
    return {(n * sxy - sx * sy) / spread, true};
}

FeatureMeter::FeatureMeter(int sample_rate, std::int64_t expected_frames)
    : left_(sample_rate), right_(sample_rate), analyser_(spectrum_settings(sample_rate)),
      window_left_(kWindow, 0.0f), window_right_(kWindow, 0.0f) {
    out_.sample_rate = sample_rate;
    out_.step_frames = left_.step_frames();
    for (const metering::SpectrumBand& band : analyser_.bands())
        out_.centres.push_back(band.centre_hz);
    row_.assign(out_.centres.size(), 0);
    per_row_ = static_cast<int>(1 + std::max<std::int64_t>(0, expected_frames) / (kHop * kMaxRows));
    filled_ = kWindow - kHop; // the first window begins half a window ahead of the signal
}

void FeatureMeter::add(std::span<const float> left, std::span<const float> right) {
    const std::size_t count = std::min(left.size(), right.size());
    if (zeros_.size() < count) zeros_.assign(count, 0.0f);
    left_.add(left.first(count), std::span<const float>(zeros_).first(count));
    right_.add(std::span<const float>(zeros_).first(count), right.first(count));
    for (std::size_t i = 0; i < count; ++i) {
        const double l = left[i], r = right[i];
        if (!std::isfinite(l) || !std::isfinite(r)) {
            out_.finite = false;
            continue;
        }
        out_.energy[0] += l * l;
        out_.energy[1] += r * r;
        out_.peak[0] = std::max(out_.peak[0], std::abs(l));
        out_.peak[1] = std::max(out_.peak[1], std::abs(r));
    }
    out_.frames += static_cast<std::int64_t>(count);
    for (std::size_t at = 0; at < count;) {
        const std::size_t part = std::min(count - at, kWindow - filled_);
        std::copy_n(left.begin() + static_cast<std::ptrdiff_t>(at), part,
                    window_left_.begin() + static_cast<std::ptrdiff_t>(filled_));
        std::copy_n(right.begin() + static_cast<std::ptrdiff_t>(at), part,
                    window_right_.begin() + static_cast<std::ptrdiff_t>(filled_));
        filled_ += part;
        at += part;
        if (filled_ == kWindow) spectrum();
    }
}

void FeatureMeter::spectrum() {
    analyser_.analyse(window_left_, window_right_);
    const auto power = [](float db) {
        return db <= -143 ? 0.0 : std::pow(10.0, static_cast<double>(db) / 10);
    };
    for (std::size_t band = 0; band < row_.size(); ++band)
        row_[band] += power(analyser_.bands()[band].left_db) + power(analyser_.bands()[band].right_db);
    std::copy(window_left_.begin() + kHop, window_left_.end(), window_left_.begin());
    std::copy(window_right_.begin() + kHop, window_right_.end(), window_right_.begin());
    filled_ = kWindow - kHop;
    if (++in_row_ < per_row_) return;
    for (double& sum : row_) {
        out_.cells.push_back(static_cast<float>(sum / per_row_));
        sum = 0;
    }
    in_row_ = 0;
}

Features FeatureMeter::finish() {
    // Half a second of silence for the gate's last blocks, so that loudness does not depend on how much of it
    // a render had behind the sound.
    const std::vector<float> rest(static_cast<std::size_t>(out_.sample_rate / 2), 0.0f);
    if (out_.frames > 0) {
        left_.add(rest, rest);
        right_.add(rest, rest);
    }
    while (out_.frames > 0 && (filled_ > kWindow - kHop || in_row_ > 0)) { // the last window is filled up
        std::fill(window_left_.begin() + static_cast<std::ptrdiff_t>(filled_), window_left_.end(), 0.0f);
        std::fill(window_right_.begin() + static_cast<std::ptrdiff_t>(filled_), window_right_.end(), 0.0f);
        spectrum();
    }
    out_.steps[0].assign(left_.steps().begin(), left_.steps().end());
    out_.steps[1].assign(right_.steps().begin(), right_.steps().end());
    out_.weights = loudness_weights(out_);
    return std::move(out_);
}

} // namespace loopmind::automix
