// What the stem writers share: notes before the controls have chosen among them, and where they are written.
#pragma once

#include "models/composer/genre.h"
#include "models/composer/plan.h"
#include "models/composer/random.h"
#include "models/composer/request.h"
#include "models/composer/scale.h"

#include <string>
#include <vector>

namespace loopmind::composer {

/// A note that may or may not sound. Its gates are drawn once from the seed; it is played when energy reaches
/// `energy_gate` and complexity lies in [complexity_gate, complexity_limit). So the notes of a lower energy
/// are a subset of those of a higher one, and complexity swaps or adds single notes without touching others.
/// Times are pattern beats from the start of the passage (see Context::feel).
struct Draft {
    double at = 0;
    double length = 0;
    int pitch = 60;
    double force = 90; ///< velocity of an accent at medium energy
    double level = 1;  ///< 1 accent .. 0.4 ghost: how far below the accent it is
    double energy_gate = 0;
    double complexity_gate = 0;
    double complexity_limit = 2;
    bool chromatic = false;
};

/// What holds for a whole variation.
struct Context {
    const Request& request;
    const GenreStyle& style;
    Ladder ladder;
    Stream root;            ///< of this variation's seed
    double feel = 1;        ///< real beats per pattern beat: 2 half time, 0.5 double time
    int steps_per_bar = 16; ///< sixteenths of a pattern bar
    double bar_beats = 4;   ///< pattern beats of a pattern bar
};

/// One voice of a chord, present for complexity in [gate, limit).
struct Voice {
    int pitch = 60;
    double gate = 0;
    double limit = 2;
    bool extension = false;
    bool chromatic = false;
};

/// A chord of a passage in pattern beats.
struct Harmony {
    double start = 0, length = 0;
    int degree = 0;           ///< 0..6
    int root = 0;             ///< pitch class
    std::vector<Voice> tones; ///< pitch classes with their gates; the first three are the triad
    bool brightened = false;  ///< mood turned this minor chord into the major chord a third below
};

/// One section of the form, as the writers see it.
struct Passage {
    Section section;
    int material_index = 0;
    double pattern_beats = 0;
    int pattern_bars = 0;     ///< rounded up; drafts past pattern_beats are dropped
    Stream stream{0};         ///< shared by passages of one material
    Stream variant_stream{0}; ///< differs between variants of the material
    std::vector<Harmony> harmony;
};

/// The chord that sounds at a pattern beat (wraps round the passage).
const Harmony& harmony_at(const Passage& passage, double beat);

/// One step of a rhythm string with its gates drawn.
struct Step {
    int index = 0; ///< within its bar
    char tag = '.';
    double level = 1;
    double energy_gate = 0, complexity_gate = 0;
};

/// The sounding steps of bar `bar` of a rhythm string; gates are jittered per bar within a four-bar cycle.
std::vector<Step> steps_of_bar(const char* steps, int steps_per_bar, int bar, const Stream& stream);

/// Steps that always sound.
int core_steps(const char* steps);

/// The figure of a section: two neighbours are drawn, the hook plays the busier, the others the quieter one.
template <typename Figure>
const Figure& figure_for(const std::vector<Figure>& figures, const Stream& draw, int material_index) {
    const auto count = static_cast<int>(figures.size());
    const int first = draw.below(0, count);
    const Figure& one = figures[static_cast<std::size_t>(first)];
    const Figure& two = figures[static_cast<std::size_t>((first + 1) % count)];
    const bool one_is_busier = core_steps(one.steps) > core_steps(two.steps);
    return (material_index == 1) == one_is_busier ? one : two;
}

} // namespace loopmind::composer
