// Random-phase noise beds.
#include "models/synth/noise_bed.h"

#include "models/synth/hash_noise.h"
#include "models/synth/tone_curve.h"

#include <numbers>

namespace loopmind::synth {

namespace {
constexpr std::int64_t kFrames = 1 << 18;
}

NoiseBed::NoiseBed(const StemContext& context, std::uint64_t seed, double correlation, const Colour& colour)
    : tables_(context.tables), total_(context.total),
      overlap_(std::min<std::int64_t>(context.rate / 5, context.total / 2)) {
    const std::int64_t bins = kFrames / 2;
    const auto options = tables_.noise.options();
    const auto hz = at::arange(bins, options) * (static_cast<double>(context.rate) / kFrames);
    auto level = colour(hz) * tone_response(context.stem.tone, hz).abs();
    level.narrow(0, 0, 2).zero_();
    // Parseval: this makes the standard deviation of each channel 1.
    level = level * (1.0 / (level.square().sum().sqrt() * std::numbers::sqrt2 / kFrames));
    const auto from = static_cast<std::int64_t>(mix64(seed) % static_cast<std::uint64_t>(bins));
    const auto phases = tables_.phases.narrow(1, from, bins);
    const double side = std::sqrt(1 - correlation * correlation);
    const auto right = phases[0] * correlation + phases[1] * side;
    sound_ = inverse_real_fft(at::stack({phases[0], right}, 0) * level, kFrames);
}

void NoiseBed::add(std::int64_t first, std::int64_t frames, double level, const at::Tensor& shape,
                   at::Tensor& mix) const {
    const auto place = tables_.counter.narrow(0, 0, frames).to(at::kFloat) +
                       static_cast<double>(first - (total_ - overlap_));
    const auto angle = (place * (1.0 / static_cast<double>(overlap_))).clamp(0, 1) * (std::numbers::pi / 2);
    auto leaving = angle.cos() * level;
    if (shape.defined()) leaving = leaving * shape;
    add_round(first, frames, leaving, mix);
    if (first + frames <= total_ - overlap_) return;
    auto coming = angle.sin() * level;
    if (shape.defined()) coming = coming * shape;
    add_round(first - total_, frames, coming, mix);
}

void NoiseBed::add_round(std::int64_t first, std::int64_t frames, const at::Tensor& gain,
                         at::Tensor& mix) const {
    for (std::int64_t done = 0; done < frames;) {
        const auto raw = (first + done) % kFrames;
        const auto position = raw < 0 ? raw + kFrames : raw;
        const auto count = std::min(frames - done, kFrames - position);
        mix.narrow(1, done, count).addcmul_(sound_.narrow(1, position, count), gain.narrow(0, done, count));
        done += count;
    }
}

} // namespace loopmind::synth
