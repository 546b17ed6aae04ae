// Radix 2, decimation in time (Cooley and Tukey).
#include "engine/metering/fft.h"

#include <bit>
#include <cmath>
#include <numbers>
#include <utility>

namespace loopmind::metering {

Fft::Fft(std::size_t size)
    : size_(std::bit_ceil(size < 2 ? std::size_t{2} : size)), turns_(size_ / 2), places_(size_) {
    for (std::size_t k = 0; k < turns_.size(); ++k)
        turns_[k] =
            std::polar(1.0, -2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(size_));
    for (std::size_t i = 1; i < size_; ++i)
        places_[i] = places_[i / 2] / 2 + (i & 1 ? size_ / 2 : 0);
}

void Fft::forward(std::span<std::complex<double>> data) const {
    for (std::size_t i = 0; i < size_; ++i)
        if (i < places_[i]) std::swap(data[i], data[places_[i]]);
    for (std::size_t half = 1; half < size_; half *= 2) {
        const std::size_t step = size_ / (2 * half);
        for (std::size_t from = 0; from < size_; from += 2 * half) {
            for (std::size_t k = 0; k < half; ++k) {
                std::complex<double>& a = data[from + k];
                std::complex<double>& b = data[from + k + half];
                const std::complex<double> turned = b * turns_[k * step];
                b = a - turned;
                a += turned;
            }
        }
    }
}

} // namespace loopmind::metering
