// Meters buffers through libebur128.
#include "engine/metering/loudness.h"

#include "engine/effects/meter_peak.h"

#include <ebur128.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace loopmind::metering {

namespace {

constexpr int kOwnPeakBelow = 96000; ///< Hz; from here on libebur128 takes fewer points

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
    MeterSettings settings;
    int step_frames = 480;   ///< 10 ms: how often maxima look
    int until_step = 480;    ///< frames to the next look
    int steps_to_short = 10; ///< looks to the next of the short-term maximum
    double max_momentary = kSilence;
    double max_short_term = kSilence;
    std::vector<float> interleaved;
    std::vector<effects::MeterPeak> peaks; ///< one a channel; empty: libebur128 measures them, if anybody
    ~State() {
        if (handle) ebur128_destroy(&handle);
    }
};

Result<LoudnessMeter> LoudnessMeter::create(int sample_rate, bool with_true_peak) {
    MeterSettings settings;
    settings.true_peak = with_true_peak;
    return create(sample_rate, settings);
}

Result<LoudnessMeter> LoudnessMeter::create(int sample_rate, const MeterSettings& settings) {
    if (sample_rate < 8000 || sample_rate > 384000) {
        return Error{ErrorCode::kInvalidArgument, "sample_rate",
                     "is " + std::to_string(sample_rate) + " Hz, outside 8000..384000",
                     "measure at the rate of the file"};
    }
    if (settings.channels < 1 || settings.channels > 8) {
        return Error{ErrorCode::kInvalidArgument, "channels",
                     "are " + std::to_string(settings.channels) + ", loudness is defined for 1 to 8 here",
                     "mix down first"};
    }
    int mode = EBUR128_MODE_I | EBUR128_MODE_S | EBUR128_MODE_SAMPLE_PEAK;
    const bool own_peak = settings.true_peak && sample_rate < kOwnPeakBelow;
    if (settings.true_peak && !own_peak) mode |= EBUR128_MODE_TRUE_PEAK;
    if (settings.range) mode |= EBUR128_MODE_LRA;
    auto state = std::make_shared<State>();
    state->settings = settings;
    if (own_peak) state->peaks.resize(static_cast<std::size_t>(settings.channels));
    state->step_frames = state->until_step = (sample_rate + 50) / 100;
    state->handle =
        ebur128_init(static_cast<unsigned>(settings.channels), static_cast<unsigned long>(sample_rate), mode);
    if (!state->handle) {
        return Error{ErrorCode::kResourceExhausted, "loudness", "no memory for the meter", "free memory"};
    }
    if (settings.channels == 8) { // libebur128 knows the usual places of up to six
        static constexpr int kPlaces[] = {EBUR128_LEFT,  EBUR128_RIGHT, EBUR128_CENTER, EBUR128_UNUSED,
                                          EBUR128_Mp135, EBUR128_Mm135, EBUR128_Mp090,  EBUR128_Mm090};
        for (unsigned channel = 0; channel < 8; ++channel)
            ebur128_set_channel(state->handle, channel, kPlaces[channel]);
    } else if (settings.channels == 7) {
        static constexpr int kPlaces[] = {EBUR128_LEFT,  EBUR128_RIGHT, EBUR128_CENTER, EBUR128_UNUSED,
                                          EBUR128_Mp180, EBUR128_Mp090, EBUR128_Mm090};
        for (unsigned channel = 0; channel < 7; ++channel)
            ebur128_set_channel(state->handle, channel, kPlaces[channel]);
    }
    return LoudnessMeter(std::move(state));
}

void LoudnessMeter::add(std::span<const float> left, std::span<const float> right) {
    const std::size_t frames = std::min(left.size(), right.size());
    const std::array<std::span<const float>, 2> planes{left.first(frames), right.first(frames)};
    add(std::span<const std::span<const float>>(planes).first(
        static_cast<std::size_t>(std::min(state_->settings.channels, 2))));
}

void LoudnessMeter::add(std::span<const std::span<const float>> planes) {
    constexpr std::size_t kFrames = 1024;
    State& state = *state_;
    const auto channels = static_cast<std::size_t>(state.settings.channels);
    if (planes.size() != channels) return;
    const std::size_t total = planes.front().size();
    for (std::size_t c = 0; c < state.peaks.size(); ++c)
        state.peaks[c].add(planes[c]);
    state.interleaved.resize(kFrames * channels);
    for (std::size_t at = 0; at < total;) {
        std::size_t frames = std::min(kFrames, total - at);
        if (state.settings.maxima) frames = std::min(frames, static_cast<std::size_t>(state.until_step));
        for (std::size_t c = 0; c < channels; ++c)
            for (std::size_t i = 0; i < frames; ++i)
                state.interleaved[i * channels + c] = planes[c][at + i];
        ebur128_add_frames_float(state.handle, state.interleaved.data(), frames);
        at += frames;
        if (!state.settings.maxima) continue;
        state.until_step -= static_cast<int>(frames);
        if (state.until_step > 0) continue;
        state.until_step = state.step_frames;
        double value = 0;
        int status = ebur128_loudness_momentary(state.handle, &value);
        state.max_momentary = std::max(state.max_momentary, or_silence(status, value));
        if (--state.steps_to_short > 0) continue;
        state.steps_to_short = 10;
        status = ebur128_loudness_shortterm(state.handle, &value);
        state.max_short_term = std::max(state.max_short_term, or_silence(status, value));
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
    out.max_momentary_lufs = state_->max_momentary;
    out.max_short_term_lufs = state_->max_short_term;
    if (state_->settings.range && ebur128_loudness_range(handle, &value) == EBUR128_SUCCESS &&
        std::isfinite(value))
        out.range_lu = value;
    double sample_peak = 0;
    double true_peak = 0;
    for (unsigned channel = 0; channel < static_cast<unsigned>(state_->settings.channels); ++channel) {
        if (ebur128_sample_peak(handle, channel, &value) == EBUR128_SUCCESS) {
            sample_peak = std::max(sample_peak, value);
        }
        if (!state_->settings.true_peak) continue;
        if (!state_->peaks.empty())
            value = static_cast<double>(state_->peaks[channel].peak());
        else if (ebur128_true_peak(handle, channel, &value) != EBUR128_SUCCESS)
            continue;
        true_peak = std::max(true_peak, value);
        out.channel_true_peak_db.push_back(to_db(value));
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
