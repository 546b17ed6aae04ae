// Swing, timing and velocity offsets.
#include "models/composer/humanize.h"

#include <algorithm>
#include <cmath>

namespace loopmind::composer {
namespace {

double rounded(double beats) {
    return std::floor(beats * 1e6 + 0.5) * 1e-6;
}

bool is_swung(double grid, double swing_grid) {
    const double cycle = 2 * swing_grid;
    return std::abs(grid - std::floor(grid / cycle) * cycle - swing_grid) < 1e-6;
}

void centre(std::vector<double>& z, const std::vector<bool>& swung, bool which) {
    double sum = 0;
    int count = 0;
    for (std::size_t i = 0; i < z.size(); ++i) {
        if (swung[i] == which) sum += z[i], ++count;
    }
    if (count < 2) return;
    for (std::size_t i = 0; i < z.size(); ++i) {
        if (swung[i] == which) z[i] -= sum / count;
    }
}

} // namespace

std::vector<Note> perform(const Context& context, const std::vector<Placed>& placed, const Stream& stream,
                          bool drums, double swing_grid) {
    const Request& request = context.request;
    const double total = static_cast<double>(request.bars) * request.beats_per_bar;
    const double beats_per_ms = request.tempo / 60000.0;
    const double sixteenth_ms = 15000.0 / request.tempo;
    const double sigma = std::min(drums ? 6.5 : 8.5, 0.11 * sixteenth_ms) * beats_per_ms;
    const Stream time = stream.fork("time"), together = stream.fork("moment"), touch = stream.fork("touch");

    std::vector<double> timing, force, base;
    std::vector<bool> swung;
    for (const Placed& p : placed) {
        const double z = 0.8 * together.bell(p.moment) + 0.6 * time.bell(p.identity);
        timing.push_back(std::clamp(z, -2.6, 2.6));
        force.push_back(touch.bell(p.identity));
        swung.push_back(context.style.swing > 0 && is_swung(p.draft.at, swing_grid));
        const double depth = (1 - p.draft.level) * (0.75 + 0.35 * request.energy);
        const double loudness =
            p.draft.force * (1 - depth) * (0.66 + 0.5 * request.energy) * (0.9 + 0.1 * p.density);
        base.push_back(std::clamp(0.83 * loudness, 24.0, 106.0));
    }
    centre(timing, swung, true);
    centre(timing, swung, false);
    centre(force, std::vector<bool>(force.size(), true), true);
    double agreement = 0;
    for (std::size_t i = 0; i < base.size(); ++i)
        agreement += base[i] * force[i];
    const double sign = agreement < 0 ? -1 : 1;

    std::vector<Note> notes;
    for (std::size_t i = 0; i < placed.size(); ++i) {
        const Draft& draft = placed[i].draft;
        Note note;
        note.grid = rounded(draft.at);
        double start = draft.at + (swung[i] ? context.style.swing * swing_grid / 3 : 0);
        start += request.humanize * sigma * timing[i];
        start -= std::floor(start / total) * total;
        note.start = rounded(start);
        if (note.start >= total) note.start = 0;
        note.length = std::max(0.02, rounded(draft.length));
        note.pitch = draft.pitch;
        const double velocity = base[i] + sign * request.humanize * 8.0 * force[i];
        note.velocity = std::clamp(static_cast<int>(std::floor(velocity + 0.5)), 1, 127);
        note.chromatic = draft.chromatic;
        notes.push_back(note);
    }
    std::stable_sort(notes.begin(), notes.end(), [](const Note& a, const Note& b) {
        return a.start != b.start ? a.start < b.start : a.pitch < b.pitch;
    });
    return notes;
}

} // namespace loopmind::composer
