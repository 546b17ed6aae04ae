// Builds motifs (rhythm cells and a contour), lays them out as phrases and fits them to scale and harmony.
#include "models/composer/melody.h"

#include "models/composer/form.h"
#include "models/composer/harmony.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace loopmind::composer {
namespace {

/// A note of a motif: where, and how many scale steps from the centre of the phrase.
struct MotifNote {
    int step = 0;
    int contour = 0;
    double energy_gate = 0;
    double complexity_gate = 0;
    double complexity_limit = 2;
};
using Motif = std::vector<MotifNote>;

/// What a phrase does with a motif.
struct Turn {
    char letter;   ///< A, B or C
    int transpose; ///< scale steps
    bool invert;
    bool cadence; ///< the tail leads home
};
using Form = std::array<Turn, 4>;

constexpr std::array<Form, 6> kForms{{
    {{{'A', 0, false, false}, {'A', 0, false, false}, {'B', 1, false, false}, {'A', 0, false, true}}},
    {{{'A', 0, false, false}, {'A', -1, false, false}, {'B', 2, false, false}, {'A', 0, false, true}}},
    {{{'A', 0, false, false}, {'B', 0, false, false}, {'A', 0, false, false}, {'C', 0, false, true}}},
    {{{'A', 0, false, false}, {'A', 1, false, false}, {'A', 2, false, false}, {'B', 0, false, true}}},
    {{{'A', 0, false, false}, {'B', 1, false, false}, {'A', 0, true, false}, {'B', 0, false, true}}},
    {{{'A', 0, false, false}, {'A', 0, false, false}, {'A', 2, true, false}, {'C', 0, false, true}}},
}};

std::vector<int> motif_rhythm(const Context& context, const MelodyStyle& style, const Stream& draw) {
    std::vector<int> steps;
    const int cells = static_cast<int>(style.cells.size());
    const int bar = context.steps_per_bar;
    int previous = -1;
    for (int unit_bar = 0; unit_bar < style.unit_bars; ++unit_bar) {
        for (int half = 0; half * 8 < bar; ++half) {
            const auto i = static_cast<std::uint64_t>(unit_bar * 2 + half);
            const bool last = unit_bar == style.unit_bars - 1 && (half + 1) * 8 >= bar;
            if (last && (unit_bar + half) > 0 && draw.unit(40 + i) < style.rest) break; // a breath
            int cell = draw.below(i, cells);
            if (cell == previous && draw.unit(20 + i) < 0.5) cell = (cell + 1) % cells;
            previous = cell;
            const char* text = style.cells[static_cast<std::size_t>(cell)];
            for (int s = 0; s < 8 && half * 8 + s < bar; ++s) {
                if (text[s] != '.') steps.push_back(unit_bar * bar + half * 8 + s);
            }
        }
    }
    // The first half bar always holds a note, so that even the shortest section has a melody.
    if (steps.empty() || steps.front() >= 6) steps.insert(steps.begin(), 0);
    return steps;
}

/// A walk that mostly steps, sometimes leaps and then turns back, pulled towards the centre.
void draw_contour(Motif& motif, const MelodyStyle& style, const Stream& draw) {
    int at = draw.below(0, 6) - 2, direction = draw.unit(1) < 0.5 ? 1 : -1;
    bool leapt = false;
    for (std::size_t n = 0; n < motif.size(); ++n) {
        motif[n].contour = at;
        const Stream d = draw.fork(static_cast<std::int64_t>(n));
        const double u = d.unit(0);
        int move = 1;
        if (u < style.repeat)
            move = 0;
        else if (!leapt && u < style.repeat + style.leap)
            move = 2 + d.below(1, 4);
        else if (d.unit(2) < 0.3)
            move = 2;
        if (leapt || d.unit(3) < 0.3) direction = -direction;
        if (at > 3 && d.unit(4) < 0.75) direction = -1;
        if (at < -3 && d.unit(4) < 0.75) direction = 1;
        leapt = move >= 3;
        at = std::clamp(at + direction * move, -6, 8);
    }
}

double metric_weight(int step) {
    if (step % 16 == 0) return 1.0;
    if (step % 8 == 0) return 0.85;
    if (step % 4 == 0) return 0.7;
    return step % 2 == 0 ? 0.45 : 0.2;
}

/// Gates: about half of the notes always sound; the others join evenly over energy, the weakest last.
void draw_energy_gates(Motif& motif, const Stream& draw) {
    std::vector<std::size_t> order(motif.size());
    for (std::size_t i = 0; i < order.size(); ++i)
        order[i] = i;
    std::vector<double> weight;
    for (std::size_t i = 0; i < motif.size(); ++i)
        weight.push_back(metric_weight(motif[i].step) + 0.5 * draw.unit(i));
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return weight[a] > weight[b]; });
    const std::size_t core = std::max<std::size_t>(1, (motif.size() * 9 + 10) / 20);
    for (std::size_t rank = core; rank < order.size(); ++rank) {
        motif[order[rank]].energy_gate =
            0.03 + 0.9 * (static_cast<double>(rank - core) + draw.unit(50 + rank)) /
                       static_cast<double>(order.size() - core);
    }
}

/// Complexity moves some beats ahead and adds passing notes off the beat between neighbours.
void add_complexity(Motif& motif, int unit_steps, const Stream& draw) {
    Motif added;
    for (std::size_t n = 0; n < motif.size(); ++n) {
        MotifNote& note = motif[n];
        const bool room = n == 0 ? note.step > 1 : note.step - motif[n - 1].step > 2;
        if (note.step % 4 == 0 && room && draw.unit(n) < 0.55) {
            MotifNote early = note;
            early.step -= draw.unit(100 + n) < 0.6 ? 2 : 1;
            early.complexity_gate = 0.1 + 0.88 * draw.unit(200 + n);
            note.complexity_limit = early.complexity_gate;
            added.push_back(early);
        }
    }
    std::vector<MotifNote> passing;
    for (std::size_t n = 0; n < motif.size(); ++n) {
        const int next = n + 1 < motif.size() ? motif[n + 1].step : unit_steps;
        if (next - motif[n].step < 2) continue;
        int step = motif[n].step + 1 + draw.below(300 + n, next - motif[n].step - 1);
        if (step % 4 == 0) step += step + 1 < next ? 1 : -1;
        if (step <= motif[n].step) continue;
        const int to = n + 1 < motif.size() ? motif[n + 1].contour : motif[0].contour;
        const int from = motif[n].contour;
        MotifNote note{step, (from + to) / 2, 0, 0, 2};
        if (note.contour == from) note.contour = from + (draw.unit(400 + n) < 0.5 ? 1 : -1);
        passing.push_back(note);
    }
    // Gates evenly over complexity, in seeded order; at most three passing notes a bar.
    std::stable_sort(passing.begin(), passing.end(), [&](const MotifNote& a, const MotifNote& b) {
        return draw.unit(500 + static_cast<std::uint64_t>(a.step)) <
               draw.unit(500 + static_cast<std::uint64_t>(b.step));
    });
    const std::size_t most = std::min(passing.size(), static_cast<std::size_t>(unit_steps * 3 / 16));
    for (std::size_t i = 0; i < most; ++i) {
        passing[i].complexity_gate =
            0.05 + 0.9 * (static_cast<double>(i) + draw.unit(600 + i)) / static_cast<double>(most);
        added.push_back(passing[i]);
    }
    motif.insert(motif.end(), added.begin(), added.end());
    std::stable_sort(motif.begin(), motif.end(),
                     [](const MotifNote& a, const MotifNote& b) { return a.step < b.step; });
}

Motif draw_motif(const Context& context, const MelodyStyle& style, const Stream& draw) {
    Motif motif;
    for (int step : motif_rhythm(context, style, draw.fork("rhythm")))
        motif.push_back({step});
    draw_contour(motif, style, draw.fork("contour"));
    draw_energy_gates(motif, draw.fork("energy"));
    add_complexity(motif, context.steps_per_bar * style.unit_bars, draw.fork("complexity"));
    return motif;
}

/// Pitch classes of the scale without the two notes that make half steps.
std::vector<int> pentatonic(const Key& key) {
    const bool minor = minor_sided(key);
    std::vector<int> classes;
    for (int degree = 0; degree < 7; ++degree) {
        const bool left_out = minor ? degree == 1 || degree == 5 : degree == 3 || degree == 6;
        if (!left_out) classes.push_back(key.scale[static_cast<std::size_t>(degree)]);
    }
    return classes;
}

} // namespace

std::vector<Draft> write_melody(const Context& context, const Passage& passage, const MelodyStyle& style,
                                double center, const char* name, bool arranged) {
    std::vector<Draft> out;
    const Stream stream = passage.stream.fork(name);
    const Form& form = kForms[static_cast<std::size_t>(stream.below(0, static_cast<int>(kForms.size())))];
    Motif motifs[3];
    for (int letter = 0; letter < 3; ++letter)
        motifs[letter] = draw_motif(context, style, stream.fork("motif").fork(letter));
    if (stream.unit(1) < 0.5) { // the answer keeps the rhythm of A and sings it another way
        Motif answer = motifs[0];
        const int turn = 1 + stream.below(2, 3);
        for (std::size_t n = 0; n < answer.size(); ++n)
            answer[n].contour = (n % 2 ? -1 : 1) * answer[n].contour + turn;
        if (stream.unit(3) < 0.5) motifs[1] = answer;
    }
    const std::vector<int> soft =
        style.pentatonic ? pentatonic(context.request.key) : context.request.key.scale;
    const double middle = center + register_shift(passage.section.name) + 11.0 * (context.request.mood - 0.5);
    const int unit_steps = context.steps_per_bar * style.unit_bars;
    const int units =
        static_cast<int>(std::ceil(passage.pattern_bars / static_cast<double>(style.unit_bars)));
    for (int unit = 0; unit < units; ++unit) {
        const int phrase = unit / 4;
        Turn turn = form[static_cast<std::size_t>(unit % 4)];
        if (unit == units - 1 && units > 1) turn.cadence = true;
        const Motif& motif = motifs[turn.letter - 'A'];
        // Later phrases and variants transpose or bend the ends of units; the motif stays recognisable.
        const bool varied = phrase > 0 || (passage.section.variant > 0 && unit % 2 == 1);
        const Stream bend = (passage.section.variant > 0 ? passage.variant_stream : stream)
                                .fork("bend")
                                .fork(phrase * 4 + unit % 4);
        const int shift = turn.transpose + (varied && unit % 4 == 2 ? bend.below(0, 5) - 2 : 0);
        for (const MotifNote& note : motif) {
            const double at = (unit * unit_steps + note.step) * 0.25;
            if (at < 0 || at >= passage.pattern_beats) continue;
            if (arranged && !sounds_in(passage.section.name, name, at / passage.pattern_beats, false))
                continue;
            int contour = turn.invert ? 1 - note.contour : note.contour;
            const auto n = static_cast<std::uint64_t>(note.step);
            if (varied && note.step >= unit_steps / 2 && bend.unit(n) < 0.45)
                contour += bend.below(100 + n, 5) - 2;
            // The cadence glides back towards where the first motif starts, so the loop turns round smoothly.
            if (turn.cadence && note.step >= unit_steps * 5 / 8)
                contour = (contour + 2 * (motifs[0].front().contour - 1)) / 3;
            const double target = middle + std::clamp((contour + shift) * 12.0 / 7.0, -9.0, 10.5);
            const bool strong =
                note.step % 4 == 0 || note.complexity_limit < 2 || note.step + 2 >= unit_steps;
            const Harmony& chord = harmony_at(passage, note.step % 4 == 0 ? at : at + 0.25);
            std::vector<int> classes;
            for (int pitch_class : sounding_classes(chord, 0.0)) {
                if (context.ladder.contains(pitch_class)) classes.push_back(pitch_class);
            }
            Draft draft{at,
                        style.hold,
                        nearest_of(strong && !classes.empty() ? classes : soft, target),
                        94,
                        0.72 + 0.28 * metric_weight(note.step),
                        note.energy_gate,
                        note.complexity_gate,
                        note.complexity_limit};
            if (note.complexity_gate > 0) draft.pitch = context.ladder.pitch(context.ladder.nearest(target));
            // A held note ends with its chord unless it belongs to the next one too.
            const Harmony& next = harmony_at(passage, chord.start + chord.length);
            const double chord_end =
                std::ceil((at + 0.3 - chord.start) / chord.length) * chord.length + chord.start;
            const auto next_classes = sounding_classes(next, 0.0);
            const bool belongs = std::find(next_classes.begin(), next_classes.end(),
                                           Ladder::pitch_class(draft.pitch)) != next_classes.end();
            if (!belongs && chord_end > at)
                draft.length = std::min(draft.length, std::max(0.25, chord_end - at));
            out.push_back(draft);
        }
    }
    return out;
}

} // namespace loopmind::composer
