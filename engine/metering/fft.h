// A plain FFT for meters: sizes are powers of two, tables are made once.
#pragma once

#include <complex>
#include <span>
#include <vector>

namespace loopmind::metering {

/// In-place forward transform, X[k] = sum x[n] e^(-2 pi i k n / N). Thread-safe once made.
class Fft {
  public:
    /// `size` a power of two, 2..2^20.
    explicit Fft(std::size_t size);
    std::size_t size() const { return size_; }
    /// `data` holds size() values.
    void forward(std::span<std::complex<double>> data) const;

  private:
    std::size_t size_;
    std::vector<std::complex<double>> turns_;
    std::vector<std::size_t> places_; ///< bit-reversed indices
};

} // namespace loopmind::metering
