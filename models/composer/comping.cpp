// Comping figures, sustained pads, arpeggios and choirs over one voicing of the harmony.
#include "models/composer/comping.h"

#include "models/composer/harmony.h"

#include <algorithm>
#include <cmath>

namespace loopmind::composer {
namespace {

std::size_t chord_index(const Passage& passage, double beat) {
    beat -= std::floor(beat / passage.pattern_beats) * passage.pattern_beats;
    for (std::size_t i = 0; i < passage.harmony.size(); ++i) {
        if (beat < passage.harmony[i].start + passage.harmony[i].length - 1e-9) return i;
    }
    return passage.harmony.size() - 1;
}

struct Hit {
    double at;
    int step;
    double level, energy_gate, complexity_gate, complexity_limit;
    bool pushed;
};

/// The hits of a comping figure; some downbeats move an eighth ahead of the bar from a seeded complexity on.
std::vector<Hit> comping_hits(const Context& context, const Passage& passage, const CompFigure& figure,
                              const Stream& stream) {
    std::vector<Hit> hits;
    for (int bar = 0; bar < passage.pattern_bars; ++bar) {
        for (const Step& step : steps_of_bar(figure.steps, context.steps_per_bar, bar, stream)) {
            Hit hit{bar * context.bar_beats + step.index * 0.25,
                    step.index,
                    step.level,
                    step.energy_gate,
                    step.complexity_gate,
                    2,
                    false};
            const Stream draw = stream.fork("push").fork(bar % 8);
            const bool on_beat = step.index % 4 == 0;
            const auto i = static_cast<std::uint64_t>(step.index);
            if (on_beat && hit.at > 0 && step.energy_gate == 0 && draw.unit(i) < 0.6) {
                hit.complexity_limit = 0.08 + 0.9 * draw.unit(50 + i);
                Hit push = hit;
                push.at -= draw.unit(100 + i) < 0.65 ? 0.5 : 0.25;
                push.complexity_gate = hit.complexity_limit;
                push.complexity_limit = 2;
                push.pushed = true;
                hits.push_back(push);
            }
            hits.push_back(hit);
        }
    }
    std::sort(hits.begin(), hits.end(), [](const Hit& a, const Hit& b) { return a.at < b.at; });
    return hits;
}

/// On the beat, where the bass has the root, extensions take the place of root and fifth instead of
/// thickening the chord: the first that joins replaces the root, the second the tone above the third.
std::vector<Voice> rootless(std::vector<Voice> voices, int root) {
    std::vector<std::size_t> leaving;
    for (std::size_t v = 0; v < 3; ++v) {
        if (Ladder::pitch_class(voices[v].pitch) == root)
            leaving.insert(leaving.begin(), v);
        else if (voices[v].limit >= 2 && (Ladder::pitch_class(voices[v].pitch) - root + 12) % 12 > 5)
            leaving.push_back(v);
    }
    std::vector<double> gates;
    for (std::size_t v = 3; v < voices.size(); ++v) {
        if (voices[v].gate > 0 && !voices[v].chromatic) gates.push_back(voices[v].gate);
    }
    std::sort(gates.begin(), gates.end());
    for (std::size_t i = 0; i < std::min(leaving.size(), gates.size()); ++i) {
        voices[leaving[i]].limit = std::min(voices[leaving[i]].limit, gates[i]);
    }
    return voices;
}

} // namespace

std::vector<Draft> write_comping(const Context& context, const Passage& passage, double center) {
    std::vector<Draft> out;
    const GenreStyle& style = context.style;
    const auto& figures = context.request.beats_per_bar == 3 ? style.comps_waltz : style.comps;
    const CompFigure& figure =
        figure_for(figures, context.root.fork("comping figure"), passage.material_index);
    const Stream stream = passage.stream.fork("comping");
    const auto voicings = voice_chords(context, passage, center);
    const std::vector<Hit> hits = comping_hits(context, passage, figure, stream);
    const auto& stems = context.request.stems;
    const bool has_bass = std::find(stems.begin(), stems.end(), "bass") != stems.end();
    for (const Hit& hit : hits) {
        if (hit.at >= passage.pattern_beats) continue;
        const std::size_t index = chord_index(passage, hit.pushed ? hit.at + 0.5 : hit.at);
        const Harmony& chord = passage.harmony[index];
        const double end =
            hit.pushed ? std::max(chord.start, hit.at) + chord.length : chord.start + chord.length;
        double length = end - hit.at;
        if (figure.style == CompStyle::kStab) length = figure.sustain * (1.15 - 0.3 * context.request.mood);
        const bool off_beat = hit.step % 4 != 0 || hit.pushed;
        const auto voices = off_beat || !has_bass ? voicings[index] : rootless(voicings[index], chord.root);
        for (std::size_t v = 0; v < voices.size(); ++v) {
            const Voice& voice = voices[v];
            if (figure.style == CompStyle::kBroken) {
                const bool mine = voice.extension
                                      ? off_beat && (hit.step / 2 + v) % 2 == 0
                                      : v == static_cast<std::size_t>((hit.step / 2) % 3) || hit.step == 0;
                if (!mine) continue;
            }
            if (figure.style == CompStyle::kPower && !voice.extension && v > 0 &&
                voice.pitch % 12 != chord.root && (voice.pitch - chord.root + 120) % 12 != 7)
                continue;
            Draft note{hit.at,
                       std::max(0.1, length),
                       voice.pitch,
                       84,
                       hit.level - 0.02 * static_cast<double>(v % 3),
                       hit.energy_gate,
                       std::max(hit.complexity_gate, voice.gate),
                       std::min(hit.complexity_limit, voice.limit),
                       voice.chromatic};
            out.push_back(note);
        }
    }
    return out;
}

std::vector<Draft> write_pad(const Context& context, const Passage& passage, double center) {
    std::vector<Draft> out;
    const auto voicings = voice_chords(context, passage, center);
    const Stream stream = passage.stream.fork("pad");
    for (std::size_t i = 0; i < passage.harmony.size(); ++i) {
        const Harmony& chord = passage.harmony[i];
        const double swell = std::min(0.5, chord.length / 4);
        // Energy breaks the sustained chord into more strokes; a voice ends where it is struck again.
        const double pulse = stream.fork(static_cast<std::int64_t>(i % 4)).unit(0) * 0.4 + 0.25;
        for (const Voice& voice : voicings[i]) {
            if (voice.chromatic) continue; // long tones leave raised thirds to the comping
            const double offset = voice.extension && !voice.chromatic && voice.gate > 0 ? swell : 0;
            const double half = chord.length / 2;
            out.push_back({chord.start + offset, chord.length - offset, voice.pitch, 74, 0.9, 0, voice.gate,
                           voice.limit, voice.chromatic});
            if (chord.length > 2) {
                out.push_back({chord.start + half + offset, chord.length - half - offset, voice.pitch, 74,
                               0.8, pulse, voice.gate, voice.limit, voice.chromatic});
            }
        }
    }
    return out;
}

std::vector<Draft> write_arp(const Context& context, const Passage& passage, double center) {
    std::vector<Draft> out;
    const auto voicings = voice_chords(context, passage, center);
    const auto& lanes = context.style.arp.steps;
    const Stream pick = context.root.fork("arp");
    const char* lane = lanes[static_cast<std::size_t>(pick.below(0, static_cast<int>(lanes.size())))];
    const int shape = (pick.below(1, 4) + passage.material_index) % 4;
    const Stream stream = passage.stream.fork("arp");
    static constexpr int kShapes[4][8] = {{0, 1, 2, 3, 4, 5, 4, 2},
                                          {5, 4, 3, 2, 1, 0, 1, 3},
                                          {0, 2, 1, 3, 2, 4, 3, 5},
                                          {0, 3, 1, 4, 2, 5, 3, 1}};
    for (int bar = 0; bar < passage.pattern_bars; ++bar) {
        const Stream draw = stream.fork(bar % 4);
        const double length = context.style.arp.length * (1.25 - 0.5 * context.request.mood);
        for (const Step& step : steps_of_bar(lane, context.steps_per_bar, bar, stream)) {
            const double at = bar * context.bar_beats + step.index * 0.25;
            if (at >= passage.pattern_beats) break;
            const auto& voices = voicings[chord_index(passage, at)];
            const int rung = kShapes[shape][step.index % 8];
            Draft note{at,
                       length,
                       voices[static_cast<std::size_t>(rung % 3)].pitch + 12 * (rung / 3),
                       82,
                       step.index % 4 == 0 ? 1.0 : step.level * 0.9,
                       step.energy_gate,
                       step.complexity_gate};
            const auto i = static_cast<std::uint64_t>(step.index);
            const std::size_t colour = 3 + i % std::max<std::size_t>(1, voices.size() - 3);
            if (step.index % 4 != 0 && colour < voices.size() && draw.unit(i) < 0.5 &&
                !voices[colour].chromatic) {
                Draft coloured = note; // complexity swaps the chord tone for an extension
                coloured.pitch = voices[colour].pitch + (voices[colour].pitch < note.pitch - 6 ? 12 : 0);
                coloured.complexity_gate = std::max(voices[colour].gate, 0.1 + 0.85 * draw.unit(40 + i));
                note.complexity_limit = coloured.complexity_gate;
                out.push_back(coloured);
            }
            // Some strokes on the beat drop out as complexity makes the pattern lean off the beat.
            if (step.index % 4 == 0 && step.index > 0 && draw.unit(80 + i) < 0.6) {
                note.complexity_limit = 0.1 + 0.88 * draw.unit(120 + i);
                Draft moved = note;
                moved.at += 0.25;
                moved.complexity_gate = note.complexity_limit;
                moved.complexity_limit = 2;
                moved.level = 0.8;
                out.push_back(moved);
            }
            out.push_back(note);
        }
    }
    return out;
}

std::vector<Draft> write_choir(const Context& context, const Passage& passage, double center) {
    std::vector<Draft> out;
    const auto voicings = voice_chords(context, passage, center);
    const Stream stream = passage.stream.fork("choir");
    for (std::size_t i = 0; i < passage.harmony.size(); ++i) {
        const Harmony& chord = passage.harmony[i];
        const Stream draw = stream.fork(static_cast<std::int64_t>(i % 4));
        for (std::size_t v = 0; v < voicings[i].size(); ++v) {
            const Voice& voice = voicings[i][v];
            if (v == 0 || voice.chromatic) continue;
            const double offset = voice.extension && voice.gate > 0 ? std::min(0.5, chord.length / 4) : 0;
            const double answer = 0.3 + 0.5 * draw.unit(0);
            const double half = chord.length * (draw.unit(1) < 0.5 ? 0.5 : 0.625);
            out.push_back({chord.start + offset, chord.length * 0.96 - offset, voice.pitch, 80, 0.9, 0,
                           voice.gate, voice.limit, voice.chromatic});
            out.push_back({chord.start + half + offset, (chord.length - half) * 0.95 - offset, voice.pitch,
                           80, 0.85, answer, voice.gate, voice.limit, voice.chromatic});
        }
    }
    return out;
}

} // namespace loopmind::composer
