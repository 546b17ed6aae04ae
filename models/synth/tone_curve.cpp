// Shelves and band limits of the Tone block.
#include "models/synth/tone_curve.h"

#include <algorithm>
#include <cmath>

namespace loopmind::synth {
namespace {

double gain_of(double db) {
    return std::pow(10.0, db / 20.0);
}

/// First-order shelf: 1 at 0 Hz, `db` far above `corner`.
at::Tensor high_shelf(const at::Tensor& hz, const at::Tensor& one, double corner, double db) {
    const double root = std::sqrt(gain_of(db));
    return at::complex(one, hz * (root / corner)) / at::complex(one, hz * (1.0 / (root * corner)));
}

at::Tensor low_shelf(const at::Tensor& hz, const at::Tensor& one, double corner, double db) {
    return high_shelf(hz, one, corner, -db) * gain_of(db);
}

at::Tensor low_pass(const at::Tensor& hz, double corner) {
    const auto w = hz * (1.0 / corner);
    return at::complex(1 - w * w, w * std::sqrt(2.0)).reciprocal();
}

at::Tensor high_pass(const at::Tensor& hz, const at::Tensor& one, double corner) {
    const auto w = hz * (1.0 / corner);
    return at::complex(at::zeros_like(w), w) / at::complex(one, w);
}

} // namespace

at::Tensor tone_response(const composer::Tone& tone, const at::Tensor& hz) {
    const auto one = at::ones_like(hz);
    auto out = at::complex(one, at::zeros_like(hz));
    const double tilt = (std::clamp(tone.brightness, 0.0, 1.0) - 0.5) * 2.0;
    if (tilt != 0) {
        out = out * high_shelf(hz, one, 2600, 6.5 * tilt) * low_shelf(hz, one, 260, -2.5 * tilt);
        out = out * high_shelf(hz, one, 7000, 3.0 * tilt);
    }
    if (tone.warmth > 0) {
        out =
            out * low_shelf(hz, one, 280, 3.5 * tone.warmth) * high_shelf(hz, one, 5500, -3.0 * tone.warmth);
    }
    if (tone.air > 0) out = out * high_shelf(hz, one, 9000, 8.0 * tone.air);
    if (tone.age > 0) {
        // Worn tape and small speakers: dull from the middle up, gone at the top, thin at the bottom.
        out = out * high_shelf(hz, one, 1000, -7.0 * tone.age);
        out = out * low_pass(hz, 20000 * std::exp2(-2.4 * tone.age));
        out = out * high_pass(hz, one, 8 + 40 * tone.age);
    }
    return out;
}

double saturation(const composer::Tone& tone) {
    return std::clamp(tone.drive + 0.18 * tone.warmth + 0.15 * tone.age, 0.0, 1.0);
}

} // namespace loopmind::synth
