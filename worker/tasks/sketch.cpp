// One decaying wave per note.
#include "worker/tasks/sketch.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace loopmind::tasks {
namespace {

/// How a note of a role sounds in the sketch.
struct Voice {
    double decay;    ///< seconds to 1/e
    double harmonic; ///< amount of the second harmonic at full brightness
};

Voice voice_of(const std::string& role) {
    if (role == "bass") return {0.5, 0.3};
    if (role == "melody") return {0.4, 0.6};
    if (role == "arp") return {0.2, 0.6};
    if (role == "chords") return {0.8, 0.4};
    return {2.0, 0.3}; // pad, vocals, texture
}

bool is_drums(const std::string& role) {
    return role == "drums" || role == "percussion";
}

/// First bar of the densest section, the first of several.
int densest_bar(const composer::Plan& plan) {
    const auto densest = std::max_element(plan.sections.begin(), plan.sections.end(),
                                          [](const auto& a, const auto& b) { return a.density < b.density; });
    return densest == plan.sections.end() ? 0 : densest->start_bar;
}

/// xorshift: the same noise every time.
class Noise {
  public:
    double next() {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 17;
        state_ ^= state_ << 5;
        return static_cast<double>(static_cast<std::int32_t>(state_)) / 2147483648.0;
    }

  private:
    std::uint32_t state_ = 0x9e3779b9;
};

/// Where a note lies in the sketch.
struct Spot {
    std::size_t start;  ///< frame
    std::size_t frames; ///< sounding, clipped to the sketch
    double gain;
};

/// Kicks and toms are low decaying sines, everything else noise: short for hats, longer for snares and
/// cymbals.
void draw_drum(std::vector<float>& out, const Spot& spot, int pitch, Noise& noise) {
    const bool low = pitch <= 36 ||
                     (pitch >= 41 && pitch <= 50 && pitch != 42 && pitch != 44 && pitch != 46 && pitch != 49);
    const bool hat = pitch == 42 || pitch == 44 || pitch >= 69;
    const double decay = low ? 0.12 : hat ? 0.03 : pitch == 46 || pitch == 49 || pitch == 51 ? 0.2 : 0.08;
    const double step = 2 * std::numbers::pi * (low ? 60 + 4 * std::max(0, pitch - 36) : 0) / kSketchRate;
    const double fall = std::exp(-1 / (decay * kSketchRate));
    double level = spot.gain;
    for (std::size_t i = 0; i < spot.frames && level > 1e-4; ++i, level *= fall) {
        const double wave = low ? std::sin(step * static_cast<double>(i)) : 0.7 * noise.next();
        out[spot.start + i] += static_cast<float>(level * wave);
    }
}

/// A sine with a second harmonic, by rotation instead of a call of sin() per sample.
void draw_tone(std::vector<float>& out, const Spot& spot, int pitch, double seconds, const Voice& voice,
               double brightness) {
    const double hertz = 440 * std::exp2((pitch - 69) / 12.0);
    if (hertz > 0.45 * kSketchRate) return;
    const double step = 2 * std::numbers::pi * hertz / kSketchRate;
    const double turn_cos = std::cos(step), turn_sin = std::sin(step);
    const double fall = std::exp(-1 / (voice.decay * kSketchRate));
    const double release = std::exp(-1 / (0.05 * kSketchRate));
    const double second = 2 * hertz < 0.45 * kSketchRate ? 2 * voice.harmonic * brightness : 0;
    const auto held = static_cast<std::size_t>(seconds * kSketchRate);
    double sine = 0, cosine = 1, level = spot.gain;
    for (std::size_t i = 0; i < spot.frames && level > 1e-4; ++i) {
        const double attack = std::min(1.0, static_cast<double>(i) / 60);
        out[spot.start + i] += static_cast<float>(attack * level * sine * (1 + second * cosine));
        const double next = sine * turn_cos + cosine * turn_sin;
        cosine = cosine * turn_cos - sine * turn_sin;
        sine = next;
        level *= i < held ? fall : release;
    }
}

} // namespace

std::vector<float> sketch(const composer::Plan& plan, const std::function<bool()>& cancelled) {
    const double seconds_per_beat = 60 / plan.tempo;
    const double beats = static_cast<double>(std::min(plan.bars, kSketchBars)) * plan.beats_per_bar;
    const double first_beat = static_cast<double>(densest_bar(plan)) * plan.beats_per_bar;
    std::vector<float> out(static_cast<std::size_t>(std::lround(beats * seconds_per_beat * kSketchRate)));
    Noise noise;
    for (const auto& stem : plan.stems) {
        if (cancelled()) return {};
        const auto voice = voice_of(stem.role);
        // Stems are planned by loudness; a decaying wave of that amplitude is about as loud.
        const double level = 2 * std::pow(10, stem.level_db / 20);
        for (const auto& note : stem.notes) {
            double beat = std::fmod(note.start - first_beat, plan.total_beats());
            if (beat < 0) beat += plan.total_beats();
            if (beat >= beats) continue;
            const auto start = static_cast<std::size_t>(beat * seconds_per_beat * kSketchRate);
            if (start >= out.size()) continue;
            const double velocity = note.velocity / 127.0;
            const Spot spot{start, out.size() - start, level * velocity * velocity};
            if (is_drums(stem.role)) {
                draw_drum(out, spot, note.pitch, noise);
            } else {
                draw_tone(out, spot, note.pitch, note.length * seconds_per_beat, voice, stem.tone.brightness);
            }
        }
    }
    for (float& sample : out)
        sample = std::tanh(sample);
    return out;
}

} // namespace loopmind::tasks
