// Reads rhythm strings into gated steps and finds chords on the timeline.
#include "models/composer/draft.h"

#include <cmath>
#include <cstring>

namespace loopmind::composer {

const Harmony& harmony_at(const Passage& passage, double beat) {
    beat -= std::floor(beat / passage.pattern_beats) * passage.pattern_beats;
    for (const Harmony& chord : passage.harmony) {
        if (beat < chord.start + chord.length - 1e-9) return chord;
    }
    return passage.harmony.back();
}

int core_steps(const char* steps) {
    int count = 0;
    for (const char* c = steps; *c; ++c)
        count += *c == 'X' || *c == 'x' || *c == 'o';
    return count;
}

std::vector<Step> steps_of_bar(const char* steps, int steps_per_bar, int bar, const Stream& stream) {
    const int size = static_cast<int>(std::strlen(steps));
    const int bars = size / steps_per_bar > 0 ? size / steps_per_bar : 1;
    const int offset = (bar % bars) * steps_per_bar;
    const Stream draw = stream.fork(bar % 4);
    std::vector<Step> out;
    for (int i = 0; i < steps_per_bar && offset + i < size; ++i) {
        const char c = steps[offset + i];
        if (c == '.') continue;
        Step step{i, c, 1, 0, 0};
        const double u = draw.unit(static_cast<std::uint64_t>(i));
        if (c == 'x') step.level = 0.85;
        if (c == 'o') step.level = 0.62;
        if (c >= '1' && c <= '9') step.level = 0.72, step.energy_gate = 0.01 + (c - '0' - u) / 9.4;
        if (c >= 'a' && c <= 'i') step.level = 0.48, step.complexity_gate = 0.01 + (c - 'a' + 1 - u) / 6.3;
        out.push_back(step);
    }
    return out;
}

} // namespace loopmind::composer
