// Measures on rendered audio, independent of the synthesiser's own code.
#pragma once

#include <span>
#include <vector>

namespace loopmind::synth_test {

double rms(std::span<const float> x);
double peak(std::span<const float> x);

/// Power spectrum of `x` under a four-term Blackman-Harris window (side lobes below -92 dB); x.size() must be
/// a power of two. Bin b is b * rate / x.size() Hz.
std::vector<double> power_spectrum(std::span<const float> x);

/// Power-weighted mean frequency in Hz.
double centroid(std::span<const float> x, double rate);
/// Share of the power at or above `hz`, 0..1.
double share_above(std::span<const float> x, double rate, double hz);
/// Frequency of the strongest line in [low, high] Hz, by a parabola through the log power of three bins.
double strongest(std::span<const float> x, double rate, double low, double high);
/// Power further than `tolerance` Hz from every multiple of `fundamental`, over all power, in dB.
double inharmonic_db(std::span<const float> x, double rate, double fundamental, double tolerance);

} // namespace loopmind::synth_test
