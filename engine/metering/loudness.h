// Loudness, loudness range and true peak as EBU R 128, Tech 3341, Tech 3342 and ITU-R BS.1770-4 define them,
// measured by libebur128.
#pragma once

#include "proto/base/result.h"

#include <memory>
#include <span>
#include <vector>

namespace loopmind::metering {

/// What a loudness meter shows. Silence (nothing above the -70 LUFS gate) reads -infinity.
struct Loudness {
    double integrated_lufs = 0;     ///< gated, whole programme
    double momentary_lufs = 0;      ///< last 400 ms
    double short_term_lufs = 0;     ///< last 3 s
    double true_peak_db = 0;        ///< dBTP, 4x oversampled below 96 kHz; the highest of all channels
    double sample_peak_db = 0;      ///< dBFS
    double range_lu = 0;            ///< LRA of Tech 3342; 0 when not asked for or nothing passed its gate
    double max_momentary_lufs = 0;  ///< highest so far; -infinity when not asked for
    double max_short_term_lufs = 0; ///< the same
    std::vector<double> channel_true_peak_db; ///< dBTP of each channel; empty without true peak
};

/// What a meter measures beside M, S and I.
struct MeterSettings {
    /// 1..8 in WAVE order: L R C LFE Lb Rb Ls Rs; BS.1770 weights surrounds by 1.41 and leaves LFE out. One
    /// channel counts as one loudspeaker, as BS.1770 says: mono played by two is 3 LU louder.
    int channels = 2;
    bool true_peak = true; ///< from 96 kHz on it takes about three quarters of the time
    bool range = false;    ///< loudness range
    bool maxima = false;   ///< maxima of M every 10 ms and of S every 100 ms
};

/// Streaming meter of 8000..384000 Hz. One owner thread; add() allocates inside libebur128, so keep it off
/// the audio thread.
class LoudnessMeter {
  public:
    /// `sample_rate` 8000..384000 Hz, stereo. Errors: invalid_argument, resource_exhausted.
    /// `with_true_peak` false saves some time, from 96 kHz on three quarters of it; true_peak_db then reads
    /// -infinity.
    static Result<LoudnessMeter> create(int sample_rate, bool with_true_peak = true);
    static Result<LoudnessMeter> create(int sample_rate, const MeterSettings& settings);

    /// Adds frames; both spans have the same length.
    void add(std::span<const float> left, std::span<const float> right);
    /// The same for any number of channels: one span per channel, all of one length.
    void add(std::span<const std::span<const float>> planes);
    /// What the meter shows after the frames so far.
    Loudness read() const;

  private:
    struct State;
    explicit LoudnessMeter(std::shared_ptr<State> state) : state_(std::move(state)) {}
    std::shared_ptr<State> state_;
};

/// Measures a whole buffer. Errors as LoudnessMeter::create.
Result<Loudness> measure_loudness(std::span<const float> left, std::span<const float> right, int sample_rate);

} // namespace loopmind::metering
