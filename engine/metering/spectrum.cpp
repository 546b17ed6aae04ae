// Both channels in one complex transform, then sums over bands.
#include "engine/metering/spectrum.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

namespace loopmind::metering {
namespace {

constexpr float kFloorDb = -144;
constexpr double kLobeBins = 4; ///< main lobe of the Hann window

SpectrumSettings clamped(SpectrumSettings s) {
    s.sample_rate = std::clamp(s.sample_rate, 8000.0, 384000.0);
    s.fft_size = static_cast<int>(std::bit_ceil(static_cast<unsigned>(std::clamp(s.fft_size, 256, 65536))));
    s.bands_per_octave = std::clamp(s.bands_per_octave, 1, 24);
    s.lowest_hz = std::clamp(s.lowest_hz, 1.0, s.sample_rate / 4);
    s.highest_hz = std::clamp(s.highest_hz, 2 * s.lowest_hz, s.sample_rate / 2);
    s.fall_db_per_s = std::max(s.fall_db_per_s, 0.0);
    return s;
}

} // namespace

SpectrumAnalyser::SpectrumAnalyser(const SpectrumSettings& settings)
    : settings_(clamped(settings)), fft_(static_cast<std::size_t>(settings_.fft_size)) {
    const std::size_t size = fft_.size();
    window_.resize(size);
    double squares = 0;
    for (std::size_t i = 0; i < size; ++i) {
        window_[i] =
            0.5 - 0.5 * std::cos(2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(size));
        squares += window_[i] * window_[i];
    }
    // Parseval: the bins of one side of a sine of amplitude 1 hold N * squares / 4 together.
    scale_ = 4 / (static_cast<double>(size) * squares);
    left_.resize(size);
    right_.resize(size);
    work_.resize(size);
    power_left_.resize(size / 2 + 1);
    power_right_.resize(size / 2 + 1);
    const double per_octave = settings_.bands_per_octave;
    const double bin = settings_.sample_rate / static_cast<double>(size);
    const double edge = std::exp2(0.5 / per_octave);
    const auto first = static_cast<int>(std::ceil(per_octave * std::log2(settings_.lowest_hz / 1000)));
    for (int n = first;; ++n) {
        const double centre = 1000 * std::exp2(n / per_octave);
        if (centre > settings_.highest_hz) break;
        SpectrumBand band{centre / edge, centre, std::min(centre * edge, settings_.sample_rate / 2)};
        Bins bins{band.low_hz / bin, band.high_hz / bin};
        if (bins.last - bins.first < kLobeBins)
            bins = {centre / bin - kLobeBins / 2, centre / bin + kLobeBins / 2};
        bands_.push_back(band);
        bins_.push_back(bins);
    }
}

bool SpectrumAnalyser::update(const ScopeRing& ring, double seconds) {
    if (!ring.latest(left_, right_)) return false;
    transform(settings_.fall_db_per_s > 0 ? settings_.fall_db_per_s * std::max(seconds, 0.0) : 1000);
    return true;
}

void SpectrumAnalyser::analyse(std::span<const float> left, std::span<const float> right) {
    if (left.size() != fft_.size() || right.size() != fft_.size()) return;
    std::copy(left.begin(), left.end(), left_.begin());
    std::copy(right.begin(), right.end(), right_.begin());
    transform(1000);
}

void SpectrumAnalyser::transform(double fall_db) {
    const std::size_t size = fft_.size();
    for (std::size_t i = 0; i < size; ++i) {
        const double l = std::isfinite(left_[i]) ? left_[i] : 0, r = std::isfinite(right_[i]) ? right_[i] : 0;
        work_[i] = {window_[i] * l, window_[i] * r};
    }
    fft_.forward(work_);
    // A transform of l + i r holds both: the even part is the left spectrum, the odd part i times the right.
    for (std::size_t k = 0; k <= size / 2; ++k) {
        const std::complex<double> a = work_[k], b = std::conj(work_[(size - k) % size]);
        power_left_[k] = std::norm(0.5 * (a + b)) * scale_;
        power_right_[k] = std::norm(0.5 * (a - b)) * scale_;
    }
    for (std::size_t n = 0; n < bands_.size(); ++n) {
        const auto show = [&](float& shown, float now) {
            shown = std::max(now, std::max(kFloorDb, shown - static_cast<float>(fall_db)));
        };
        show(bands_[n].left_db, level(bins_[n], false));
        show(bands_[n].right_db, level(bins_[n], true));
    }
}

float SpectrumAnalyser::level(Bins bins, bool right) const {
    const std::vector<double>& power = right ? power_right_ : power_left_;
    const double low = std::max(bins.first, -0.5),
                 high = std::min(bins.last, static_cast<double>(power.size()) - 0.5);
    double sum = 0;
    for (auto k = static_cast<std::size_t>(std::max(0.0, std::floor(low + 0.5))); k < power.size(); ++k) {
        const double overlap =
            std::min(high, static_cast<double>(k) + 0.5) - std::max(low, static_cast<double>(k) - 0.5);
        if (overlap <= 0) break;
        sum += overlap * power[k];
    }
    return sum > 0 ? std::max(kFloorDb, static_cast<float>(10 * std::log10(sum))) : kFloorDb;
}

} // namespace loopmind::metering
