// Waveform curves with antiderivative antialiasing.
#pragma once

#include <array>
#include <vector>

namespace loopmind::effects {

/// The curves of distortion; all have slope 1 at 0.
enum class Curve {
    kTanh, ///< tanh x
    kHard, ///< clipped at -1 and 1
    kFold, ///< sin x: what goes over the top comes back
    kTube  ///< tanh x above 0 and 2 tanh(x / 2) below: the lower half has twice the room
};
constexpr int kCurves = 4;

/// The curve itself, for makeup gain, displays and tests.
double curve_value(Curve curve, double x);

/// Applies a curve to samples of one channel with the second-order antiderivative method (Bilbao, Esqueda,
/// Parker, Välimäki, "Antiderivative antialiasing for memoryless nonlinearities", 2017): the output is that
/// of the curve applied to the straight lines between samples and averaged by a triangle two samples wide, so
/// its aliases fall as 1 / f^2 faster. Lags by one sample. The fold, whose harmonics end by themselves, is
/// evaluated plainly, one sample late too.
class Shaper {
  public:
    /// Makes the shared table at first use.
    static void prepare();
    void reset();
    /// In place. The last two inputs are those of the former call, whatever its curve.
    void process(Curve curve, float* io, int count);

  private:
    template <typename Antiderivatives> void run(const Antiderivatives& f, float* io, int count);
    double x1_ = 0;
    double x2_ = 0;
};

} // namespace loopmind::effects
