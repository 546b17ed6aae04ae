// Harmonic spectra of the waves, weighted by filter and tone, turned into cycles by one batched inverse FFT.
#include "models/synth/wavetables.h"

#include "models/synth/tone_curve.h"

#include <cmath>
#include <numbers>

namespace loopmind::synth {
namespace {

constexpr double kPi = std::numbers::pi;

/// Rows of the timbre axis and how many of them make one unit.
struct Axis {
    std::int64_t rows;
    double rows_per_unit;
};

Axis axis_of(const Oscillator& oscillator, double resonance) {
    switch (oscillator.wave) {
    case WaveKind::kSine:
    case WaveKind::kDrawbars:
        return {1, 1};
    case WaveKind::kFm:
        return {static_cast<std::int64_t>(oscillator.span * 4) + 1, 4};
    case WaveKind::kString:
        return {17, 2};
    case WaveKind::kVowel:
        return {13, 3};
    default: {
        const double per_octave = resonance > 2 ? 5 : 2;
        return {static_cast<std::int64_t>(std::llround(8.4 * per_octave)) + 1, per_octave};
    }
    }
}

/// |H| of two second-order low-pass sections in series (24 dB per octave), Q 0.6 and `resonance`.
at::Tensor low_pass_24(const at::Tensor& hz, const at::Tensor& cutoff, double resonance) {
    const auto w2 = (hz / cutoff).square();
    const auto section = [&](double q) { return ((1 - w2).square() + w2 * (1.0 / (q * q))).sqrt(); };
    return 1.0 / (section(0.6) * section(resonance));
}

/// Formants (Hz, bandwidth Hz, gain) of the vowels u o a e i, after Peterson and Barney's averages.
struct Vowel {
    double hz[4];
    double gain[4];
};
constexpr Vowel kVowels[5] = {{{320, 800, 2400, 3400}, {1, 0.35, 0.05, 0.03}},
                              {{450, 850, 2550, 3500}, {1, 0.45, 0.07, 0.04}},
                              {{750, 1180, 2600, 3600}, {1, 0.6, 0.16, 0.08}},
                              {{520, 1850, 2550, 3600}, {1, 0.4, 0.22, 0.1}},
                              {{300, 2250, 3050, 3700}, {1, 0.3, 0.24, 0.12}}};

at::Tensor vowel_gain(const at::Tensor& hz, double position) {
    const int low = std::clamp(static_cast<int>(position), 0, 3);
    const double mix = std::clamp(position - low, 0.0, 1.0);
    auto out = at::zeros_like(hz);
    for (int i = 0; i < 4; ++i) {
        const double centre = kVowels[low].hz[i] * (1 - mix) + kVowels[low + 1].hz[i] * mix;
        const double gain = kVowels[low].gain[i] * (1 - mix) + kVowels[low + 1].gain[i] * mix;
        const double width = 55 + centre * 0.05;
        out = out + gain / (1 + ((hz - centre) * (1.0 / width)).square());
    }
    return out + 0.012;
}

/// Magnitudes of sin(p + I sin(r p)) for each index, [rows, harmonics].
at::Tensor fm_magnitudes(const Oscillator& oscillator, const Axis& axis, std::int64_t harmonics,
                         at::Device device) {
    const auto p = at::arange(Wavetables::kCycle, at::TensorOptions(at::kFloat).device(device)) *
                   (2 * kPi / Wavetables::kCycle);
    const auto index =
        (at::arange(axis.rows, at::TensorOptions(at::kFloat).device(device)) / axis.rows_per_unit)
            .unsqueeze(1);
    const auto wave = (p + index * (p * oscillator.shape).sin()).sin();
    return real_fft(wave, Wavetables::kCycle).abs().narrow(1, 1, harmonics) * (2.0 / Wavetables::kCycle);
}

/// Sine amplitudes of every (pitch, row, harmonic); `k` is [1, 1, harmonics], `hz` [pitches, 1, harmonics].
at::Tensor amplitudes(const Oscillator& oscillator, const Axis& axis, const at::Tensor& k,
                      const at::Tensor& hz, double resonance) {
    const auto rows = at::arange(axis.rows, k.options()).view({1, axis.rows, 1});
    const auto odd = at::remainder(k, 2);
    const auto cutoff = at::exp2(rows / axis.rows_per_unit) * kLowestCutoff;
    const auto filtered = [&](const at::Tensor& wave, double level) {
        return wave * level * low_pass_24(hz, cutoff, resonance);
    };
    switch (oscillator.wave) {
    case WaveKind::kSaw:
        return filtered(1 / k, 0.9);
    case WaveKind::kSquare:
        return filtered(odd / k, 1.05);
    case WaveKind::kPulse:
        return filtered((k * (kPi * oscillator.shape)).sin().abs() / k, 1.0);
    case WaveKind::kTriangle:
        return filtered(odd / k.square(), 1.1);
    case WaveKind::kSine:
        return (k == 1).to(at::kFloat).expand_as(hz);
    case WaveKind::kDrawbars: {
        auto out = at::zeros_like(hz);
        const double bars[] = {0, 0.85, 0.62, 0.3, 0.42, 0, 0.1, 0, 0.16};
        for (int i = 1; i < 9; ++i)
            out = out + (k == i).to(at::kFloat) * bars[i];
        return out;
    }
    case WaveKind::kFm:
        return fm_magnitudes(oscillator, axis, k.size(2), k.device())
            .unsqueeze(0)
            .expand({hz.size(0), axis.rows, k.size(2)});
    case WaveKind::kString: {
        // Row r: the partials have died by exp(-(k - 1)^0.8 (8 - timbre) c): the brighter, the younger the
        // string.
        const auto age = (axis.rows - 1 - rows) / axis.rows_per_unit;
        const auto pick = (k * (kPi * oscillator.shape)).sin().abs() + 0.02;
        return pick * k.pow(-1.05) * at::exp(-(k - 1).pow(0.8) * age * 0.11) * 1.3;
    }
    case WaveKind::kVowel: {
        std::vector<at::Tensor> vowels;
        for (std::int64_t row = 0; row < axis.rows; ++row) {
            vowels.push_back(vowel_gain(hz, static_cast<double>(row) / axis.rows_per_unit));
        }
        return at::cat(vowels, 1) * k.pow(-0.7) * 1.6;
    }
    }
    return at::zeros_like(hz);
}

/// 1 up to 0.40 of the sample rate, 0 from 0.46 on.
at::Tensor band_limit(const at::Tensor& hz, double rate) {
    return ((0.46 - hz * (1.0 / rate)) * (1.0 / 0.06)).clamp(0, 1);
}

/// The cycles of a sine series, [.., kCycle].
at::Tensor cycles_of(const at::Tensor& sines) {
    const auto zero = at::zeros_like(sines);
    auto spectrum = at::complex(zero, sines * (-0.5 * Wavetables::kCycle));
    spectrum = at::cat({at::zeros_like(spectrum.narrow(-1, 0, 1)), spectrum}, -1);
    return inverse_real_fft(spectrum, Wavetables::kCycle);
}

/// tanh of each cycle, band-limited again and weighted by `keep`; the loudness of the brightest row stays.
at::Tensor saturate(const at::Tensor& cycles, double drive, const at::Tensor& keep) {
    const double push = std::exp2(4.5 * drive) * 0.7;
    const auto shaped = at::tanh(cycles * push);
    auto spectrum = real_fft(shaped, Wavetables::kCycle).narrow(-1, 1, keep.size(-1)) * keep;
    spectrum = at::cat({at::zeros_like(spectrum.narrow(-1, 0, 1)), spectrum}, -1);
    const auto level = [](const at::Tensor& x) { return x.square().mean(-1, true).amax(1, true).sqrt(); };
    return inverse_real_fft(spectrum, Wavetables::kCycle) * (level(cycles) / (level(shaped) + 1e-9));
}

/// Two oscillators that differ only in detune, gain, pan or envelope share their tables.
bool same_wave(const Oscillator& a, const Oscillator& b) {
    return a.wave == b.wave && a.ratio == b.ratio && a.shape == b.shape && a.span == b.span;
}

} // namespace

Wavetables::Wavetables(const StemContext& context, const VoicePatch& patch, const std::vector<int>& pitches,
                       double resonance, double drive) {
    const auto device = context.tables.device;
    const auto float_options = at::TensorOptions(at::kFloat).device(device);
    for (const int pitch : pitches) {
        const auto next = static_cast<std::int64_t>(pitch_index_.size());
        pitch_index_.emplace(pitch, next);
    }
    std::vector<at::Tensor> images;
    std::int64_t rows = 0;
    for (std::size_t i = 0; i < patch.oscillators.size(); ++i) {
        const auto& oscillator = patch.oscillators[i];
        bool shared = false;
        for (std::size_t j = 0; j < i && !shared; ++j) {
            if (!same_wave(oscillator, patch.oscillators[j])) continue;
            layouts_.push_back(layouts_[j]);
            shared = true;
        }
        if (shared) continue;
        std::vector<float> fundamentals;
        double lowest = context.rate;
        for (const auto& [pitch, index] : pitch_index_) {
            const double hz = note_hz(pitch) * oscillator.ratio;
            lowest = std::min(lowest, hz);
            fundamentals.push_back(static_cast<float>(hz));
        }
        // pitch_index_ counts in the order of `pitches`, which is sorted, as the map is.
        const auto count = static_cast<std::int64_t>(fundamentals.size());
        const auto harmonics =
            std::clamp<std::int64_t>(static_cast<std::int64_t>(0.46 * context.rate / lowest), 1, kCycle / 4);
        const Axis axis = axis_of(oscillator, resonance);
        const auto k = at::arange(1, harmonics + 1, float_options).view({1, 1, harmonics});
        const auto hz = upload(fundamentals, {count, 1, 1}, device) * k;
        const auto limit = band_limit(hz, context.rate);
        const auto keep = tone_response(context.stem.tone, hz).abs() * limit;
        const auto sines = amplitudes(oscillator, axis, k, hz, resonance);
        at::Tensor cycles =
            drive > 0 ? saturate(cycles_of(sines * limit), drive, keep) : cycles_of(sines * keep);
        images.push_back(cycles.expand({count, axis.rows, kCycle}).reshape({count * axis.rows, kCycle}));
        layouts_.push_back({rows, axis.rows, axis.rows_per_unit});
        rows += count * axis.rows;
    }
    auto image = at::cat(images, 0);
    if (rows == 1) image = image.expand({2, kCycle}); // the y axis needs two rows to be an axis
    image_ = at::cat({image, image.narrow(1, 0, 1)}, 1).contiguous().view({1, 1, image.size(0), kCycle + 1});
}

std::int64_t Wavetables::first_row(std::size_t index, int pitch) const {
    const auto& layout = layouts_[index];
    return layout.first + pitch_index_.at(pitch) * layout.rows;
}

} // namespace loopmind::synth
