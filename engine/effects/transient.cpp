// Three envelopes in octaves frame by frame; logarithm and gain four frames at a time.
#include "engine/effects/transient.h"

#include "engine/effects/quad_math.h"

#include <algorithm>
#include <cmath>

namespace loopmind::effects {

namespace {

constexpr float kSilence = 1e-8f; // power of -80 dBFS
constexpr float kLoudest = 1e30f;
constexpr double kDecaySeconds = 0.008; // bridges the gap between two half-waves

constexpr ParameterInfo kInfos[] = {
    {"attack_db", "dB", -24, 24, 0, "Gain of onsets", Scale::kLinear, -9, 12},
    {"sustain_db", "dB", -24, 24, 0, "Gain of decays", Scale::kLinear, -12, 9},
    {"attack_ms", "ms", 2, 100, 20, "Time that counts as onset", Scale::kLogarithmic, 10, 40},
    {"sustain_ms", "ms", 50, 2000, 300, "Time that counts as decay", Scale::kLogarithmic, 150, 600},
    {"output_db", "dB", -24, 24, 0, "Level after shaping", Scale::kLinear, 0, 0},
    {"mix", "ratio", 0, 1, 1, "Shaped sound against the clean one", Scale::kLinear, 0.7f, 1},
};

constexpr Quad kFrame = {1, 2, 3, 4};

} // namespace

Transient::Transient() : Effect(kInfos) {}

void Transient::on_prepare(double rate) {
    decay_ = static_cast<float>(std::pow(BranchingSmoother::keep(kDecaySeconds, rate), 2)); // of the power
}

void Transient::on_reset() noexcept {
    peak_ = kSilence;
    const double silence = 0.5 * std::log2(kSilence);
    for (BranchingSmoother* envelope : {&brief_, &slow_, &lasting_})
        envelope->reset(silence);
}

void Transient::on_tick(bool moved) noexcept {
    if (!moved) {
        from_ = to_;
        return;
    }
    const auto amounts = [](float attack, float sustain, float output, float mix) {
        return Amounts{static_cast<float>(attack / kDbPerOctave), static_cast<float>(sustain / kDbPerOctave),
                       static_cast<float>(output / kDbPerOctave), mix};
    };
    from_ = amounts(previous(kAttackDb), previous(kSustainDb), previous(kOutputDb), previous(kMix));
    to_ = amounts(value(kAttackDb), value(kSustainDb), value(kOutputDb), value(kMix));
    const double attack = value(kAttackMs) / 1000.0, sustain = value(kSustainMs) / 1000.0;
    brief_.set(kFastSeconds, kBriefSeconds, rate());
    slow_.set(attack, kBriefSeconds, rate());
    lasting_.set(kFastSeconds, sustain, rate());
}

void Transient::run(float* left, float* right, int frames, int phase) noexcept {
    const auto count = static_cast<size_t>(frames);
    std::array<float, kTick> level, onset, decay, gains;
    float peak = peak_;
    for (size_t i = 0; i < count; ++i) {
        const float power = std::max(left[i] * left[i], right[i] * right[i]);
        const float fallen = std::max(kSilence, decay_ * peak);
        peak = power > fallen ? power : fallen; // what is not a number counts as silence
        peak = std::min(peak, kLoudest);
        level[i] = peak;
    }
    peak_ = peak;
    for (size_t i = count; i < level.size() && i % 4 != 0; ++i)
        level[i] = onset[i] = decay[i] = 1;
    for (size_t i = 0; i < count; i += 4)
        store_quad(level.data() + i, 0.5f * quad_log2(load_quad(level.data() + i)));
    constexpr double kPerOctave = kDbPerOctave / kFullDb;
    for (size_t i = 0; i < count; ++i) {
        const double x = level[i];
        const double brief = brief_.next(x);
        onset[i] = static_cast<float>(kPerOctave * (brief - slow_.next(x)));
        decay[i] = static_cast<float>(kPerOctave * (lasting_.next(x) - brief));
    }
    const auto between = [](float from, float to, Quad at) { return from + (to - from) * at; };
    for (size_t i = 0; i < count; i += 4) {
        const Quad at = (kFrame + static_cast<float>(phase + static_cast<int>(i))) * (1.0f / kTick);
        const Quad attack =
            between(from_.attack, to_.attack, at) * smaller(load_quad(onset.data() + i), splat(1.0f));
        const Quad sustain =
            between(from_.sustain, to_.sustain, at) * smaller(load_quad(decay.data() + i), splat(1.0f));
        const Quad wet = between(from_.mix, to_.mix, at);
        const Quad gain = quad_exp2(attack + sustain + between(from_.output, to_.output, at));
        store_quad(gains.data() + i, (1.0f - wet) + wet * gain);
    }
    for (size_t i = 0; i < count; ++i)
        left[i] *= gains[i];
    for (size_t i = 0; i < count; ++i)
        right[i] *= gains[i];
}

} // namespace loopmind::effects
