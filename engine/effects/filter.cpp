// Designs at ticks, moves the coefficients straight between them, and runs both sides in two SIMD lanes.
#include "engine/effects/filter.h"

#include "engine/effects/svf.h"

namespace loopmind::effects {

namespace {
constexpr double kButterworth = 0.70710678118654752;
// Damping 1 / Q of the two sections of a fourth-order Butterworth filter.
constexpr double kFirstDamping = 1.84775906502257351;
constexpr double kSecondDamping = 0.76536686473017954;
constexpr ParameterInfo kInfos[] = {
    {"mode", "", 0, 3, 0, "0 low-pass, 1 high-pass, 2 band-pass, 3 notch", Scale::kSwitch},
    {"slope", "switch", 0, 1, 1, "0: 12 dB/octave, 1: 24 dB/octave", Scale::kSwitch, 0, 1},
    {"cutoff_hz", "Hz", 20, 20000, 2000, "Corner or middle", Scale::kLogarithmic, 900, 5000},
    {"q", "", 0.5f, 20, 0.70710678f, "Resonance; 0.7071 is flat", Scale::kLogarithmic, 0.7f, 4},
    {"lfo_octaves", "octaves", 0, 4, 0, "How far the LFO moves the corner", Scale::kLinear, 0, 1.5f},
    {"shape", "", 0, 3, 0, "LFO: 0 sine, 1 triangle, 2 square, 3 saw", Scale::kSwitch, 0, 3},
    {"rate_hz", "Hz", 0.02f, 20, 0.5f, "LFO periods per second", Scale::kLogarithmic, 0.1f, 4},
    {"sync", "switch", 0, 1, 1, "LFO in beats of the tempo instead of Hertz", Scale::kSwitch, 0, 1},
    {"beats", "beats", 0.125f, 32, 4, "Quarter notes per LFO period when synced", Scale::kLogarithmic, 0.5f,
     16},
    {"env_octaves", "octaves", -4, 4, 0, "How far full level moves the corner", Scale::kLinear, -0.5f, 2},
    {"attack_ms", "ms", 0.1f, 500, 5, "How fast the envelope rises", Scale::kLogarithmic, 1, 30},
    {"release_ms", "ms", 1, 2000, 120, "How fast the envelope falls", Scale::kLogarithmic, 50, 400},
    {"mix", "ratio", 0, 1, 1, "Filtered sound against the input", Scale::kLinear, 0.7f, 1},
    {"tempo", "bpm", 20, 400, 120, "Quarter notes per minute; the graph sets it"},
};
} // namespace

Filter::Filter() : Effect(kInfos) {}

double Filter::tail_seconds() const {
    const double octaves = target(kLfoOctaves) + std::max(0.0f, -target(kEnvOctaves));
    const double lowest = std::max(5.0, target(kCutoffHz) * std::exp2(-octaves));
    // A pole pair's time constant is Q / (pi f); the sharper section of 24 dB has 1.31 / 0.7071 times the Q.
    return 0.01 + 2.0 * 11.0 * std::max(0.7, 1.85 * target(kQ)) / (std::numbers::pi * lowest);
}

void Filter::on_reset() noexcept {
    for (Section& section : sections_)
        section.first = section.second = Pair{};
    lfo_.reset();
    envelope_ = 0;
    started_ = false;
}

void Filter::on_tick(bool moved) noexcept {
    const auto mode = static_cast<size_t>(std::clamp(std::lround(target(kMode)), 0L, 3L));
    const auto shape = static_cast<LfoShape>(std::clamp(std::lround(target(kShape)), 0L, kLfoShapes - 1L));
    const double hertz =
        target(kSync) >= 0.5f ? hertz_of_beats(value(kBeats), value(kTempo)) : double{value(kRateHz)};
    auto warp = [&](double phase) {
        const double octaves =
            value(kLfoOctaves) * lfo_value(shape, phase) + value(kEnvOctaves) * std::min(1.0f, envelope_);
        return static_cast<float>(Svf::warp(value(kCutoffHz) * std::exp2(octaves), rate()));
    };
    const float slope = value(kSlope);
    const double damping = 1.0 / value(kQ);
    const bool butterworth = mode < 2;
    const auto first =
        static_cast<float>(butterworth ? damping + slope * (kFirstDamping - damping) : damping);
    const auto second = static_cast<float>(butterworth ? kSecondDamping * kButterworth * damping : damping);
    if (!started_) {
        warp_.jump(warp(lfo_.phase()));
        for (size_t m = 0; m < weight_.size(); ++m)
            weight_[m].jump(m == mode ? 1.0f : 0.0f);
        sections_[0].damping.jump(first);
        sections_[1].damping.jump(second);
        slope_.jump(slope);
        mix_.jump(value(kMix));
        started_ = true;
    }
    warp_.move(warp(lfo_.advance(hertz, rate(), kTick)));
    for (size_t m = 0; m < weight_.size(); ++m)
        weight_[m].move(m == mode ? 1.0f : 0.0f);
    sections_[0].damping.move(first);
    sections_[1].damping.move(second);
    // The second section sleeps at 12 dB: it begins anew when it is heard again.
    if (slope_.to == 0 && slope > 0) sections_[1].first = sections_[1].second = Pair{};
    slope_.move(slope);
    mix_.move(value(kMix));
    if (moved) {
        auto coefficient = [&](float ms) {
            return static_cast<float>(1.0 - std::exp(-1000.0 / (ms * rate())));
        };
        attack_ = coefficient(value(kAttackMs));
        release_ = coefficient(value(kReleaseMs));
    }
}

void Filter::follow_level(const float* left, const float* right, int frames) noexcept {
    float envelope = envelope_;
    for (int i = 0; i < frames; ++i) {
        const float level = std::max(std::abs(left[i]), std::abs(right[i]));
        envelope += (level > envelope ? attack_ : release_) * (level - envelope);
    }
    envelope_ = envelope;
}

void Filter::fill_track(const Section& section, int frames, int phase) noexcept {
    const bool still = warp_.still() && section.damping.still();
    for (int i = 0; i < frames; ++i) {
        const auto n = static_cast<size_t>(i);
        const double k = section.damping.at(phase + i);
        if (still && i > 0) {
            track_.a1[n] = track_.a1[0];
            track_.a2[n] = track_.a2[0];
            track_.a3[n] = track_.a3[0];
        } else {
            const double g = warp_.at(phase + i);
            track_.a1[n] = 1.0 / (1.0 + g * (g + k));
            track_.a2[n] = g * track_.a1[n];
            track_.a3[n] = g * track_.a2[n];
        }
        const double low = weight_[0].at(phase + i);
        const double high = weight_[1].at(phase + i);
        const double band = weight_[2].at(phase + i);
        const double notch = weight_[3].at(phase + i);
        track_.m0[n] = high + notch;
        track_.m1[n] = k * (band - high - notch);
        track_.m2[n] = low - high;
    }
}

void Filter::run_section(Section& section, const Track& track, Pair* io, int frames) noexcept {
    Pair s1 = section.first;
    Pair s2 = section.second;
    for (int i = 0; i < frames; ++i) {
        const auto n = static_cast<size_t>(i);
        const Pair x = io[i];
        const Pair v3 = x - s2;
        const Pair v1 = track.a1[n] * s1 + track.a2[n] * v3;
        const Pair v2 = s2 + track.a2[n] * s1 + track.a3[n] * v3;
        s1 = 2.0 * v1 - s1;
        s2 = 2.0 * v2 - s2;
        io[i] = track.m0[n] * x + track.m1[n] * v1 + track.m2[n] * v2;
    }
    section.first = s1;
    section.second = s2;
}

void Filter::run(float* left, float* right, int frames, int phase) noexcept {
    const bool keyed = key_left() != nullptr && key_right() != nullptr;
    follow_level(keyed ? key_left() : left, keyed ? key_right() : right, frames);
    std::array<Pair, kTick> wet, once;
    for (int i = 0; i < frames; ++i)
        wet[static_cast<size_t>(i)] = Pair{left[i], right[i]};
    fill_track(sections_[0], frames, phase);
    run_section(sections_[0], track_, wet.data(), frames);
    if (!slope_.still_at(0)) {
        once = wet;
        fill_track(sections_[1], frames, phase);
        run_section(sections_[1], track_, wet.data(), frames);
        if (!slope_.still_at(1)) {
            for (int i = 0; i < frames; ++i) {
                const auto n = static_cast<size_t>(i);
                const double slope = slope_.at(phase + i);
                wet[n] = once[n] + slope * (wet[n] - once[n]);
            }
        }
    }
    for (int i = 0; i < frames; ++i) {
        const Pair out = wet[static_cast<size_t>(i)];
        const float mix = mix_.at(phase + i);
        left[i] += mix * (static_cast<float>(out[0]) - left[i]);
        right[i] += mix * (static_cast<float>(out[1]) - right[i]);
    }
}

} // namespace loopmind::effects
