// Reads a bass figure against the harmony.
#include "models/composer/bass.h"

#include <algorithm>
#include <cstring>

namespace loopmind::composer {
namespace {

int at_or_above(int floor, int pitch_class) {
    return floor + ((pitch_class - floor) % 12 + 12) % 12;
}

/// Bass pitch of one figure tone; `lifted` says that mood has raised it above the root.
int tone_pitch(const Context& context, const Harmony& chord, int root, int next_root, char tone, int walked,
               bool lifted, double side) {
    const auto& scale = context.request.key.scale;
    const auto step = [&](int steps) { return scale[static_cast<std::size_t>((chord.degree + steps) % 7)]; };
    const auto placed = [&](int pitch_class) {
        const int high = at_or_above(root, pitch_class);
        return lifted || high - 12 < context.style.registers.bass - 5 ? high : high - 12;
    };
    switch (tone) {
    case '5':
        return placed(step(4));
    case '3':
        return placed(step(2));
    case '7':
        return placed(step(6));
    case '8':
        return lifted ? root + 12 : root;
    case 'W': {
        const int direction = next_root >= root ? 1 : -1;
        return context.ladder.pitch(context.ladder.nearest(root) + direction * (walked == 0 ? 2 : 4));
    }
    case 'A': {
        const int target = context.ladder.nearest(next_root);
        const bool from_above = lifted && side < 0.6;
        return context.ladder.pitch(target + (from_above ? 1 : -1));
    }
    default:
        return root;
    }
}

} // namespace

std::vector<Draft> write_bass(const Context& context, const Passage& passage) {
    std::vector<Draft> out;
    const GenreStyle& style = context.style;
    const auto& figures = context.request.beats_per_bar == 3 ? style.bass_waltz : style.bass;
    const Stream pick = context.root.fork("bass figure");
    const BassFigure& figure = figure_for(figures, pick, passage.material_index);
    const Stream stream = passage.stream.fork("bass");
    const int chromatic_bar = stream.below(7, 8); // one half-step approach in eight bars
    const int low = style.registers.bass;
    const int size = static_cast<int>(std::strlen(figure.tones));
    for (int bar = 0; bar < passage.pattern_bars; ++bar) {
        const Stream draw = stream.fork("tones").fork(bar % 4);
        int walked = 0;
        for (const Step& step : steps_of_bar(figure.steps, context.steps_per_bar, bar, stream)) {
            const double at = bar * context.bar_beats + step.index * 0.25;
            if (at >= passage.pattern_beats) break;
            const Harmony& chord = harmony_at(passage, at);
            const Harmony& next = harmony_at(passage, chord.start + chord.length);
            const int root = at_or_above(low, chord.root), next_root = at_or_above(low, next.root);
            char tone = figure.tones[step.index % size];
            const auto i = static_cast<std::uint64_t>(step.index);
            // An approach leads into a new chord; inside a chord it is a fifth or a step.
            const bool into_next = at + 1.01 >= chord.start + chord.length;
            if (tone == 'A' && !into_next) tone = draw.unit(i + 300) < 0.5 ? '5' : 'W';
            const bool lifted = context.request.mood >= 0.05 + 0.9 * draw.unit(i);
            const double room = chord.start + chord.length - at; // never over the next chord
            Draft note{at,
                       std::min(4.0, room),
                       tone_pitch(context, chord, root, next_root, tone, walked, lifted, draw.unit(i + 100)),
                       100,
                       std::max(0.68, step.level),
                       step.energy_gate,
                       step.complexity_gate};
            // From middle complexity on, gated approaches of the rich genres come from the half step below.
            const int half_step = next_root - 1;
            if (tone == 'A' && step.complexity_gate > 0 && style.extensions.secondary_dominants &&
                bar % 8 == chromatic_bar && !context.ladder.contains(half_step)) {
                note.pitch = half_step;
                note.chromatic = true;
                note.complexity_gate = std::max(0.55, note.complexity_gate);
            }
            if (tone == 'W') ++walked;
            out.push_back(note);
        }
    }
    // Approaches into every new chord, so that complexity moves the bass in every genre.
    for (std::size_t i = 0; i < passage.harmony.size(); ++i) {
        const Harmony& chord = passage.harmony[i];
        const Harmony& next = passage.harmony[(i + 1) % passage.harmony.size()];
        const Stream draw = stream.fork("approach").fork(static_cast<std::int64_t>(i % 8));
        const int target = context.ladder.nearest(at_or_above(low, next.root));
        const bool above = context.request.mood >= 0.1 + 0.9 * draw.unit(2);
        out.push_back({chord.start + chord.length - 0.25, 0.25,
                       context.ladder.pitch(target + (above ? 1 : -1)), 100, 0.66, 0,
                       0.1 + 0.85 * draw.unit(1)});
    }
    return out;
}

} // namespace loopmind::composer
