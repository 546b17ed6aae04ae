// Composes each variation: form, harmony, every stem, then the performance.
#include "models/composer/composer.h"

#include "models/composer/bass.h"
#include "models/composer/comping.h"
#include "models/composer/drums.h"
#include "models/composer/form.h"
#include "models/composer/harmony.h"
#include "models/composer/humanize.h"
#include "models/composer/melody.h"
#include "models/composer/palette.h"
#include "models/composer/slots.h"

#include <algorithm>
#include <cmath>

namespace loopmind::composer {
namespace {

constexpr std::uint64_t kSeedMask = (std::uint64_t{1} << 53) - 1;

/// How the notes of a stem share time.
enum class Overlap { kRing, kNextOnset };

std::vector<Passage> lay_out(const Context& context, const std::vector<Section>& sections) {
    std::vector<Passage> passages;
    for (const Section& section : sections) {
        Passage passage;
        passage.section = section;
        passage.material_index = material_index(section.name);
        passage.pattern_beats = section.bars * context.request.beats_per_bar / context.feel;
        passage.pattern_bars = static_cast<int>(std::ceil(passage.pattern_beats / context.bar_beats - 1e-9));
        passage.stream = context.root.fork("material").fork(section.material);
        passage.variant_stream = passage.stream.fork("variant").fork(section.variant);
        passage.harmony = write_harmony(context, passage);
        passages.push_back(std::move(passage));
    }
    return passages;
}

/// The vocal line of the chopping genres: short, repeated, with rests.
MelodyStyle chop_style() {
    return {{"x..x....", "..x.x...", "x.....x.", "....x.x.", "x.x....."}, 0.3, 0.3, 1, true, 0.6, 0.6};
}

std::vector<Draft> write_stem(const Context& context, const Passage& passage, const Slots& slots,
                              const std::string& role, bool arranged) {
    const Registers& at = context.style.registers;
    // When the melody is the focus, the chords make room below it.
    const double room = context.request.focus == "Melody" ? -2 : 0;
    if (role == "drums") return write_drums(context, passage, slots, arranged);
    if (role == "percussion") return write_percussion(context, passage, slots, arranged);
    if (role == "bass") return write_bass(context, passage);
    if (role == "chords") return write_comping(context, passage, at.chords + room);
    if (role == "pad") return write_pad(context, passage, at.pad + room);
    if (role == "arp") return write_arp(context, passage, at.arp + room);
    if (role == "melody")
        return write_melody(context, passage, context.style.melody, at.melody, "melody", arranged);
    if (role == "vocals" && context.style.vocal_chops) {
        return write_melody(context, passage, chop_style(), at.melody - 5, "vocals", arranged);
    }
    if (role == "vocals") return write_choir(context, passage, 66);
    return {};
}

/// The pulse that the genre is known by stays whatever the slots say: written strokes on beats and eighths.
bool is_pulse(const Draft& draft, const std::string& role, int step) {
    return role == "drums" && step % 2 == 0 && draft.level >= 0.85 &&
           draft.energy_gate + draft.complexity_gate == 0;
}

void shorten(std::vector<Placed>& placed, Overlap overlap, double sustain) {
    std::stable_sort(placed.begin(), placed.end(), [](const Placed& a, const Placed& b) {
        return a.draft.at != b.draft.at ? a.draft.at < b.draft.at : a.draft.pitch < b.draft.pitch;
    });
    double next_at[128];
    std::fill(std::begin(next_at), std::end(next_at), 1e9);
    double next_onset = 1e9, current = 1e9;
    for (std::size_t i = placed.size(); i-- > 0;) {
        Draft& draft = placed[i].draft;
        if (draft.at < current - 1e-9) next_onset = current, current = draft.at;
        const double limit = overlap == Overlap::kNextOnset ? next_onset : next_at[draft.pitch];
        if (limit - draft.at < draft.length) draft.length = (limit - draft.at) * sustain;
        next_at[draft.pitch] = draft.at;
    }
}

/// Keeps one note per moment: per pitch always, per moment when the line is single.
void drop_doubles(std::vector<Placed>& placed, bool single) {
    std::stable_sort(placed.begin(), placed.end(), [](const Placed& a, const Placed& b) {
        if (a.draft.at != b.draft.at) return a.draft.at < b.draft.at;
        if (a.draft.pitch != b.draft.pitch) return a.draft.pitch < b.draft.pitch;
        return a.draft.force * a.draft.level > b.draft.force * b.draft.level;
    });
    if (single) {
        std::stable_sort(placed.begin(), placed.end(), [](const Placed& a, const Placed& b) {
            if (a.draft.at != b.draft.at) return a.draft.at < b.draft.at;
            return a.draft.complexity_gate + a.draft.energy_gate <
                   b.draft.complexity_gate + b.draft.energy_gate;
        });
    }
    placed.erase(std::unique(placed.begin(), placed.end(),
                             [&](const Placed& a, const Placed& b) {
                                 return a.draft.at == b.draft.at &&
                                        (single || a.draft.pitch == b.draft.pitch);
                             }),
                 placed.end());
}

std::vector<Placed> choose_notes(const Context& context, const std::vector<Passage>& passages,
                                 const Slots& slots, const std::string& role, bool arranged,
                                 double energy_asked, double complexity) {
    std::vector<Placed> placed;
    const Request& request = context.request;
    const bool drums = role == "drums" || role == "percussion";
    for (const Passage& passage : passages) {
        const double offset = static_cast<double>(passage.section.start_bar) * request.beats_per_bar;
        // Thinner sections feel less of the energy; the focus gets more of its own notes.
        const double energy = energy_asked * (0.15 + 0.85 * passage.section.density);
        const double own_energy = is_focus(request, role) ? energy + 0.15 * (1 - energy) : energy;
        const Stream names = Stream(0).fork(passage.section.material).fork(passage.section.variant);
        for (Draft draft : write_stem(context, passage, slots, role, arranged)) {
            if (draft.at < 0 || draft.at >= passage.pattern_beats - 1e-9) continue;
            const int sixteenth = static_cast<int>(std::floor(draft.at * 4 + 0.5));
            const int bar = sixteenth / context.steps_per_bar,
                      step_of_bar = sixteenth % context.steps_per_bar;
            if (!is_pulse(draft, role, step_of_bar) && !slots.open(bar, step_of_bar, energy, complexity)) {
                continue;
            }
            if (own_energy < draft.energy_gate || complexity < draft.complexity_gate) continue;
            if (complexity >= draft.complexity_limit) continue;
            const double fraction = draft.at / passage.pattern_beats;
            if (arranged && !drums && !sounds_in(passage.section.name, role, fraction, false)) continue;
            if (arranged && role == "chords" && !chords_sound_in(request, passage.section.name, fraction))
                continue;
            const auto step = static_cast<std::int64_t>(std::floor(draft.at * 48 + 0.5));
            const Stream moment = names.fork(step);
            draft.length = std::min(draft.length, passage.pattern_beats - draft.at) * context.feel;
            draft.at = offset + draft.at * context.feel;
            draft.pitch = std::clamp(draft.pitch, 0, 127);
            const auto pitch = static_cast<std::uint64_t>(draft.pitch);
            placed.push_back({draft, moment.bits(pitch), moment.bits(200), passage.section.density});
        }
    }
    return placed;
}

StemPlan compose_stem(const Context& context, const std::vector<Passage>& passages, const Slots& slots,
                      const std::string& role, double swing_grid) {
    StemPlan stem = dress_stem(context, role);
    const bool drums = role == "drums" || role == "percussion";
    const double total = static_cast<double>(context.request.bars) * context.request.beats_per_bar;
    if (role == "texture") {
        const int tonic = 36 + context.request.key.tonic;
        stem.notes.push_back({0, total, 0, tonic, 80, false});
        return stem;
    }
    const bool arranged = passages.size() > 1;
    std::vector<Placed> placed;
    // No stem is silent: what the form or a very low energy would leave empty gets its first notes anyway.
    double energy = context.request.energy, complexity = context.request.complexity;
    for (int attempt = 0; placed.empty() && attempt < 24; ++attempt, energy += 0.1) {
        if (attempt >= 12) complexity = 1;
        placed = choose_notes(context, passages, slots, role, arranged, energy, complexity);
        if (placed.empty()) placed = choose_notes(context, passages, slots, role, false, energy, complexity);
    }
    const bool single = role == "bass" || role == "melody" || (role == "vocals" && context.style.vocal_chops);
    drop_doubles(placed, single);
    if (!drums) {
        const double mood_touch = 1.1 - 0.3 * context.request.mood;
        const double legato = role == "melody" ? context.style.melody.legato : role == "bass" ? 0.9 : 0.98;
        const bool next_onset = single || role == "chords";
        shorten(placed, next_onset ? Overlap::kNextOnset : Overlap::kRing,
                next_onset ? std::min(1.0, legato * mood_touch) : 0.98);
    }
    stem.notes = perform(context, placed, context.root.fork("performance").fork(role), drums, swing_grid);
    return stem;
}

Plan compose_variation(const Request& request, int variation) {
    const std::uint64_t seed =
        variation == 0 ? request.seed
                       : mix64(request.seed ^ mix64(static_cast<std::uint64_t>(variation))) & kSeedMask;
    const GenreStyle& style = *find_genre(request.genre);
    Context context{request, style, Ladder(request.key), Stream(seed).fork(request.genre)};
    context.feel = choose_feel(request.tempo, style);
    context.steps_per_bar = request.beats_per_bar * 4;
    context.bar_beats = request.beats_per_bar;

    Plan plan;
    plan.genre = request.genre;
    plan.tempo = request.tempo;
    plan.beats_per_bar = request.beats_per_bar;
    plan.bars = request.bars;
    plan.key = request.key;
    plan.swing = style.swing;
    plan.swing_grid = (style.swing_eighths ? 0.5 : 0.25) * context.feel;
    plan.seed = seed;
    plan.sections = plan_sections(request);
    const std::vector<Passage> passages = lay_out(context, plan.sections);
    for (const Passage& passage : passages) {
        const double offset = static_cast<double>(passage.section.start_bar) * request.beats_per_bar;
        for (const Harmony& harmony : passage.harmony) {
            Chord chord = chord_symbol(context, harmony);
            chord.start = offset + chord.start * context.feel;
            chord.length *= context.feel;
            plan.chords.push_back(std::move(chord));
        }
    }
    const Slots slots(context);
    int channel = 1;
    for (const std::string& role : request.stems) {
        StemPlan stem = compose_stem(context, passages, slots, role, plan.swing_grid);
        const bool drums = role == "drums" || role == "percussion";
        stem.midi_channel = drums ? 10 : channel++;
        plan.stems.push_back(std::move(stem));
    }
    return plan;
}

} // namespace

Result<Composition> compose(const std::string& resolved_json) {
    auto request = parse_request(resolved_json);
    if (!request) return request.error();
    Composition composition;
    for (int variation = 0; variation < request->variations; ++variation) {
        composition.variations.push_back(compose_variation(*request, variation));
    }
    return composition;
}

const char* composer_version() {
    return "6";
}

} // namespace loopmind::composer
