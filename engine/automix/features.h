// What one signal measures: loudness, peaks, balance of its sides, spectrum over time. JUCE-free.
#pragma once

#include "engine/metering/block_loudness.h"
#include "engine/metering/spectrum.h"

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace loopmind::automix {

/// Third-octave bands from 20 Hz; a row of them every 2048 frames, or less often in long sessions.
inline constexpr int kBandsPerOctave = 3;

/// Measures of a stereo signal, kept so that loudness and balance can be read behind any fader. Memory: at
/// most 8192 rows, and 16 bytes for each 100 ms.
struct Features {
    int sample_rate = 48000;
    std::int64_t frames = 0;
    bool finite = true;                       ///< every sample was a number
    std::array<std::vector<double>, 2> steps; ///< K-weighted sums of squares of each channel per 100 ms
    int step_frames = 4800;
    std::array<double, 2> energy{}; ///< sums of squares, unweighted
    std::array<double, 2> peak{};   ///< sample peaks, linear
    std::vector<double> centres;    ///< of the bands, Hz
    std::vector<float> cells;       ///< power of both channels, row after row
    std::vector<float> weights;     ///< share of the loudness of its row in the whole, see masking.h

    std::size_t bands() const { return centres.size(); }
    std::size_t rows() const { return centres.empty() ? 0 : cells.size() / centres.size(); }

    /// Gated integrated loudness (BS.1770-4) behind gains for left and right, in LUFS, with half a second of
    /// silence behind the sound; -infinity when nothing passes the gate of -70 LUFS. Agrees with libebur128
    /// to 0.01 LU.
    double lufs(double left = 1, double right = 1) const;
    /// Sample peak behind such gains, dBFS.
    double peak_db(double left = 1, double right = 1) const;
    /// Crest: sample peak over gated loudness, in dB (peak-to-loudness ratio, AES).
    double crest_db() const { return peak_db() - lufs(); }
    bool silent() const;
};

/// Where a signal stands between left (-1) and right (1) behind such gains: the position at which constant
/// power panning would put a mono signal of the same energies: 4 / pi * atan2(right, left) - 1.
double position(const Features& features, double left = 1, double right = 1);

/// Mean levels of the bands in dB over the whole signal (0 is a full-scale sine); -144 for nothing.
std::vector<double> mean_spectrum(const Features& features);

/// Share of the energy between two frequencies, by bands.
double band_share(const Features& features, double low_hz, double high_hz);

/// Slope of a spectrum in dB per octave: the line of least squares through the bands from 50 Hz to 16 kHz
/// whose level is within 45 dB of the strongest; the last 15 of these count less and less, so that no band
/// decides by a hair. 0 and `known` false when they span less than three octaves.
struct Slope {
    double db_per_octave = 0;
    bool known = false;
};
Slope slope_of(std::span<const double> centres, std::span<const double> levels);

/// Takes a signal apart while it streams by. One thread.
class FeatureMeter {
  public:
    /// `expected_frames` decides how many spectra make a row.
    FeatureMeter(int sample_rate, std::int64_t expected_frames);
    void add(std::span<const float> left, std::span<const float> right);
    Features finish();

  private:
    void spectrum();

    Features out_;
    metering::BlockLoudness left_, right_;
    metering::SpectrumAnalyser analyser_;
    std::vector<float> zeros_, window_left_, window_right_;
    std::vector<double> row_;
    int per_row_ = 1, in_row_ = 0;
    std::size_t filled_ = 0;
};

} // namespace loopmind::automix
