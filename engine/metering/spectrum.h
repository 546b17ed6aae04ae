// Spectrum in bands of equal musical width, for pictures and for measuring balance.
#pragma once

#include "engine/metering/fft.h"
#include "engine/metering/scope_ring.h"

#include <complex>
#include <vector>

namespace loopmind::metering {

struct SpectrumSettings {
    double sample_rate = 48000;
    int fft_size = 8192;      ///< a power of two, 256..65536
    int bands_per_octave = 6; ///< 1..24
    double lowest_hz = 20;
    double highest_hz = 20000; ///< at most half the rate is shown
    double fall_db_per_s = 24; ///< how fast shown levels sink; 0: they follow at once
};

struct SpectrumBand {
    double low_hz = 0;
    double centre_hz = 0; ///< 1000 * 2^(n / bands_per_octave)
    double high_hz = 0;
    float left_db = -144; ///< power in the band; a full-scale sine reads 0 in its band
    float right_db = -144;
};

/// Hann window, power summed over the bins of a band by their overlap. A band narrower than the window's main
/// lobe (four bins) is widened to it, so that a sine reads its level at any frequency; noise reads higher
/// there. All on the thread that draws: the audio thread only writes the ScopeRing. Settings outside their
/// ranges are clamped.
class SpectrumAnalyser {
  public:
    explicit SpectrumAnalyser(const SpectrumSettings& settings);
    const SpectrumSettings& settings() const { return settings_; }

    /// Takes the newest samples of the ring, `seconds` after the last update. False when they were
    /// overwritten while being read (the last picture stays).
    bool update(const ScopeRing& ring, double seconds);
    /// Analyses fft_size() samples at once; both spans of that length. Levels follow at once.
    void analyse(std::span<const float> left, std::span<const float> right);
    std::size_t fft_size() const { return fft_.size(); }
    const std::vector<SpectrumBand>& bands() const { return bands_; }

  private:
    void transform(double fall_db);
    struct Bins {
        double first = 0; ///< in bins, edges at k - 0.5
        double last = 0;
    };
    float level(Bins bins, bool right) const;

    SpectrumSettings settings_;
    Fft fft_;
    std::vector<double> window_;
    double scale_ = 1; ///< from squared magnitudes to power against a full-scale sine
    std::vector<float> left_, right_;
    std::vector<std::complex<double>> work_;
    std::vector<double> power_left_, power_right_;
    std::vector<SpectrumBand> bands_;
    std::vector<Bins> bins_;
};

} // namespace loopmind::metering
