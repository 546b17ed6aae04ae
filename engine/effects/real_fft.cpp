// Wraps kiss_fftr.
#include "engine/effects/real_fft.h"

#include <kissfft/kiss_fftr.h>

#include <new>

namespace loopmind::effects {

struct RealFft::Plans {
    kiss_fftr_cfg forward;
    kiss_fftr_cfg inverse;
    std::vector<kiss_fft_cpx> spectrum;
    explicit Plans(int size)
        : forward(kiss_fftr_alloc(size, 0, nullptr, nullptr)),
          inverse(kiss_fftr_alloc(size, 1, nullptr, nullptr)), spectrum(static_cast<size_t>(size / 2 + 1)) {
        if (forward == nullptr || inverse == nullptr) {
            kiss_fftr_free(forward);
            kiss_fftr_free(inverse);
            throw std::bad_alloc();
        }
    }
    ~Plans() {
        kiss_fftr_free(forward);
        kiss_fftr_free(inverse);
    }
    Plans(const Plans&) = delete;
    Plans& operator=(const Plans&) = delete;
};

RealFft::RealFft(int size) : size_(size), plans_(std::make_unique<Plans>(size)) {}
RealFft::~RealFft() = default;
RealFft::RealFft(RealFft&&) noexcept = default;
RealFft& RealFft::operator=(RealFft&&) noexcept = default;

void RealFft::forward(const float* time, float* re, float* im) {
    kiss_fft_cpx* spectrum = plans_->spectrum.data();
    kiss_fftr(plans_->forward, time, spectrum);
    for (int k = 0; k < bins(); ++k) {
        re[k] = spectrum[k].r;
        im[k] = spectrum[k].i;
    }
}

void RealFft::inverse(const float* re, const float* im, float* time) {
    kiss_fft_cpx* spectrum = plans_->spectrum.data();
    const float scale = 1.0f / static_cast<float>(size_);
    for (int k = 0; k < bins(); ++k) {
        spectrum[k].r = re[k] * scale;
        spectrum[k].i = im[k] * scale;
    }
    kiss_fftri(plans_->inverse, spectrum, time);
}

} // namespace loopmind::effects
