// Measures effects against their definitions: the figures that tests assert and `build/bench/effects
// --report` prints. Definitions are computed here anew, from the papers, not with the effects' own code.
#pragma once

#include "tests/engine/effects/signals.h"

#include <string>
#include <vector>

namespace loopmind::effects::test {

/// One measured figure and what it must not exceed.
struct Figure {
    std::string what;
    double worst = 0; ///< in `unit`
    double limit = 0;
    const char* unit = "dB";
    bool holds() const { return worst <= limit; } ///< false for not a number, too
};

/// Static gain of the compressor for steady levels against Giannoulis, Massberg and Reiss (2012), equation 4:
/// largest error in dB per setting.
std::vector<Figure> compressor_curve();
/// Time after a step until the reduction in dB has gone 63.2 % of its way, against the parameter, in percent.
std::vector<Figure> compressor_times();
/// Magnitude of the EQ's impulse response against the Audio EQ Cookbook, per kind of band.
std::vector<Figure> eq_response();
/// True peak above the ceiling on hostile signals, by libebur128 and by true_peak_16x_db().
std::vector<Figure> limiter_ceiling();
/// The sum of all bands against 0 dB, and each band at its crossovers against -6.02 dB.
std::vector<Figure> crossover_response();

/// All of the above with a title each.
std::vector<std::pair<std::string, std::vector<Figure>>> all_measures();

/// Largest magnitude in dB of both channels at 16 points per sample, interpolated by a Kaiser-windowed sinc
/// of 128 samples: an independent and stricter meter than BS.1770's four points.
double true_peak_16x_db(const Stereo& signal);
/// Loudest reading of libebur128, dBTP.
double true_peak_r128_db(const Stereo& signal, int rate);

/// Signals that make bad limiters pass peaks, one second each, by name.
std::vector<std::pair<std::string, Stereo>> hostile_signals(int rate);

} // namespace loopmind::effects::test
