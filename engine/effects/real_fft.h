// Fourier transform of real signals, the same on every machine.
#pragma once

#include <memory>
#include <vector>

namespace loopmind::effects {

/// KISS FFT in single precision. Chosen over FFTW because it has one code path and no planner: FFTW picks
/// kernels by the processor, so workers of different make would render different samples. Spectra are split
/// into real and imaginary parts so that products of them vectorise. Allocates in the constructor only; one
/// thread at a time.
class RealFft {
  public:
    /// `size`: an even number; powers of two are fastest.
    explicit RealFft(int size);
    ~RealFft();
    RealFft(RealFft&&) noexcept;
    RealFft& operator=(RealFft&&) noexcept;

    int size() const { return size_; }
    int bins() const { return size_ / 2 + 1; }
    /// `time` holds size() values, `re` and `im` get bins().
    void forward(const float* time, float* re, float* im);
    /// The inverse, scaled so that it undoes forward().
    void inverse(const float* re, const float* im, float* time);

  private:
    struct Plans;
    int size_;
    std::unique_ptr<Plans> plans_;
};

} // namespace loopmind::effects
