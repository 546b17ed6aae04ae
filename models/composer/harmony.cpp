// Writes the chord timeline of a passage and voices it.
#include "models/composer/harmony.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>

namespace loopmind::composer {
namespace {

int above(int from, int to) {
    return ((to - from) % 12 + 12) % 12;
}

/// "1 4 3,6 2,5" to degrees per bar.
std::vector<std::vector<int>> parse_progression(std::string_view text) {
    std::vector<std::vector<int>> bars(1);
    for (char c : text) {
        if (c == ' ')
            bars.emplace_back();
        else if (c >= '1' && c <= '7')
            bars.back().push_back(c - '1');
    }
    return bars;
}

std::vector<std::vector<int>> pick_progression(const Context& context, int material) {
    const auto& lists = context.style.progressions;
    const auto& list = minor_sided(context.request.key) ? lists.minor : lists.major;
    const int count = static_cast<int>(list.size());
    const Stream draw = context.root.fork("progression");
    // Verse, hook and bridge take neighbours of one seeded start, so they differ where there is a choice.
    return parse_progression(list[static_cast<std::size_t>((draw.below(0, count) + material) % count)]);
}

void add_tone(Harmony& chord, int pitch_class, double gate, bool extension) {
    for (const Voice& tone : chord.tones) {
        if (tone.pitch == pitch_class) return;
    }
    chord.tones.push_back({pitch_class, gate, 2, extension, false});
}

/// Adds seventh, ninth and eleventh or thirteenth. Their gates are spread evenly over complexity: all
/// sevenths of a four-chord cycle before all ninths before all thirteenths, the chords of a cycle in seeded
/// turns. Genres that live on sevenths and ninths have them from the start.
void add_extensions(const Context& context, Harmony& chord, int place, const Stream& draw) {
    const auto& scale = context.request.key.scale;
    const auto tone = [&](int steps) { return scale[static_cast<std::size_t>((chord.degree + steps) % 7)]; };
    const int always = context.style.extensions.always;
    const int turn = (place + draw.below(0, 4)) % 4;
    const auto gate = [&](int level) {
        if (level < always) return 0.0;
        const double width = 0.95 / (3 - always);
        return 0.03 + width * (level - always) +
               width * (turn + draw.fork(place).unit(static_cast<std::uint64_t>(level))) / 4;
    };
    const int third = above(chord.root, tone(2)), seventh = above(chord.root, tone(6));
    // A major seventh over a minor chord is dissonant: late, and later still in bright moods.
    const double harsh = third == 3 && seventh == 11 ? 0.3 + 0.25 * context.request.mood : 0;
    add_tone(chord, tone(6), std::min(0.98, gate(0) + harsh), true);
    if (above(chord.root, tone(1)) == 2) add_tone(chord, tone(1), gate(1), true);
    if (third == 4 && above(chord.root, tone(5)) == 9) add_tone(chord, tone(5), gate(2), true);
    if (third == 3 && above(chord.root, tone(3)) == 5) add_tone(chord, tone(3), gate(2), true);
}

Harmony build_chord(const Context& context, int degree, int place, const Stream& draw) {
    const auto& scale = context.request.key.scale;
    const auto tone = [&](int steps) { return scale[static_cast<std::size_t>((degree + steps) % 7)]; };
    Harmony chord;
    chord.degree = degree;
    chord.root = tone(0);
    const int fifth = above(chord.root, tone(4));
    if (fifth == 7) {
        chord.tones = {{tone(0)}, {tone(2)}, {tone(4)}};
    } else { // diminished and augmented triads become shells; their fifth is colour
        chord.tones = {{tone(0)}, {tone(2)}, {tone(6)}};
        add_tone(chord, tone(4), 0.7, true);
    }
    add_extensions(context, chord, place, draw);
    return chord;
}

/// Indices 0..count-1, one place of the four-chord cycle after the other in the order of `turns`.
std::vector<std::size_t> by_turns(std::size_t count, const std::vector<std::size_t>& turns) {
    std::vector<std::size_t> order;
    for (std::size_t turn : turns) {
        for (std::size_t i = turn; i < count; i += 4)
            order.push_back(i);
    }
    return order;
}

/// A minor chord that falls a fifth to the next one may become its dominant: the raised third replaces the
/// minor one from a seeded complexity on.
void add_leading_tones(const Context& context, std::vector<Harmony>& chords, const Stream& draw) {
    if (!context.style.extensions.secondary_dominants) return;
    const std::size_t first = static_cast<std::size_t>(draw.below(99, 4));
    std::vector<std::size_t> turns;
    for (std::size_t k = 0; k < std::min<std::size_t>(4, chords.size()); ++k)
        turns.push_back((first + k) % 4);
    std::optional<std::size_t> chosen; // one place of the four-chord cycle: dominants stay an event
    for (std::size_t i : by_turns(chords.size(), turns)) {
        if (chosen && i % 4 != *chosen) continue;
        Harmony& chord = chords[i];
        const Harmony& next = chords[(i + 1) % chords.size()];
        const int raised = (chord.tones[1].pitch + 1) % 12;
        if (chord.brightened || above(chord.root, next.root) != 5 || above(chord.root, raised) != 4) continue;
        if (context.ladder.contains(raised)) continue;
        const double gate = 0.62 + 0.36 * draw.unit(i % 4);
        chosen = i % 4;
        chord.tones[1].limit = gate;
        chord.tones.push_back({raised, gate, 2, true, true});
    }
}

/// Bright moods turn minor chords into the major chord a third below: the fifth rises a step.
void brighten(const Context& context, std::vector<Harmony>& chords, const Stream& draw) {
    const auto& scale = context.request.key.scale;
    for (std::size_t i = 1; i < chords.size(); ++i) {
        Harmony& chord = chords[i];
        const std::size_t cycle = i % 4;
        if (cycle == 0 || draw.unit(cycle) > 0.5 || chord.tones.size() < 3) continue;
        if (context.request.mood < 0.55 + 0.8 * draw.unit(100 + cycle)) continue;
        const int degree = (chord.degree + 5) % 7;
        const int root = scale[static_cast<std::size_t>(degree)];
        const bool minor =
            above(chord.root, chord.tones[1].pitch) == 3 && above(chord.root, chord.tones[2].pitch) == 7;
        const bool major = above(root, scale[static_cast<std::size_t>((degree + 2) % 7)]) == 4 &&
                           above(root, scale[static_cast<std::size_t>((degree + 4) % 7)]) == 7;
        if (!minor || !major) continue;
        chord.degree = degree;
        chord.root = root;
        chord.tones.erase(std::remove_if(chord.tones.begin() + 3, chord.tones.end(),
                                         [&](const Voice& tone) { return tone.pitch == root; }),
                          chord.tones.end());
        chord.tones[2].pitch = root;
        chord.brightened = true;
    }
}

/// Places three pitch classes round `center` as near as possible to the three pitches before.
std::vector<int> place_triad(const std::vector<Voice>& tones, const std::vector<int>& before, double center) {
    std::vector<int> best;
    double best_cost = 1e9;
    for (int inversion = 0; inversion < 3; ++inversion) {
        for (int octave = 1; octave < 9; ++octave) {
            std::vector<int> pitches(3);
            int last = 12 * octave - 1;
            for (int voice = 0; voice < 3; ++voice) {
                const int pitch_class = tones[static_cast<std::size_t>((voice + inversion) % 3)].pitch;
                last += 1 + above((last + 1) % 12, pitch_class);
                pitches[static_cast<std::size_t>(voice)] = last;
            }
            double cost = 0.35 * std::abs((pitches[0] + pitches[1] + pitches[2]) / 3.0 - center);
            for (std::size_t voice = 0; voice < before.size(); ++voice) {
                cost += std::abs(pitches[voice] - before[voice]);
            }
            if (before.empty()) cost *= 10;
            if (cost < best_cost) best_cost = cost, best = pitches;
        }
    }
    return best;
}

/// The pitch of an extension: above the lowest voice, away from half-step clashes; 0 when there is no place.
int place_extension(int pitch_class, const std::vector<Voice>& voices, int floor) {
    for (int pitch = floor + 1 + above((floor + 1) % 12, pitch_class); pitch <= floor + 24; pitch += 12) {
        bool clash = false;
        for (const Voice& voice : voices) {
            const int gap = std::abs(pitch - voice.pitch);
            clash |= gap == 1 || gap == 0 || (gap == 13 && pitch > voice.pitch);
        }
        if (!clash) return pitch;
    }
    return 0;
}

} // namespace

std::vector<Harmony> write_harmony(const Context& context, const Passage& passage) {
    const auto progression = pick_progression(context, passage.material_index);
    const Stream draw = context.root.fork("chords").fork(passage.material_index);
    const double unit = context.bar_beats * context.style.bars_per_chord;
    const int units = std::max(1, static_cast<int>(std::ceil(passage.pattern_beats / unit - 1e-9)));
    std::vector<Harmony> chords;
    for (int i = 0; i < units; ++i) {
        const int size = static_cast<int>(progression.size());
        const bool turnaround = i == units - 1 && units > 1;
        const auto& degrees = progression[static_cast<std::size_t>(turnaround ? size - 1 : i % size)];
        const double length = unit / static_cast<double>(degrees.size());
        for (std::size_t part = 0; part < degrees.size(); ++part) {
            const double start = i * unit + static_cast<double>(part) * length;
            if (start >= passage.pattern_beats - 1e-9) break;
            Harmony chord = build_chord(context, degrees[part], i, draw);
            chord.start = start;
            chord.length = std::min(length, passage.pattern_beats - start);
            chords.push_back(std::move(chord));
        }
    }
    brighten(context, chords, draw.fork("bright"));
    add_leading_tones(context, chords, draw.fork("dominants"));
    return chords;
}

std::vector<std::vector<Voice>> voice_chords(const Context& context, const Passage& passage, double center) {
    std::vector<std::vector<Voice>> out;
    std::vector<int> before;
    for (const Harmony& chord : passage.harmony) {
        // Lead the voices as if mood had not brightened the chord, then move its fifth: mood only ever lifts.
        std::vector<Voice> tones = chord.tones;
        if (chord.brightened) {
            const auto& scale = context.request.key.scale;
            tones[2].pitch = scale[static_cast<std::size_t>((chord.degree + 6) % 7)];
        }
        std::vector<int> pitches = place_triad(tones, before, center - 5);
        before = pitches;
        std::vector<Voice> voices;
        for (int pitch : pitches) {
            Voice voice;
            for (std::size_t i = 0; i < 3; ++i) {
                if (tones[i].pitch == pitch % 12) voice = chord.tones[i];
            }
            const int moved = above(pitch % 12, voice.pitch);
            voice.pitch = pitch + moved;
            voices.push_back(voice);
        }
        for (int lift = 0; lift < 4; ++lift) {
            if (context.request.mood < 0.2 + 0.25 * lift) break;
            std::min_element(voices.begin(), voices.end(), [](const Voice& a, const Voice& b) {
                return a.pitch < b.pitch;
            })->pitch += 12;
        }
        std::sort(voices.begin(), voices.end(),
                  [](const Voice& a, const Voice& b) { return a.pitch < b.pitch; });
        for (std::size_t i = 3; i < chord.tones.size(); ++i) {
            Voice voice = chord.tones[i];
            if (voice.chromatic) { // the raised third sits a half step above the third it replaces
                for (const Voice& other : voices) {
                    if (other.limit == voice.gate) voice.pitch = other.pitch + 1;
                }
            } else {
                voice.pitch = place_extension(voice.pitch, voices, voices.front().pitch);
            }
            if (voice.pitch >= 24 && voice.pitch <= 108) voices.push_back(voice);
        }
        out.push_back(std::move(voices));
    }
    return out;
}

std::vector<int> sounding_classes(const Harmony& chord, double complexity) {
    std::vector<int> classes;
    for (const Voice& tone : chord.tones) {
        if (complexity >= tone.gate && complexity < tone.limit) classes.push_back(tone.pitch);
    }
    return classes;
}

Chord chord_symbol(const Context& context, const Harmony& chord) {
    Chord out;
    out.start = chord.start;
    out.length = chord.length;
    out.root = chord.root;
    out.pitch_classes = sounding_classes(chord, context.request.complexity);
    bool has[12] = {};
    for (int pitch_class : out.pitch_classes)
        has[above(chord.root, pitch_class)] = true;
    const bool minor = has[3] && !has[4];
    std::string highest = has[9] && has[4] ? "13" : has[5] ? "11" : has[2] ? "9" : "7";
    std::string quality = minor ? "m" : "";
    if (has[11])
        quality += "maj" + highest;
    else if (has[10])
        quality += highest;
    else if (has[2])
        quality += "add9";
    else if (has[9])
        quality += "6";
    if (has[6] && !has[7]) quality += "b5";
    if (has[8] && !has[7] && has[4]) quality += "#5";
    if (!has[3] && !has[4]) quality = has[5] ? "sus4" : has[2] ? "sus2" : "5";
    out.symbol = pitch_name(context.request.key, chord.root) + quality;
    out.quality = quality.empty() ? "maj" : quality;
    return out;
}

} // namespace loopmind::composer
