// Loudness and true peak of stereo audio as EBU R 128 / ITU-R BS.1770-4 define them, measured by libebur128.
#pragma once

#include "proto/base/result.h"

#include <memory>
#include <span>

namespace loopmind::metering {

/// What a loudness meter shows. Silence (nothing above the -70 LUFS gate) reads -infinity.
struct Loudness {
    double integrated_lufs = 0; ///< gated, whole programme
    double momentary_lufs = 0;  ///< last 400 ms
    double short_term_lufs = 0; ///< last 3 s
    double true_peak_db = 0;    ///< dBTP, 4x oversampled below 96 kHz
    double sample_peak_db = 0;  ///< dBFS
};

/// Streaming meter. One owner thread; add() allocates inside libebur128, so keep it off the audio thread.
class LoudnessMeter {
  public:
    /// `sample_rate` 8000..384000 Hz, stereo. Errors: invalid_argument, resource_exhausted.
    /// `with_true_peak` false saves about three quarters of the time; true_peak_db then reads -infinity.
    static Result<LoudnessMeter> create(int sample_rate, bool with_true_peak = true);

    /// Adds frames; both spans have the same length.
    void add(std::span<const float> left, std::span<const float> right);
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
