// Hand-made material for each patch family.
#include "tests/bench/synth/stems.h"

#include <algorithm>
#include <cmath>

namespace loopmind::bench {
namespace {

using composer::Note;

constexpr int kBars = 8;
/// Roots of the eight bars, as semitones from A: Am F C G, twice.
constexpr int kRoots[kBars] = {0, -4, 3, -2, 0, -4, 3, -2};
constexpr int kMinor[kBars] = {1, 0, 0, 0, 1, 0, 0, 0};

void add(std::vector<Note>& notes, double start, double length, int pitch, int velocity) {
    Note note;
    note.start = note.grid = start;
    note.length = length;
    note.pitch = pitch;
    note.velocity = velocity;
    notes.push_back(note);
}

std::vector<Note> groove(bool hand) {
    std::vector<Note> out;
    for (int bar = 0; bar < kBars; ++bar) {
        const double b = bar * 4.0;
        if (hand) {
            for (int i = 0; i < 16; ++i)
                add(out, b + i * 0.25, 0.2, i % 2 ? 70 : 82, i % 4 == 0 ? 100 : 62);
            for (const double at : {0.0, 0.75, 1.5, 2.5, 3.25})
                add(out, b + at, 0.2, at < 1 ? 63 : 64, 92);
            add(out, b + 1, 0.2, 75, 90);
            add(out, b + 3, 0.2, 56, 70);
            continue;
        }
        for (const double at : {0.0, 1.75, 2.5})
            add(out, b + at, 0.25, 36, at == 0 ? 112 : 98);
        for (const double at : {1.0, 3.0})
            add(out, b + at, 0.25, 38, 108);
        add(out, b + 3.75, 0.25, 38, 42);
        for (int i = 0; i < 8; ++i)
            add(out, b + i * 0.5, 0.25, i == 7 ? 46 : 42, i % 2 ? 72 : 96);
        if (bar % 4 == 3) {
            for (int i = 0; i < 4; ++i)
                add(out, b + 3 + i * 0.25, 0.25, 50 - 2 * i - (i > 1), 88 + 6 * i);
        }
        if (bar % 4 == 0) add(out, b, 2, 49, 96);
        add(out, b + 3, 0.25, 39, 84);
    }
    return out;
}

std::vector<Note> bass_line() {
    std::vector<Note> out;
    for (int bar = 0; bar < kBars; ++bar) {
        const int root = 33 + kRoots[bar];
        for (const double at : {0.0, 1.5, 2.0, 3.5})
            add(out, bar * 4 + at, at == 0 ? 1.25 : 0.45, root, at == 0 ? 104 : 88);
        add(out, bar * 4 + 2.75, 0.45, root + 7, 84);
    }
    return out;
}

std::vector<Note> lead_line() {
    std::vector<Note> out;
    const int steps[8] = {0, 3, 7, 10, 12, 7, 3, 5};
    for (int bar = 0; bar < kBars; ++bar) {
        for (int i = 0; i < 8; ++i) {
            if ((bar + i) % 3 == 2) continue;
            add(out, bar * 4 + i * 0.5, i % 4 == 3 ? 0.9 : 0.45, 69 + steps[(i + bar) % 8], i % 2 ? 78 : 100);
        }
    }
    return out;
}

std::vector<Note> chords(int octave) {
    std::vector<Note> out;
    for (int bar = 0; bar < kBars; ++bar) {
        const int root = 57 + octave + kRoots[bar];
        for (const int step : {0, kMinor[bar] ? 3 : 4, 7, kMinor[bar] ? 10 : 11})
            add(out, bar * 4, 3.9, root + step, 84);
    }
    return out;
}

std::vector<Note> arpeggio() {
    std::vector<Note> out;
    for (int bar = 0; bar < kBars; ++bar) {
        const int steps[4] = {0, kMinor[bar] ? 3 : 4, 7, 12};
        for (int i = 0; i < 16; ++i)
            add(out, bar * 4 + i * 0.25, 0.22, 57 + kRoots[bar] + steps[i % 4], i % 4 ? 80 : 100);
    }
    return out;
}

bool begins(const std::string& text, const char* with) {
    return text.rfind(with, 0) == 0;
}

} // namespace

composer::Plan fixed_plan() {
    composer::Plan plan;
    plan.genre = "LoFi";
    plan.tempo = 82;
    plan.bars = kBars;
    plan.key.scale = {9, 11, 0, 2, 4, 5, 7};
    plan.seed = 123;
    return plan;
}

composer::StemPlan fixed_stem(const std::string& patch) {
    composer::StemPlan stem;
    stem.id = patch;
    stem.name = patch;
    stem.instrument.patch = patch;
    stem.level_db = -20;
    if (begins(patch, "kit."))
        stem.notes = groove(patch == "kit.perc");
    else if (begins(patch, "bass."))
        stem.notes = bass_line();
    else if (begins(patch, "lead.") || patch == "vox.chop")
        stem.notes = lead_line();
    else if (begins(patch, "arp."))
        stem.notes = arpeggio();
    else if (begins(patch, "keys.") || begins(patch, "pad.") || patch == "vox.choir")
        stem.notes = chords(0);
    std::stable_sort(stem.notes.begin(), stem.notes.end(),
                     [](const Note& a, const Note& b) { return a.start < b.start; });
    return stem;
}

std::int64_t loop_frames(const composer::Plan& plan, int rate) {
    return std::llround(plan.total_beats() * 60.0 / plan.tempo * rate);
}

} // namespace loopmind::bench
