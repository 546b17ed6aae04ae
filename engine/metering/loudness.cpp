// Meters stereo buffers through libebur128.
#include "engine/metering/loudness.h"

#include <ebur128.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace loopmind::metering {

namespace {

constexpr double kSilence = -std::numeric_limits<double>::infinity();

double to_db(double peak) {
    return peak > 0 ? 20.0 * std::log10(peak) : kSilence;
}

double or_silence(int status, double lufs) {
    return status == EBUR128_SUCCESS && std::isfinite(lufs) ? lufs : kSilence;
}

} // namespace

struct LoudnessMeter::State {
    ebur128_state* handle = nullptr;
    bool with_true_peak = true;
    ~State() {
        if (handle) ebur128_destroy(&handle);
    }
};

Result<LoudnessMeter> LoudnessMeter::create(int sample_rate, bool with_true_peak) {
    if (sample_rate < 8000 || sample_rate > 384000) {
        return Error{ErrorCode::kInvalidArgument, "sample_rate",
                     "is " + std::to_string(sample_rate) + " Hz, outside 8000..384000",
                     "measure at the rate of the file"};
    }
    int mode = EBUR128_MODE_I | EBUR128_MODE_S | EBUR128_MODE_SAMPLE_PEAK;
    if (with_true_peak) mode |= EBUR128_MODE_TRUE_PEAK;
    auto state = std::make_shared<State>();
    state->with_true_peak = with_true_peak;
    state->handle = ebur128_init(2, static_cast<unsigned long>(sample_rate), mode);
    if (!state->handle) {
        return Error{ErrorCode::kResourceExhausted, "loudness", "no memory for the meter", "free memory"};
    }
    return LoudnessMeter(std::move(state));
}

void LoudnessMeter::add(std::span<const float> left, std::span<const float> right) {
    constexpr size_t kFrames = 1024;
    std::array<float, kFrames * 2> interleaved;
    const size_t total = std::min(left.size(), right.size());
    for (size_t at = 0; at < total; at += kFrames) {
        const size_t frames = std::min(kFrames, total - at);
        for (size_t i = 0; i < frames; ++i) {
            interleaved[2 * i] = left[at + i];
            interleaved[2 * i + 1] = right[at + i];
        }
        ebur128_add_frames_float(state_->handle, interleaved.data(), frames);
    }
}

Loudness LoudnessMeter::read() const {
    ebur128_state* handle = state_->handle;
    Loudness out;
    double value = 0;
    int status = ebur128_loudness_global(handle, &value);
    out.integrated_lufs = or_silence(status, value);
    status = ebur128_loudness_momentary(handle, &value);
    out.momentary_lufs = or_silence(status, value);
    status = ebur128_loudness_shortterm(handle, &value);
    out.short_term_lufs = or_silence(status, value);
    double sample_peak = 0;
    double true_peak = 0;
    for (unsigned channel = 0; channel < 2; ++channel) {
        if (ebur128_sample_peak(handle, channel, &value) == EBUR128_SUCCESS) {
            sample_peak = std::max(sample_peak, value);
        }
        if (state_->with_true_peak && ebur128_true_peak(handle, channel, &value) == EBUR128_SUCCESS) {
            true_peak = std::max(true_peak, value);
        }
    }
    out.sample_peak_db = to_db(sample_peak);
    out.true_peak_db = to_db(true_peak);
    return out;
}

Result<Loudness> measure_loudness(std::span<const float> left, std::span<const float> right,
                                  int sample_rate) {
    auto meter = LoudnessMeter::create(sample_rate);
    if (!meter.ok()) return meter.error();
    meter->add(left, right);
    return meter->read();
}

} // namespace loopmind::metering
