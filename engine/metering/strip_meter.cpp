// Ballistics of the strip meter.
#include "engine/metering/strip_meter.h"

#include <algorithm>
#include <cmath>

namespace loopmind::metering {
namespace {

float to_db(double amplitude) {
    return amplitude > 0 ? std::max(StripReading::kFloorDb, static_cast<float>(20 * std::log10(amplitude)))
                         : StripReading::kFloorDb;
}

} // namespace

void StripMeter::prepare(double sample_rate) {
    sides_ = {};
    product_ = 0;
    overs_ = 0;
    broken_ = false;
    fall_ = std::pow(10.0, -20.0 / 20.0 / (1.7 * sample_rate));
    smooth_ = 1 - std::exp(-1.0 / (0.3 * sample_rate));
    hold_frames_ = static_cast<std::int64_t>(2.0 * sample_rate);
    publish();
}

void StripMeter::process(const float* left, const float* right, int frames) noexcept {
    if (clear_.exchange(false, std::memory_order_relaxed)) {
        for (Side& side : sides_)
            side.hold = side.peak;
        overs_ = 0;
        broken_ = false;
    }
    for (int i = 0; i < frames; ++i) {
        const std::array<float, 2> in{left[i], right[i]};
        if (!std::isfinite(in[0]) ||
            !std::isfinite(in[1])) { // one such sample would stay in the means forever
            broken_ = true;
            continue;
        }
        for (std::size_t c = 0; c < 2; ++c) {
            Side& side = sides_[c];
            const double magnitude = std::abs(static_cast<double>(in[c]));
            overs_ += magnitude > 1 ? 1 : 0;
            side.peak = std::max(magnitude, side.peak * fall_);
            if (side.peak >= side.hold) {
                side.hold = side.peak;
                side.hold_left = hold_frames_;
            } else if (--side.hold_left < 0) {
                side.hold = side.peak;
            }
            side.square += smooth_ * (magnitude * magnitude - side.square);
        }
        product_ += smooth_ * (static_cast<double>(in[0]) * in[1] - product_);
    }
    // What falls below the display falls to nothing: no denormals in silence.
    for (Side& side : sides_) {
        if (side.peak < 1e-9) side.peak = 0;
        if (side.square < 1e-18) side.square = 0;
    }
    if (std::abs(product_) < 1e-18) product_ = 0;
    publish();
}

void StripMeter::publish() noexcept {
    for (std::size_t c = 0; c < 2; ++c) {
        shown_[3 * c].store(static_cast<float>(sides_[c].peak), std::memory_order_relaxed);
        shown_[3 * c + 1].store(static_cast<float>(sides_[c].hold), std::memory_order_relaxed);
        shown_[3 * c + 2].store(static_cast<float>(sides_[c].square), std::memory_order_relaxed);
    }
    const double both = std::sqrt(sides_[0].square * sides_[1].square);
    shown_[6].store(both > 1e-12 ? static_cast<float>(std::clamp(product_ / both, -1.0, 1.0)) : 0.0f,
                    std::memory_order_relaxed);
    shown_overs_.store(overs_, std::memory_order_relaxed);
    shown_broken_.store(broken_, std::memory_order_relaxed);
}

StripReading StripMeter::read() const {
    StripReading out;
    for (std::size_t c = 0; c < 2; ++c) {
        out.peak_db[c] = to_db(shown_[3 * c].load(std::memory_order_relaxed));
        out.hold_db[c] = to_db(shown_[3 * c + 1].load(std::memory_order_relaxed));
        out.rms_db[c] =
            to_db(std::sqrt(static_cast<double>(shown_[3 * c + 2].load(std::memory_order_relaxed))));
    }
    out.correlation = shown_[6].load(std::memory_order_relaxed);
    out.overs = shown_overs_.load(std::memory_order_relaxed);
    out.broken = shown_broken_.load(std::memory_order_relaxed);
    return out;
}

} // namespace loopmind::metering
