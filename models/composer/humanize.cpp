// Swing, timing and velocity offsets.
#include "models/composer/humanize.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace loopmind::composer {
namespace {

double rounded(double beats) {
    return std::floor(beats * 1e6 + 0.5) * 1e-6;
}

/// Swing bends time inside each pair of `swing_grid` steps: its middle moves to `ratio`, what lies between
/// bends along, so eighth swing carries the sixteenths with it.
double swung(double at, double swing_grid, double ratio) {
    const double pair = 2 * swing_grid, whole = std::floor(at / pair + 1e-9);
    const double phase = at / pair - whole;
    return (whole + (phase < 0.5 ? phase * 2 * ratio : ratio + (phase - 0.5) * 2 * (1 - ratio))) * pair;
}

/// Takes the mean out of each group of `z`.
void centre(std::vector<double>& z, const std::vector<int>& group) {
    std::map<int, std::pair<double, int>> sums;
    for (std::size_t i = 0; i < z.size(); ++i) {
        auto& [sum, count] = sums[group[i]];
        sum += z[i];
        ++count;
    }
    for (std::size_t i = 0; i < z.size(); ++i) {
        const auto& [sum, count] = sums[group[i]];
        if (count > 1) z[i] -= sum / count;
    }
}

/// Turns the offsets of a group round when they would work against its written accents.
void agree(std::vector<double>& z, const std::vector<double>& written, const std::vector<int>& group) {
    std::map<int, double> agreement;
    for (std::size_t i = 0; i < z.size(); ++i)
        agreement[group[i]] += z[i] * written[i];
    for (std::size_t i = 0; i < z.size(); ++i) {
        if (agreement[group[i]] < 0) z[i] = -z[i];
    }
}

/// High percussion grows with energy more than the drums below it: energy also brightens.
double shine(int pitch, double energy) {
    const bool high = pitch == 42 || pitch == 44 || pitch == 46 || pitch == 49 ||
                      (pitch >= 51 && pitch <= 59) || pitch == 70 || pitch == 82;
    return high ? 0.82 + 0.36 * energy : 1;
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

    const double ratio = 0.5 + context.style.swing / 6;
    const double pair = 2 * swing_grid;
    std::vector<double> straight, timing, force, base;
    std::vector<int> phase, place; // where in a swung pair; which sixteenth of the bar, and which drum
    for (const Placed& p : placed) {
        straight.push_back(context.style.swing > 0 ? swung(p.draft.at, swing_grid, ratio) : p.draft.at);
        const double z = 0.8 * together.bell(p.moment) + 0.6 * time.bell(p.identity);
        timing.push_back(std::clamp(z, -2.5, 2.5));
        force.push_back(touch.bell(p.identity));
        const double in_pair = p.draft.at / pair - std::floor(p.draft.at / pair + 1e-9);
        phase.push_back(static_cast<int>(std::floor(in_pair * 24 + 0.5)));
        const int slots = request.beats_per_bar * 4;
        const int slot = static_cast<int>(std::floor(straight.back() * 4 + 0.5)) % slots;
        place.push_back(slot * 128 + (drums ? p.draft.pitch : 0));
        const double depth = (1 - p.draft.level) * (0.75 + 0.35 * request.energy);
        const double loudness = p.draft.force * (1 - depth) * (0.72 + 0.45 * request.energy) *
                                (0.9 + 0.1 * p.density) * (drums ? shine(p.draft.pitch, request.energy) : 1);
        base.push_back(std::clamp(0.95 * loudness, 26.0, 108.0));
    }
    centre(timing, phase);
    centre(force, place);
    agree(force, base, place);

    std::vector<Note> notes;
    for (std::size_t i = 0; i < placed.size(); ++i) {
        const Draft& draft = placed[i].draft;
        Note note;
        note.grid = rounded(draft.at);
        double start = straight[i] + request.humanize * sigma * timing[i];
        // The first beat is never early: before 0 it would sound at the end of the file only.
        if (draft.at < 1e-9) start = std::abs(start);
        start -= std::floor(start / total) * total;
        note.start = rounded(start);
        if (note.start >= total) note.start = 0;
        note.length = std::max(0.02, rounded(draft.length));
        note.pitch = draft.pitch;
        const double velocity = base[i] + request.humanize * 7.5 * force[i];
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
